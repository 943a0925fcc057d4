//! Any transport, named by a URL: a program changes transport by changing a string.
//!
//! ```text
//! unix:///path   fifo:///path   shm://name   tcp://host:port   exec:///path/to/program   stdio:
//! ```

use super::{Channel, ClientOptions, Endpoint, ServerOptions, fifo, pipe, shm, tcp, uds};
use crate::error::{Error, Result, Status};
use std::ffi::CString;
use std::fmt;

#[cfg(test)]
mod tests;

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

/// Whose address a URL is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It binds the address.
    Server,
    /// It connects to the address.
    Client,
}

impl Side {
    /// The URLs of this side, as every message about what is none shows them.
    const fn forms(self) -> &'static str {
        match self {
            Self::Server => {
                "a server's URL is unix:///path, fifo:///path, shm://name, tcp://host:port or stdio: alone"
            }
            Self::Client => {
                "a client's URL is unix:///path, fifo:///path, shm://name, tcp://host:port or exec:///path/to/program"
            }
        }
    }
}

impl Url {
    /// The address that `text` names for this side. Paths are absolute and percent-decoded; a raw `?` or
    /// `#` is reserved for options to come.
    pub fn parse(text: &str, side: Side) -> Result<Self> {
        let url = Self::read(text).and_then(|url| url.checked_for(side));
        url.map_err(|why| {
            let context = format!("'{text}': {why}; {}", side.forms());
            Error::new(Status::InvalidArgument, context)
        })
    }

    fn read(text: &str) -> std::result::Result<Self, String> {
        if text == "stdio:" {
            return Ok(Self::Stdio);
        }
        let (scheme, rest) = text
            .split_once("://")
            .ok_or("there is no scheme before '://'")?;
        if rest.contains(['?', '#']) {
            return Err("'?' and '#' are reserved, so write %3F and %23".into());
        }
        let decoded = decode(rest)?;
        match scheme {
            "unix" => path(decoded).map(Self::Unix),
            "fifo" => path(decoded).map(Self::Fifo),
            "exec" => path(decoded).map(Self::Exec),
            "shm" if decoded.is_empty() => Err("there is no name".into()),
            "shm" => Ok(Self::Shm(decoded)),
            "tcp" => host_and_port(rest),
            "npipe" => Err("named pipes are for Windows, and yet to come".into()),
            _ => Err(format!("the scheme '{scheme}' is not known")),
        }
    }

    /// The URL, if it is one of this side.
    fn checked_for(self, side: Side) -> std::result::Result<Self, String> {
        match (&self, side) {
            (Self::Exec(_), Side::Server) => Err("exec is for clients".into()),
            (Self::Stdio, Side::Client) => Err("stdio is for servers".into()),
            (Self::Tcp { port: 0, .. }, Side::Client) => {
                Err("port 0 is for servers, whose URL then has the port that they got".into())
            }
            _ => Ok(self),
        }
    }

    /// The public pair of FIFOs that a path stands for.
    fn fifo_pair(path: &str) -> (String, String) {
        (format!("{path}.request"), format!("{path}.response"))
    }
}

fn path(path: String) -> std::result::Result<String, String> {
    match path.as_str() {
        "" | "/" => Err("there is no path".into()),
        absolute if absolute.starts_with('/') => Ok(path),
        _ => Err("its path has to be absolute, which makes three slashes".into()),
    }
}

fn host_and_port(text: &str) -> std::result::Result<Url, String> {
    const FORM: &str = "it needs a host and a port, as in tcp://localhost:7000 or tcp://[::1]:7000";
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once("]:").ok_or(FORM)?,
        None => text.split_once(':').ok_or(FORM)?,
    };
    let is_number = !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number {
        return Err(FORM.into());
    }
    let port = port
        .parse()
        .map_err(|_| format!("port {port} is not between 0 and 65535"))?;
    // What is not printable, no host has (RFC 3986, 3.2.2), and a URL is shown to people.
    let is_plain = host.bytes().all(|byte| byte.is_ascii_graphic());
    if host.is_empty() || !is_plain || host.contains(['/', '@', '[', ']', '%']) {
        return Err(FORM.into());
    }
    tcp::check_host(host)?;
    Ok(Url::Tcp {
        host: host.to_owned(),
        port,
    })
}

/// Replaces each `%` and two hexadecimal digits by the byte that they mean (RFC 3986, 2.1).
fn decode(text: &str) -> std::result::Result<String, String> {
    const BAD: &str = "a '%' is followed by two hexadecimal digits";
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || {
            rest.next()
                .and_then(|digit| char::from(digit).to_digit(16))
                .ok_or(BAD)
        };
        let value = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(value).map_err(|_| BAD)?);
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err("it stands for no text".into()),
    }
}

/// Writes text with what would be misread in a URL as `%` and two digits.
fn encode(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for byte in text.bytes() {
        match byte {
            b'?' | b'#' | b'%' | 0..=0x20 | 0x7F => write!(f, "%{byte:02X}")?,
            _ if byte.is_ascii() => write!(f, "{}", char::from(byte))?,
            _ => write!(f, "%{byte:02X}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, text) = match self {
            Self::Unix(path) => ("unix", path),
            Self::Fifo(path) => ("fifo", path),
            Self::Shm(name) => ("shm", name),
            Self::Exec(path) => ("exec", path),
            Self::Tcp { host, port } if host.contains(':') => {
                return write!(f, "tcp://[{host}]:{port}");
            }
            Self::Tcp { host, port } => return write!(f, "tcp://{host}:{port}"),
            Self::Stdio => return f.write_str("stdio:"),
        };
        write!(f, "{scheme}://")?;
        encode(text, f)
    }
}

/// Binds a server's address.
pub fn bind(url: &Url, options: &ServerOptions) -> Result<Bound> {
    let mut bound = url.clone();
    let endpoint = match url {
        Url::Unix(path) => uds::bind(path, options)?,
        Url::Fifo(path) => {
            let (request, response) = Url::fifo_pair(path);
            fifo::bind(&request, &response, options)?
        }
        Url::Shm(name) => shm::bind(name, options)?,
        Url::Tcp { host, port } => {
            let (endpoint, port) = tcp::bind(host, *port, options)?;
            let host = host.clone();
            bound = Url::Tcp { host, port };
            endpoint
        }
        Url::Stdio => pipe::bind_stdio(options)?,
        Url::Exec(_) => return Err(wrong(url, Side::Server)),
    };
    Ok(Bound {
        endpoint,
        url: bound,
    })
}

/// Connects to a server.
pub fn connect(url: &Url, options: &ClientOptions) -> Result<Box<dyn Channel>> {
    match url {
        Url::Unix(path) => uds::connect(path, options),
        Url::Fifo(path) => {
            let (request, response) = Url::fifo_pair(path);
            fifo::connect(&request, &response, options)
        }
        Url::Shm(name) => shm::connect(name, options),
        Url::Tcp { host, port } => tcp::connect(host, *port, options),
        Url::Exec(program) => {
            let program = CString::new(program.as_str()).map_err(|_| wrong(url, Side::Client))?;
            pipe::spawn(&[&program], options)
        }
        Url::Stdio => Err(wrong(url, Side::Client)),
    }
}

/// The failure of a URL that is none of this side.
fn wrong(url: &Url, side: Side) -> Error {
    Error::new(
        Status::InvalidArgument,
        format!("'{url}': {}", side.forms()),
    )
}
