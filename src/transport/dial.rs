//! How a client reaches its server: the door that every client goes through.
//!
//! Here options are validated, this process's forks begin to be followed, and what this system does not have is
//! refused, as at that of servers.

use super::address::{follow_forks, unchecked};
use super::posix::{fifo, pipe, seqpacket, uds};
use super::{
    Address, Begun, Channel, ClientOptions, Deadline, Opening, Side, named_pipe, shm, tcp,
};
use crate::error::{Error, Result, Status};
use crate::sys::poll::{self, Awaited};
use crate::sys::ready::Want;
use std::net::SocketAddr;
use std::time::Duration;

/// A server's address, of which all is known that connecting to it takes.
pub struct Dial {
    address: Address,
    options: ClientOptions,
    /// Where the host is. Names are resolved once.
    hosts: Vec<SocketAddr>,
}

/// How long connecting waits before it looks whether it is still wanted, which a signal handler may end.
const SLICE: Duration = Duration::from_millis(20);

/// Connects to a server.
pub fn connect(address: &Address, options: &ClientOptions) -> Result<Box<dyn Channel>> {
    let deadline = Deadline::after(options.connect_timeout);
    Dial::new(address, options, &deadline)?.connect(&deadline)
}

/// The failure to make a child anew.
pub(crate) fn not_again() -> Error {
    let context = "a program that has ended is not started again: there is no reconnect for it";
    Error::new(Status::Unsupported, context)
}

impl Dial {
    /// Finds out where the server is, which takes of the deadline's time.
    pub fn new(address: &Address, options: &ClientOptions, deadline: &Deadline) -> Result<Self> {
        address.check(Side::Client)?;
        options.validate()?;
        if options.reconnect && address.is_of_a_child() {
            return Err(not_again());
        }
        follow_forks()?;
        let hosts = match address {
            Address::Tcp { host, port } => {
                deadline.begin();
                tcp::find(host, *port)?
            }
            _ => Vec::new(),
        };
        Ok(Self {
            address: address.clone(),
            options: options.clone(),
            hosts,
        })
    }

    /// The server, for people.
    pub fn peer(&self) -> String {
        self.address.to_string()
    }

    /// How the server is treated.
    pub fn options(&self) -> &ClientOptions {
        &self.options
    }

    /// Whether there can be several connections.
    pub fn is_for_many(&self) -> bool {
        !self.address.is_of_a_child()
    }

    /// From now on, it is reached wherever this process goes (chdir(2)). A path that would be too long for its transport
    /// then stays as it is.
    pub fn stay(&mut self) {
        self.address = self.address.anchored();
    }

    /// Connects, if that takes no waiting.
    pub fn connect_at_once(&self) -> Result<Option<Box<dyn Channel>>> {
        match &self.address {
            Address::Tcp { .. } => Ok(None),
            _ => self
                .connect(&Deadline::after(Some(Duration::ZERO)))
                .map(Some),
        }
    }

    /// Begins to connect, without waiting. What takes longer is given up after the connect timeout.
    pub fn begin(&self) -> Result<Begun> {
        match &self.address {
            Address::Tcp { host, port } => {
                let deadline = Deadline::after(self.options.connect_timeout);
                let opening = tcp::begin(host, *port, &self.hosts, deadline)?;
                tcp::go_on(host, *port, &self.hosts, &self.options, opening)
            }
            _ => {
                let now = Deadline::after(Some(Duration::ZERO));
                match self.connect(&now) {
                    Err(error) if error.status() == Status::TimedOut => Err(self.not_at_once()),
                    connected => connected.map(Begun::Connected),
                }
            }
        }
    }

    fn not_at_once(&self) -> Error {
        let context = format!(
            "{}: the server lets nobody in at this moment, and who submits does not wait for that",
            self.peer()
        );
        Error::new(Status::TimedOut, context)
    }

    /// Goes on with it, without waiting.
    pub fn go_on(&self, opening: Opening) -> Result<Begun> {
        match &self.address {
            Address::Tcp { host, port } => {
                tcp::go_on(host, *port, &self.hosts, &self.options, opening)
            }
            _ => Err(unchecked()),
        }
    }

    /// Connects before the deadline, or as long as that `is_wanted`.
    pub fn connect_while(
        &self,
        is_wanted: &dyn Fn() -> bool,
        deadline: &Deadline,
    ) -> Result<Box<dyn Channel>> {
        match &self.address {
            Address::Tcp { host, port } => {
                let opening = tcp::begin(host, *port, &self.hosts, deadline.clone())?;
                self.go_on_while(is_wanted, opening)
            }
            _ => self.knock_while(is_wanted, deadline),
        }
    }

    /// Goes on with what takes its time, whoever waits.
    fn go_on_while(
        &self,
        is_wanted: &dyn Fn() -> bool,
        mut opening: Opening,
    ) -> Result<Box<dyn Channel>> {
        let failure = |error| Error::os(&format!("{}: wait", self.peer()), &error);
        while is_wanted() {
            opening = match self.go_on(opening)? {
                Begun::Connected(channel) => return Ok(channel),
                Begun::Opening(opening) => opening,
            };
            let mut known = [Awaited::new(opening.source(), Want::WRITE)];
            poll::wait_a_while(&mut known, SLICE, opening.deadline()).map_err(failure)?;
        }
        Err(self.unwanted())
    }

    /// Tries again and again where the server's queue is full: nothing else ends that wait (connect(2) on Unix sockets
    /// knows a timeout alone).
    fn knock_while(
        &self,
        is_wanted: &dyn Fn() -> bool,
        deadline: &Deadline,
    ) -> Result<Box<dyn Channel>> {
        while is_wanted() {
            match self.connect(&deadline.within(SLICE)) {
                Err(error) if error.status() == Status::TimedOut => {}
                result => return result,
            }
            if let Some(limit) = deadline.limit().filter(|_| deadline.has_passed()) {
                let context = format!(
                    "{}: the server let nobody in within {limit:?} (connect_timeout_ms)",
                    self.peer()
                );
                return Err(Error::new(Status::TimedOut, context));
            }
        }
        Err(self.unwanted())
    }

    fn unwanted(&self) -> Error {
        let context = format!("{}: nobody wants the connection any more", self.peer());
        Error::new(Status::Cancelled, context)
    }

    /// Connects before the deadline.
    pub fn connect(&self, deadline: &Deadline) -> Result<Box<dyn Channel>> {
        let options = &ClientOptions {
            connect_timeout: deadline.limit(),
            ..self.options.clone()
        };
        match &self.address {
            Address::Unix(path) => uds::connect(path, options),
            Address::SeqPacket(path) => seqpacket::connect(path, options),
            Address::Fifo { request, response } => fifo::connect(request, response, options),
            Address::Shm(name) => shm::connect(name, options),
            Address::ShmAt(path) => shm::connect_at(path.as_ref(), options),
            Address::Tcp { host, port } => {
                tcp::connect(host, *port, &self.hosts, options, deadline)
            }
            Address::Exec { program, arguments } => pipe::spawn(program, arguments, options),
            Address::NamedPipe(name) => named_pipe::connect(name, options),
            Address::Stdio | Address::Systemd(_) => Err(unchecked()),
        }
    }
}
