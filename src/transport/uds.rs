//! Unix domain sockets: the default choice. Any process that knows the path, thousands at once.
//!
//! Both sides check who the other is by what the kernel says (SO_PEERCRED), not by what it says
//! itself. A server that is full takes a newcomer's connection and refuses it with a notice.

use super::framed::{Framed, Stream};
use super::reactor::{self, Admission, Door, DoorWatch, Limits, Listener, StreamPeer};
use super::socket::{self, NamedSocket, SocketStream};
use super::{Answer, Bell, Channel, ClientOptions, Endpoint, ServerOptions};
use crate::error::Result;
use crate::protocol::frame::Notice;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

const MAX_CLIENTS: u32 = 1024;

struct SocketEndpoint {
    socket: NamedSocket,
    limits: Limits,
    max_message: u32,
}

/// A server's address: the socket at `path`, of at most 107 bytes.
pub fn bind(path: &str, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
    options.validate()?;
    Ok(Box::new(SocketEndpoint {
        socket: NamedSocket::bind(Path::new(path), options.mode)?,
        limits: Limits::new(options, MAX_CLIENTS),
        max_message: options.max_message,
    }))
}

/// Connects to the server at `path`.
pub fn connect(path: &str, options: &ClientOptions) -> Result<Box<dyn Channel>> {
    options.validate()?;
    let fd = socket::connect(Path::new(path), options)?;
    let stream = SocketStream::connected(fd, options.call_timeout)?;
    Ok(Box::new(Framed::new(stream, path.to_owned(), options)))
}

impl Endpoint for SocketEndpoint {
    fn adopt(&self) -> Result<()> {
        self.socket.adopt()
    }

    fn serve(&self, answer: &dyn Answer, stop: &Bell) -> Result<()> {
        reactor::serve(self, answer, &self.limits, stop)
    }
}

impl Listener for SocketEndpoint {
    fn doors(&self) -> Vec<Door<'_>> {
        vec![Door {
            fd: self.socket.as_fd(),
            watch: DoorWatch::ByAll,
        }]
    }

    fn admit(&self, _door: usize, is_full: bool) -> io::Result<Admission> {
        let client = match self.socket.accept()? {
            None => return Ok(Admission::Nobody),
            Some(None) => return Ok(Admission::TurnedAway),
            Some(Some(client)) => client,
        };
        let mut stream = SocketStream::accepted(client);
        if is_full {
            // The socket's buffer is empty, so it takes four bytes, or the client has left.
            let _ = stream.write(&Notice::Refused.to_bytes());
            return Ok(Admission::TurnedAway);
        }
        Ok(Admission::Peer(Box::new(StreamPeer::new(
            stream,
            self.max_message,
        ))))
    }
}
