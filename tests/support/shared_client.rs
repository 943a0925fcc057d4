//! Clients of several connections and their server, whose handler waits at a gate.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its part"
)]

use crate::support::{Address, PATIENCE, Transport};
use calc_ipc::error::Result;
use calc_ipc::service::{Client, Completion, Handler, Limit, Next};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

pub(crate) const FOREVER: Limit = Limit::Own(None);
pub(crate) const LOOK: Option<Duration> = Some(Duration::ZERO);

pub(crate) fn try_to_connect(
    transport: &Transport,
    address: &Address,
    connections: u32,
    reconnect: bool,
) -> Result<Client> {
    let options = ClientOptions {
        connections,
        reconnect,
        ..ClientOptions::default()
    };
    Client::connect(&transport.place(address), &options)
}

pub(crate) fn connect(transport: &Transport, address: &Address, connections: u32) -> Client {
    try_to_connect(transport, address, connections, false).unwrap()
}

pub(crate) fn workers(workers: u32) -> ServerOptions {
    ServerOptions {
        workers,
        ..ServerOptions::default()
    }
}

pub(crate) fn only(max_clients: u32) -> ServerOptions {
    ServerOptions {
        max_clients: Some(max_clients),
        ..ServerOptions::default()
    }
}

/// Asks with a message that has this number, which has to come back.
pub(crate) fn ask(client: &Client, number: u64) -> Result<()> {
    let mut answer = [0; 8];
    let length = client.call_bytes(&number.to_le_bytes(), &mut answer)?;
    assert_eq!((length, u64::from_le_bytes(answer)), (8, number));
    Ok(())
}

/// The completion that comes next, and the number that its answer has.
pub(crate) fn next(client: &Client) -> (Completion, Option<u64>) {
    let mut answer = [0; 8];
    match client.next(Some(PATIENCE), &mut answer) {
        Ok(Next::Completion(completion)) => {
            let number = completion
                .outcome
                .is_ok()
                .then(|| u64::from_le_bytes(answer));
            (completion, number)
        }
        other => panic!("no completion: {other:?}"),
    }
}

pub(crate) fn submit(client: &Client, number: u64) -> Result<u64> {
    client.submit(FOREVER, &number.to_le_bytes(), number)
}

/// Holds handlers up until it is opened, and counts those that it holds.
#[derive(Default)]
pub(crate) struct Gate(Mutex<(bool, u32)>, Condvar);

impl Gate {
    pub(crate) fn pass(&self) {
        let mut state = self.0.lock().unwrap();
        state.1 += 1;
        self.1.notify_all();
        drop(self.wait(state, |(is_open, _)| *is_open));
    }

    fn wait<'a>(
        &self,
        state: std::sync::MutexGuard<'a, (bool, u32)>,
        until: impl Fn(&(bool, u32)) -> bool,
    ) -> std::sync::MutexGuard<'a, (bool, u32)> {
        let waited = self
            .1
            .wait_timeout_while(state, PATIENCE, |state| !until(state));
        let (state, timeout) = waited.unwrap();
        assert!(!timeout.timed_out());
        state
    }

    pub(crate) fn await_held(&self, count: u32) {
        drop(self.wait(self.0.lock().unwrap(), |(_, held)| *held >= count));
    }

    /// How many it has held so far.
    pub(crate) fn held(&self) -> u32 {
        self.0.lock().unwrap().1
    }

    pub(crate) fn open(&self) {
        self.0.lock().unwrap().0 = true;
        self.1.notify_all();
    }
}

/// A message of this number waits at the gate.
pub(crate) const SLOW: u64 = u64::MAX;

/// A handler that gives each message back.
pub(crate) fn gated(gate: &Arc<Gate>) -> Handler {
    let gate = Arc::clone(gate);
    Handler::bytes(move |request, room| {
        if request == SLOW.to_le_bytes() {
            gate.pass();
        }
        room.get_mut(..request.len())?.copy_from_slice(request);
        Some(request.len())
    })
}
