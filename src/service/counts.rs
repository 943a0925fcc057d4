//! What happened to the clients of a server, counted.

use crate::transport::Visit;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a server did so far. Each number is exact, but one may be of a moment later than another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Clients that are there.
    pub clients: u64,
    /// Clients that came.
    pub came: u64,
    /// Clients that were not let in.
    pub refused: u64,
    /// Clients whose connection the server ended.
    pub dropped: u64,
    /// Requests that were answered, or that the handler failed on.
    pub requests: u64,
    /// Requests that the handler failed on.
    pub failed: u64,
    /// Bytes of requests, without their prefixes.
    pub bytes_in: u64,
    /// Bytes of answers, without their prefixes.
    pub bytes_out: u64,
}

/// What happened so far. Calls touch none of it, but those that the handler fails on.
#[derive(Debug, Default)]
pub(super) struct Counts {
    clients: AtomicU64,
    came: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

impl Counts {
    pub(super) fn note(&self, visit: Visit) {
        match visit {
            Visit::Came => {
                one_more(&self.came);
                one_more(&self.clients);
            }
            Visit::Left | Visit::Ended => one_less(&self.clients),
            Visit::Dropped(_) => {
                one_more(&self.dropped);
                one_less(&self.clients);
            }
            Visit::Refused(_) => one_more(&self.refused),
        }
    }

    pub(super) fn note_failure(&self) {
        one_more(&self.failed);
    }

    /// What of the stats is known here.
    pub(super) fn stats(&self) -> Stats {
        Stats {
            clients: self.clients.load(Ordering::Relaxed),
            came: self.came.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            ..Stats::default()
        }
    }
}

fn one_more(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn one_less(counter: &AtomicU64) {
    counter.fetch_sub(1, Ordering::Relaxed);
}
