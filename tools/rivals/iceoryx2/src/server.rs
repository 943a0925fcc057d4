//! The server's side.

use crate::codec::Codec;
use crate::service::{self, Events, Ipc, MAX_BODY};
use crate::{Mode, Result};
use iceoryx2::active_request::ActiveRequest;
use iceoryx2::node::Node;
use iceoryx2::port::{listener::Listener, notifier::Notifier, server::Server as Port};
use iceoryx2::prelude::*;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

pub(crate) struct Server {
    port: Port<Ipc, [u8], (), [u8], ()>,
    /// How it waits, or `None` if it polls.
    listener: Option<Listener<Ipc>>,
    /// By the client that each one wakes.
    notifiers: HashMap<u128, (Notifier<Ipc>, Events)>,
    node: Node<Ipc>,
}

impl Server {
    pub(crate) fn new(mode: Mode, address: &str) -> Result<Self> {
        let node = service::node(address)?;
        let port = service::calls(&node, mode)?
            .server_builder()
            .initial_max_slice_len(1024)
            .allocation_strategy(AllocationStrategy::PowerOfTwo)
            .create()?;
        let listener = match mode.sleeps {
            false => None,
            true => Some(service::events(&node, None)?.listener_builder().create()?),
        };
        Ok(Self {
            port,
            listener,
            notifiers: HashMap::new(),
            node,
        })
    }

    /// Until `stop`, which [`wake`] makes it see.
    pub(crate) fn serve(&mut self, stop: &AtomicBool) -> Result<()> {
        let mut codec = Codec::new();
        while !stop.load(SeqCst) {
            match self.port.receive()? {
                Some(request) => self.answer(&request, &mut codec)?,
                None => self.wait()?,
            }
        }
        Ok(())
    }

    fn wait(&self) -> Result<()> {
        match &self.listener {
            None => std::hint::spin_loop(),
            Some(listener) => {
                listener.blocking_wait(|_| {})?;
            }
        }
        Ok(())
    }

    fn answer(
        &mut self,
        request: &ActiveRequest<Ipc, [u8], (), [u8], ()>,
        codec: &mut Codec,
    ) -> Result<()> {
        let body = codec.answer(request.payload());
        debug_assert!(body.len() <= MAX_BODY);
        request
            .loan_slice_uninit(body.len())?
            .write_from_slice(body)
            .send()?;
        if self.listener.is_some() {
            self.notifier(request.origin().value())?.notify()?;
        }
        Ok(())
    }

    fn notifier(&mut self, client: u128) -> Result<&Notifier<Ipc>> {
        if !self.notifiers.contains_key(&client) {
            let events = service::events(&self.node, Some(client))?;
            self.notifiers
                .insert(client, (events.notifier_builder().create()?, events));
        }
        Ok(&self.notifiers[&client].0)
    }
}

/// Wakes the server of `address`, so that it looks whether to stop.
pub(crate) fn wake(mode: Mode, address: &str) -> Result<()> {
    if mode.sleeps {
        let node = service::node(address)?;
        service::events(&node, None)?
            .notifier_builder()
            .create()?
            .notify()?;
    }
    Ok(())
}
