//! The client's side.

use crate::filled::{filling, mark};
use crate::service::{self, Ipc};
use crate::{Mode, Result};
use iceoryx2::node::Node;
use iceoryx2::pending_response::PendingResponse;
use iceoryx2::port::{client::Client, listener::Listener, notifier::Notifier};
use iceoryx2::prelude::*;
use iceoryx2::request_mut::RequestMut;

/// A request whose answer was not taken.
pub(crate) type Pending = PendingResponse<Ipc, [u8], (), [u8], ()>;

pub(crate) struct Connection {
    client: Client<Ipc, [u8], (), [u8], ()>,
    /// How it waits, and how it wakes the server, or `None` if both poll.
    events: Option<(Listener<Ipc>, Notifier<Ipc>)>,
    _node: Node<Ipc>,
}

impl Connection {
    pub(crate) fn new(mode: Mode, address: &str) -> Result<Self> {
        let node = service::node(address)?;
        let client = service::calls(&node, mode)?
            .client_builder()
            .initial_max_slice_len(1024)
            .allocation_strategy(AllocationStrategy::PowerOfTwo)
            .create()?;
        let events = match mode.sleeps {
            false => None,
            true => {
                let own = service::events(&node, Some(client.id().value()))?;
                let servers = service::events(&node, None)?;
                Some((
                    own.listener_builder().create()?,
                    servers.notifier_builder().create()?,
                ))
            }
        };
        Ok(Self {
            client,
            events,
            _node: node,
        })
    }

    /// Sends `request`, without waiting for its answer.
    pub(crate) fn submit(&self, request: &[u8]) -> Result<Pending> {
        let request = self
            .client
            .loan_slice_uninit(request.len())?
            .write_from_slice(request);
        self.send(request)
    }

    /// Sends so many bytes that are filled where the server reads them, without waiting for its answer.
    pub(crate) fn submit_filled(&self, size: usize, number: u64) -> Result<Pending> {
        let filling = filling(number);
        let request = self.client.loan_slice_uninit(size)?;
        let mut request = request.write_from_fn(|_| filling);
        mark(request.payload_mut(), number);
        self.send(request)
    }

    fn send(&self, request: RequestMut<Ipc, [u8], (), [u8], ()>) -> Result<Pending> {
        let pending = request.send()?;
        if let Some((_, notifier)) = &self.events {
            notifier.notify()?;
        }
        Ok(pending)
    }

    /// Waits for the answer, and returns what `read` makes of it.
    pub(crate) fn take<T>(&self, pending: &Pending, read: impl FnOnce(&[u8]) -> T) -> Result<T> {
        loop {
            if let Some(answer) = pending.receive()? {
                return Ok(read(answer.payload()));
            }
            match &self.events {
                None => std::hint::spin_loop(),
                Some((listener, _)) => {
                    listener.blocking_wait(|_| {})?;
                }
            }
        }
    }
}
