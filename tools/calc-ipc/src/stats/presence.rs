//! Who is there.

use super::Present;
use calc_ipc::service::Event;
use calc_ipc::transport::{Visit, Visitor};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Who is at a server, as its observer learns it.
#[derive(Clone, Default)]
pub(crate) struct Presence(Arc<Mutex<BTreeMap<u64, (Visitor, Instant)>>>);

impl Presence {
    /// Takes note of what happened.
    pub(crate) fn note(&self, event: &Event<'_>) {
        let Event::Visit(visitor, visit) = event else {
            return;
        };
        let mut present = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match visit {
            Visit::Came => {
                present.insert(visitor.connection, (*visitor, Instant::now()));
            }
            Visit::Left | Visit::Ended | Visit::Dropped(_) => {
                present.remove(&visitor.connection);
            }
            Visit::Refused(_) => {}
        }
    }

    /// Those that are there.
    pub(crate) fn list(&self) -> Vec<Present> {
        let present = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sheet = |(visitor, since): &(Visitor, Instant)| Present {
            connection: visitor.connection,
            uid: visitor.credentials.uid,
            pid: visitor.credentials.pid,
            for_ms: milliseconds(since.elapsed()),
        };
        present.values().map(sheet).collect()
    }
}

/// As the sheets have it.
pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
