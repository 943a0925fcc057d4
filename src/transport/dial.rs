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
use std::net::SocketAddr;
use std::time::Duration;

/// A server's address, of which all is known that connecting to it takes.
pub struct Dial {
    address: Address,
    options: ClientOptions,
    /// Where the host is. Names are resolved once.
    hosts: Vec<SocketAddr>,
}

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
                self.connect(&now).map(Begun::Connected)
            }
        }
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
            Address::Stdio => Err(unchecked()),
        }
    }
}
