//! Servers behind a listening socket: one implementation for every address family.

pub(super) mod connected;
mod right;
mod stream;

pub(super) use right::Right;
pub(super) use stream::SocketStream;

use super::reactor::{self, Admission, DoorWatch, Limits, Listener, StreamPeer, Watched};
use super::{
    Credentials, Endpoint, EventLoop, Refusal, ServerOptions, Task, USUAL_CLIENTS, Visitors,
};
use crate::error::Result;
use crate::protocol::frame::Notice;
use crate::sys::{AsSource, Handle, Source, socket};
use std::io::{self, ErrorKind};

/// A listening socket.
pub(super) trait Listening: AsSource + Send + Sync {
    /// The address, for people.
    fn name(&self) -> String;

    /// Leaves it to whoever adopts it.
    fn bequeath(&self);

    /// Makes this process, perhaps forked since, the one that serves.
    fn adopt(&self) -> Result<()>;

    /// The next client in line, without waiting for one.
    fn accept(&self) -> io::Result<Accepted>;
}

/// Who was next in line.
#[derive(Debug)]
pub(super) enum Accepted {
    /// Nobody.
    Nobody,
    /// Somebody who left while waiting.
    Vanished,
    /// Somebody who may not come in.
    NotAllowed(Credentials),
    /// A client, and who that is.
    Client(Handle, Credentials),
}

impl Accepted {
    /// accept(2) on a listening socket.
    pub(super) fn next(listening: Source<'_>) -> io::Result<Self> {
        Self::of(socket::accept(listening))
    }

    fn of(accepted: io::Result<Handle>) -> io::Result<Self> {
        match accepted {
            Ok(client) => Ok(Self::Client(client, Credentials::UNKNOWN)),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => Ok(Self::Nobody),
                // It went away while it waited, or what reached us was an error of its network
                // (accept(2)).
                ErrorKind::ConnectionAborted
                | ErrorKind::Interrupted
                | ErrorKind::NetworkDown
                | ErrorKind::NetworkUnreachable
                | ErrorKind::HostUnreachable => Ok(Self::Vanished),
                _ => Err(error),
            },
        }
    }
}

/// A server of frames behind a listening socket.
pub(super) struct SocketEndpoint<D, S> {
    listening: D,
    /// The server's end of what was accepted.
    stream: fn(Handle) -> S,
    visitors: Visitors,
    limits: Limits,
}

impl<D: Listening, S: Watched + 'static> SocketEndpoint<D, S> {
    pub(super) fn new(listening: D, stream: fn(Handle) -> S, options: &ServerOptions) -> Self {
        Self {
            listening,
            stream,
            visitors: Visitors::default(),
            limits: Limits::new(options, USUAL_CLIENTS),
        }
    }
}

impl<D: Listening, S: Watched + 'static> Endpoint for SocketEndpoint<D, S> {
    fn name(&self) -> String {
        self.listening.name()
    }

    fn bequeath(&self) {
        self.listening.bequeath();
    }

    fn adopt(&self) -> Result<()> {
        self.listening.adopt()
    }

    fn serve(&self, task: &Task<'_>) -> Result<()> {
        reactor::serve(self, &self.limits, task)
    }

    fn event_loop(&self) -> Option<EventLoop<'_>> {
        Some(EventLoop::new(self, &self.limits))
    }
}

impl<D: Listening, S: Watched + 'static> Listener for SocketEndpoint<D, S> {
    fn doors(&self) -> Vec<reactor::Door<'_>> {
        vec![reactor::Door {
            source: self.listening.as_source(),
            watch: DoorWatch::ByAll,
        }]
    }

    fn admit(&self, _door: usize, is_full: bool) -> io::Result<Admission> {
        let (mut stream, credentials) = match self.listening.accept()? {
            Accepted::Nobody => return Ok(Admission::Nobody),
            Accepted::Vanished => return Ok(Admission::Vanished),
            Accepted::NotAllowed(who) => {
                let visitor = self.visitors.next(who);
                return Ok(Admission::Refused(visitor, Refusal::NotAllowed));
            }
            Accepted::Client(client, who) => ((self.stream)(client), who),
        };
        let visitor = self.visitors.next(credentials);
        if is_full {
            // The socket's buffer is empty, so it takes four bytes, or the client has left.
            let _ = stream.write(&Notice::Refused.to_bytes());
            return Ok(Admission::Refused(visitor, Refusal::Full));
        }
        let peer = StreamPeer::new(stream, visitor, self.limits.max_message);
        Ok(Admission::Peer(Box::new(peer)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_left_while_waiting_is_no_failure_of_the_server() {
        use ErrorKind::{
            ConnectionAborted, HostUnreachable, Interrupted, NetworkDown, NetworkUnreachable,
        };
        let left = [
            ConnectionAborted,
            Interrupted,
            NetworkDown,
            NetworkUnreachable,
            HostUnreachable,
        ];
        for kind in left {
            let accepted = Accepted::of(Err(kind.into()));
            assert!(matches!(accepted, Ok(Accepted::Vanished)), "{kind}");
        }
        let accepted = Accepted::of(Err(ErrorKind::WouldBlock.into()));
        assert!(matches!(accepted, Ok(Accepted::Nobody)));
        assert!(Accepted::of(Err(ErrorKind::OutOfMemory.into())).is_err());
    }
}
