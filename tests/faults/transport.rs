//! The transports, as the faults see them.

use crate::injector::Whose;
use crate::support::processes::Side;
use crate::support::{self, Address, add};
use calc_ipc::calculator::{frames, text};
use calc_ipc::error::{Error, Result, Status};
use calc_ipc::protocol::frame;
use calc_ipc::service::{Client, Handler, Server, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::time::Duration;

/// How to serve, where the client does not make its own server, and how to connect.
pub struct Transport {
    pub name: &'static str,
    kind: Kind,
    /// Its server knows requests, and not only bytes.
    pub calculates: bool,
}

enum Kind {
    Named(&'static support::Transport),
    Fork,
    Spawn,
}

impl Transport {
    pub fn named(name: &str) -> Self {
        let transport = support::Transport::named(name);
        Self {
            name: transport.name,
            kind: Kind::Named(transport),
            calculates: true,
        }
    }

    pub fn pipe() -> Self {
        Self {
            name: "pipe",
            kind: Kind::Fork,
            calculates: true,
        }
    }

    /// cat(1) is a server: it answers each message with the same.
    pub fn spawn() -> Self {
        Self {
            name: "spawn",
            kind: Kind::Spawn,
            calculates: false,
        }
    }

    pub fn has_server(&self) -> bool {
        matches!(self.kind, Kind::Named(_))
    }

    /// Whose calls are those of a side, in the process where they are looked at.
    pub fn whose(&self, side: Side) -> Whose {
        match side {
            Side::Server if !self.has_server() => Whose::Childs,
            _ => Whose::Own,
        }
    }

    pub fn serve(&self, address: &Address) -> Result<Server> {
        let Kind::Named(transport) = self.kind else {
            return Err(Error::new(
                Status::Unsupported,
                "its client makes its server",
            ));
        };
        let options = ServerOptions {
            max_message: MAX_MESSAGE,
            spin: Duration::ZERO,
            workers: 2,
            ..ServerOptions::default()
        };
        let server = Server::new((transport.bind)(address, &options)?, handler())?;
        server.start()?;
        Ok(server)
    }

    pub fn connect(&self, address: &Address) -> Result<Client> {
        let options = ClientOptions {
            connect_timeout: Some(TIMEOUT),
            call_timeout: Some(TIMEOUT),
            max_message: MAX_MESSAGE,
            spin: Duration::ZERO,
            ..ClientOptions::default()
        };
        match self.kind {
            Kind::Named(transport) => {
                let channel = (transport.connect)(address, &options)?;
                Ok(Client::new(channel, &options))
            }
            Kind::Fork => pipe::create(handler(), &options),
            Kind::Spawn => pipe::spawn(&[c"cat"], &options),
        }
    }

    /// Asks something, and takes nothing but the right answer.
    pub fn ask_once(&self, client: &Client) -> Result<()> {
        let is_right = if self.calculates {
            client.call(&add(2, 3))? == Ok(5)
        } else {
            let mut answer = [0; 5];
            client.call_bytes(b"hello", &mut answer)? == 5 && answer == *b"hello"
        };
        if is_right {
            Ok(())
        } else {
            Err(Error::new(Status::Internal, "a wrong answer"))
        }
    }

    /// What the server makes of a message that is no request.
    pub fn echo(&self, message: &[u8]) -> Vec<u8> {
        match self.kind {
            Kind::Spawn => message.to_vec(),
            _ => message.iter().rev().copied().collect(),
        }
    }
}

const MAX_MESSAGE: u32 = 1 << 17;
/// How long a call may take, which one whose answer is lost does; long beside what one takes on a busy machine.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// Calculates, since a body that is a request is one; gives other bodies back in reverse.
fn handler() -> Handler {
    Handler::bytes(|body, room| {
        let mut framed = Vec::new();
        let answer = match text::parse_request(body) {
            Ok(request) => {
                frames::append_response(&mut framed, &calc_ipc::calculator::execute(&request));
                &framed[frame::PREFIX..]
            }
            Err(_) => {
                framed.extend(body.iter().rev());
                &framed[..]
            }
        };
        room.get_mut(..answer.len())?.copy_from_slice(answer);
        Some(answer.len())
    })
}
