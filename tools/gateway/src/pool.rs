//! The backends, and which of their connections a call goes over.

mod backend;
mod call;
mod lane;

pub use backend::{Backend, Probe, body};
pub use call::{Admission, Call};
pub(crate) use lane::expired;
pub use lane::{Lane, Queue};

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How backends are asked.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Connections to each backend.
    pub connections: usize,
    /// Calls that may wait for each backend.
    pub queue: usize,
    /// The longest body sent or taken, in bytes.
    pub max_message: u32,
}

/// Backends of which any may answer.
pub struct Pool {
    backends: Vec<Arc<Backend>>,
    turn: AtomicUsize,
}

impl Pool {
    /// A pool of these backends, of which there is one at least.
    pub fn new(backends: Vec<Arc<Backend>>) -> Self {
        Self {
            backends,
            turn: AtomicUsize::new(0),
        }
    }

    /// The backends.
    pub fn backends(&self) -> &[Arc<Backend>] {
        &self.backends
    }

    /// Whether any of them is well.
    pub fn is_well(&self) -> bool {
        self.backends.iter().any(|backend| backend.is_well())
    }

    /// The least busy connection to a backend that is well; of equals, another one each time. If none is well, the call
    /// itself finds out.
    pub fn pick(&self) -> Arc<Lane> {
        let is_any_well = self.is_well();
        let backends = self.backends.iter();
        let may_ask = backends.filter(|backend| !is_any_well || backend.is_well());
        let lanes: Vec<_> = may_ask.flat_map(|backend| backend.lanes()).collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % lanes.len().max(1);
        let (after, before) = lanes.split_at(turn);
        let in_turn = before.iter().chain(after);
        let least = in_turn.min_by_key(|lane| lane.load());
        let least = least.or(lanes.first());
        (*least.expect("a pool has a backend, and a backend has a lane")).clone()
    }
}
