//! Calls that nobody waits for, and a server whose handler waits at a gate.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each test file uses its part"
)]

use crate::support::{PATIENCE, is_readable_within, status};
use calc_ipc::error::Status;
use calc_ipc::service::{Client, Completion, Handler, Limit, Next};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

pub(crate) const FOREVER: Limit = Limit::Own(None);
pub(crate) const LOOK: Option<Duration> = Some(Duration::ZERO);

/// The completion that comes next, within half a minute or more, and its answer.
pub(crate) fn next(client: &Client) -> (Completion, Vec<u8>) {
    let mut answer = vec![0; 70_000];
    match client.next(Some(PATIENCE), &mut answer) {
        Ok(Next::Completion(completion)) => {
            answer.truncate(completion.outcome.as_ref().map_or(0, |length| *length));
            (completion, answer)
        }
        other => panic!("no completion: {other:?}"),
    }
}

pub(crate) fn has_none(client: &Client) -> bool {
    status(client.next(LOOK, &mut [])) == Status::TimedOut
}

/// Whether the host's loop would wake up.
pub(crate) fn is_readable(client: &Client) -> bool {
    is_readable_within(&client.source().unwrap(), Duration::ZERO)
}

/// Waits until the host's loop would wake up.
pub(crate) fn await_readable(client: &Client) {
    let wakes = is_readable_within(&client.source().unwrap(), PATIENCE);
    assert!(wakes, "it never wakes");
}

/// Holds a handler up until it is opened.
#[derive(Default)]
pub(crate) struct Gate(Mutex<bool>, Condvar);

impl Gate {
    pub(crate) fn pass(&self) {
        let open = self.0.lock().unwrap();
        let (open, wait) = self
            .1
            .wait_timeout_while(open, PATIENCE, |open| !*open)
            .unwrap();
        assert!(!wait.timed_out() && *open);
    }

    pub(crate) fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }
}

/// A handler that gives each message back, and waits at the gate with those that begin with "slow".
pub(crate) fn gated(gate: &Arc<Gate>) -> Handler {
    let gate = Arc::clone(gate);
    Handler::bytes(move |request, room| {
        if request.starts_with(b"slow") {
            gate.pass();
        }
        room.get_mut(..request.len())?.copy_from_slice(request);
        Some(request.len())
    })
}
