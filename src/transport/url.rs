//! Any transport, named by a URL: a program changes transport by changing a string.
//!
//! ```text
//! unix:///path   fifo:///path   shm://name   tcp://host:port   exec:///path/to/program   stdio:
//! ```

use super::{Channel, ClientOptions, Endpoint, ServerOptions};
use crate::error::{Error, Result, Status};

/// An address of any transport.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Url {
    /// A Unix socket at this path.
    Unix(String),
    /// The pair of FIFOs `<path>.request` and `<path>.response`.
    Fifo(String),
    /// Shared memory of this name.
    Shm(String),
    /// A TCP socket on this host, a name or an address, and port.
    Tcp {
        /// A host's name, or an address.
        host: String,
        /// The port; 0 lets the system choose, for servers.
        port: u16,
    },
    /// Clients only: a program to execute, which serves on its standard input and output.
    Exec(String),
    /// Servers only: this program's own standard input and output.
    Stdio,
}

/// A server's address, and its URL as bound: with the real port where the system chose one.
pub struct Bound {
    /// The address.
    pub endpoint: Box<dyn Endpoint>,
    /// Its URL.
    pub url: Url,
}

impl Url {
    /// The address that `text` names.
    pub fn parse(text: &str) -> Result<Self> {
        Err(Error::new(Status::InvalidArgument, text.to_owned()))
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Binds a server's address.
pub fn bind(url: &Url, options: &ServerOptions) -> Result<Bound> {
    options.validate()?;
    Err(Error::new(Status::Unsupported, url.to_string()))
}

/// Connects to a server.
pub fn connect(url: &Url, options: &ClientOptions) -> Result<Box<dyn Channel>> {
    options.validate()?;
    Err(Error::new(Status::Unsupported, url.to_string()))
}
