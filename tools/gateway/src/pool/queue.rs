//! The places in which calls wait for a backend.

use calc_ipc::error::{Error, Status};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many calls of a backend may wait, over all of its lanes.
#[derive(Debug)]
pub struct Queue {
    free: Arc<Semaphore>,
    limit: usize,
}

/// The place of one call, which is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place(#[expect(dead_code, reason = "it is held")] OwnedSemaphorePermit);

impl Queue {
    /// One for `limit` calls, or as many as can be counted.
    pub fn new(limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(limit)),
            limit,
        }
    }

    /// How many wait.
    pub fn length(&self) -> usize {
        self.limit.saturating_sub(self.free.available_permits())
    }

    /// A place, if one is free.
    pub(super) fn enter(&self) -> Option<Place> {
        let free = self.free.clone();
        free.try_acquire_owned().ok().map(Place)
    }

    /// A place, once one is free. Whoever asked first has it first.
    pub(super) async fn entered(&self) -> Option<Place> {
        let free = self.free.clone();
        // Nobody closes it.
        free.acquire_owned().await.ok().map(Place)
    }

    /// The failure of a call for which there is no place.
    pub(super) fn full(&self) -> Error {
        let limit = self.limit;
        let context = format!("{limit} calls wait for the backend already; ask again later");
        Error::new(Status::Refused, context).not_executed()
    }
}
