//! A Unix socket that a service manager listens on, and passed to this process (systemd.socket(5)).
//!
//! Its name is the manager's: no lock proves who owns it, nothing is taken over, and it stays where it is when serving ends.
//! The manager's unit says who can connect to it; who may come in, the option `mode` says, as at every Unix socket.

use super::named;
use crate::error::Result;
use crate::sys::{AsSource, Handle, Source};
use crate::transport::ServerOptions;
use crate::transport::socket::{Accepted, Listening, Right};
use std::io;

/// The socket, and which of the processes that a fork made share it may serve.
#[derive(Debug)]
pub(super) struct PassedSocket {
    /// For people: its kind and its path.
    name: String,
    socket: Handle,
    right: Right,
    is_open_to_others: bool,
}

impl PassedSocket {
    /// Serves at `socket`, which listens at `path`.
    pub(super) fn new(
        kind: named::Kind,
        socket: Handle,
        path: &str,
        options: &ServerOptions,
    ) -> Result<Self> {
        let name = format!("{} {path}", kind.called);
        Ok(Self {
            right: Right::new(&name)?,
            name,
            socket,
            is_open_to_others: options.is_open_to_others(),
        })
    }
}

impl Listening for PassedSocket {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn bequeath(&self) {
        self.right.bequeath();
        self.socket.bequeath();
    }

    /// Does not listen anew: who called listen is whom clients see (unix(7), SO_PEERCRED), and the unit says how long its queue is.
    fn adopt(&self) -> Result<()> {
        self.right.adopt(&self.name)?;
        self.socket.own();
        Ok(())
    }

    fn accept(&self) -> io::Result<Accepted> {
        named::accept(&self.socket, self.is_open_to_others)
    }
}

impl AsSource for PassedSocket {
    fn as_source(&self) -> Source<'_> {
        self.socket.as_source()
    }
}
