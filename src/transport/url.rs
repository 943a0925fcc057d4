//! Any transport, named by a URL: a program changes transport by changing a string.
//!
//! ```text
//! unix:///path   fifo:///path   shm://name   tcp://host:port   exec:///path/to/program   stdio:
//! ```

use super::{Channel, ClientOptions, Endpoint, ServerOptions, fifo, pipe, shm, tcp, uds};
use crate::error::{Error, Result, Status};
use std::ffi::CString;
use std::fmt;

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

/// What every message about a URL that is none shows.
const FORMS: &str =
    "unix:///path, fifo:///path, shm://name, tcp://host:port, exec:///path/to/program, stdio:";

impl Url {
    /// The address that `text` names. Paths are absolute and percent-decoded; a raw `?` or `#` is
    /// reserved for options to come.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).map_err(|why| {
            let context = format!("'{text}' is no URL of a server: {why}; there are {FORMS}");
            Error::new(Status::InvalidArgument, context)
        })
    }

    fn read(text: &str) -> std::result::Result<Self, &'static str> {
        if text == "stdio:" {
            return Ok(Self::Stdio);
        }
        let (scheme, rest) = text
            .split_once("://")
            .ok_or("there is no scheme before '://'")?;
        if rest.contains(['?', '#']) {
            return Err("'?' and '#' are reserved: write %3F and %23");
        }
        let decoded = decode(rest)?;
        match scheme {
            "unix" => path(decoded).map(Self::Unix),
            "fifo" => path(decoded).map(Self::Fifo),
            "exec" => path(decoded).map(Self::Exec),
            "shm" if decoded.is_empty() => Err("there is no name"),
            "shm" => Ok(Self::Shm(decoded)),
            "tcp" => host_and_port(rest),
            "npipe" => Err("named pipes are for Windows, and yet to come"),
            _ => Err("its scheme is not known"),
        }
    }

    /// The public pair of FIFOs that a path stands for.
    fn fifo_pair(path: &str) -> (String, String) {
        (format!("{path}.request"), format!("{path}.response"))
    }
}

fn path(path: String) -> std::result::Result<String, &'static str> {
    match path.starts_with('/') {
        true if path.len() > 1 => Ok(path),
        _ => Err("its path has to be absolute, which makes three slashes"),
    }
}

fn host_and_port(text: &str) -> std::result::Result<Url, &'static str> {
    const FORM: &str = "it needs a host and a port, as in tcp://localhost:7000 or tcp://[::1]:7000";
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once("]:").ok_or(FORM)?,
        None => text.split_once(':').ok_or(FORM)?,
    };
    let is_port = !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
    let port = port.parse().ok().filter(|_| is_port).ok_or(FORM)?;
    // What is not printable, no host has (RFC 3986, 3.2.2), and a URL is shown to people.
    let is_plain = host.bytes().all(|byte| byte.is_ascii_graphic());
    if host.is_empty() || !is_plain || host.contains(['/', '@', '[', ']', '%']) {
        return Err(FORM);
    }
    Ok(Url::Tcp {
        host: host.to_owned(),
        port,
    })
}

/// Replaces each `%` and two hexadecimal digits by the byte that they mean (RFC 3986, 2.1).
fn decode(text: &str) -> std::result::Result<String, &'static str> {
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
        _ => Err("it stands for no text"),
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
        Url::Exec(_) => return Err(wrong_side(url, "is for clients; servers have stdio:")),
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
            let program = CString::new(program.as_str())
                .map_err(|_| wrong_side(url, "stands for no text"))?;
            pipe::spawn(&[&program], options)
        }
        Url::Stdio => Err(wrong_side(
            url,
            "is for servers; clients have exec:///path/to/program",
        )),
    }
}

fn wrong_side(url: &Url, what: &str) -> Error {
    Error::new(Status::InvalidArgument, format!("'{url}' {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_written() {
        let tcp = |host: &str, port| Url::Tcp {
            host: host.into(),
            port,
        };
        for (text, url) in [
            ("unix:///run/calc.sock", Url::Unix("/run/calc.sock".into())),
            ("unix:///a%20b%3Fc%23d%25", Url::Unix("/a b?c#d%".into())),
            ("unix:///%C3%A9", Url::Unix("/\u{e9}".into())),
            ("fifo:///run/calc", Url::Fifo("/run/calc".into())),
            ("shm://calc", Url::Shm("calc".into())),
            ("tcp://localhost:7000", tcp("localhost", 7000)),
            ("tcp://127.0.0.1:0", tcp("127.0.0.1", 0)),
            ("tcp://[::1]:65535", tcp("::1", 65535)),
            ("exec:///usr/lib/calc", Url::Exec("/usr/lib/calc".into())),
            ("stdio:", Url::Stdio),
        ] {
            assert_eq!(Url::parse(text).unwrap(), url, "{text}");
            assert_eq!(url.to_string(), text);
        }
    }

    #[test]
    fn what_is_none_is_told_the_right_forms() {
        for text in [
            "",
            "/run/calc.sock",
            "unix:/run/calc",
            "unix://run/calc",
            "unix://",
            "unix:///",
            "fifo://calc",
            "shm://",
            "tcp://localhost",
            "tcp://:7000",
            "tcp://localhost:",
            "tcp://localhost:+1",
            "tcp://localhost:65536",
            "tcp://::1:7000",
            "tcp://a@b:1",
            "tcp://a/b:1",
            "tcp://a b:1",
            "tcp://a\u{1b}[0m:1",
            "tcp://\u{e9}:1",
            "stdio",
            "stdio://",
            "http://localhost",
            "UNIX:///a",
            "unix:///a?b",
            "unix:///a#b",
            "unix:///%",
            "unix:///%2",
            "unix:///%zz",
            "unix:///%00",
            "unix:///%ff",
            "npipe://x",
        ] {
            let error = Url::parse(text).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{text}");
            assert!(error.context().contains("tcp://host:port"), "{error}");
        }
    }

    #[test]
    fn each_side_has_its_own() {
        let server = bind(&Url::Exec("/bin/true".into()), &ServerOptions::default());
        assert_eq!(server.err().unwrap().status(), Status::InvalidArgument);
        let client = connect(&Url::Stdio, &ClientOptions::default());
        assert_eq!(client.err().unwrap().status(), Status::InvalidArgument);
    }
}
