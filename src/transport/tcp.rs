//! TCP: any machine that can reach this one, thousands at once.
//!
//! It knows nobody: whoever reaches the port may ask. So a server binds loopback addresses only,
//! unless its options say `allow_remote`; then put something in front that authenticates and
//! encrypts (an SSH tunnel, WireGuard, a TLS proxy). A peer whose machine vanished, without a
//! word, is noticed by probes of the kernel's (tcp(7)) in about eleven seconds.

use super::channel::Framed;
use super::socket::{Accepted, Listening, Right, SocketEndpoint, SocketStream};
use super::{Begun, Channel, ClientOptions, Deadline, Endpoint, ServerOptions};
use crate::error::{Error, Result, Status};
use crate::sys::{AsSource, Handle, Source, socket, tcp};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

/// A listening socket, and which of the processes that a fork made share it may serve.
struct TcpListening {
    name: String,
    socket: Handle,
    right: Right,
    /// The service manager goes on listening when this ends.
    is_passed: bool,
}

/// A server's address, and the port that it has: the system's choice where `port` is 0. `host` is a
/// name or an address, of this machine.
pub(super) fn bind(
    host: &str,
    port: u16,
    options: &ServerOptions,
) -> Result<(Box<dyn Endpoint>, u16)> {
    let (listening, port) = open(host, port, options.allow_remote)?;
    let endpoint = SocketEndpoint::new(listening, SocketStream::accepted, options);
    Ok((Box::new(endpoint), port))
}

/// The same on a socket that listens already, at this address, and goes on with that when the server ends.
pub(super) fn serve_passed(
    socket: Handle,
    address: SocketAddr,
    options: &ServerOptions,
) -> Result<Box<dyn Endpoint>> {
    let name = format!("TCP {address}");
    check_reach(&name, &[address], options.allow_remote)?;
    let listening = TcpListening {
        right: Right::new(&name)?,
        name,
        socket,
        is_passed: true,
    };
    let endpoint = SocketEndpoint::new(listening, SocketStream::accepted, options);
    Ok(Box::new(endpoint))
}

/// Fails where other machines could reach one of these addresses, unless they may.
fn check_reach(name: &str, addresses: &[SocketAddr], allow_remote: bool) -> Result<()> {
    if allow_remote || addresses.iter().all(|address| address.ip().is_loopback()) {
        return Ok(());
    }
    let context = format!(
        "{name}: other machines could reach it, and TCP asks nobody who they are; the option allow_remote lets them"
    );
    Err(Error::new(Status::PermissionDenied, context))
}

/// A listening socket, and its port.
fn open(host: &str, port: u16, allow_remote: bool) -> Result<(TcpListening, u16)> {
    let failure = |error: &io::Error| unbound(host, port, error);
    // Of a server, it is an address that was asked for in vain.
    let addresses = resolve(host, port)?.map_err(|why| Error::new(Status::InvalidArgument, why))?;
    let name = format!("TCP {}", at(host, port));
    check_reach(&name, &addresses, allow_remote)?;
    let (socket, port) = tcp::listen(&addresses).map_err(|error| failure(&error))?;
    let listening = TcpListening {
        right: Right::new(&name)?,
        name,
        socket,
        is_passed: false,
    };
    Ok((listening, port))
}

/// The addresses of a client's server, one at least.
pub(super) fn find(host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    if port == 0 {
        let context = format!(
            "TCP {}: port 0 is for servers, and a client needs the one that its server got",
            at(host, port)
        );
        return Err(Error::new(Status::InvalidArgument, context));
    }
    resolve(host, port)?.map_err(|why| Error::new(Status::NotConnected, why))
}

/// Connects to the server at the first of these addresses, those of this host and port, that answers.
pub(super) fn connect(
    host: &str,
    port: u16,
    addresses: &[SocketAddr],
    options: &ClientOptions,
    deadline: &Deadline,
) -> Result<Box<dyn Channel>> {
    let failure = |error: &io::Error| unreached(host, port, deadline, error);
    let socket = tcp::connect(addresses, deadline).map_err(|error| failure(&error))?;
    let stream = SocketStream::connected(socket, options.call_timeout)?;
    let name = format!("TCP {}", at(host, port));
    Ok(Box::new(Framed::new(stream, name, options)))
}

/// A connection that is being made, for whose end nobody waits.
#[derive(Debug)]
pub struct Opening {
    socket: Handle,
    /// Where the address that is tried next stands among all.
    next: usize,
    deadline: Deadline,
}

impl Opening {
    /// What can be written to once there is more to know.
    pub(crate) fn source(&self) -> Source<'_> {
        self.socket.as_source()
    }

    /// When it is given up.
    pub(crate) fn deadline(&self) -> &Deadline {
        &self.deadline
    }
}

/// Begins to connect, and gives it up at the deadline.
pub(super) fn begin(
    host: &str,
    port: u16,
    addresses: &[SocketAddr],
    deadline: Deadline,
) -> Result<Opening> {
    deadline.begin();
    begin_with(0, addresses, &deadline)
        .map(|(socket, next)| Opening {
            socket,
            next,
            deadline: deadline.clone(),
        })
        .map_err(|error| unreached(host, port, &deadline, &error))
}

/// The socket of the first of these addresses, from this place on, to which connecting can begin, and the place after it.
fn begin_with(
    from: usize,
    addresses: &[SocketAddr],
    deadline: &Deadline,
) -> io::Result<(Handle, usize)> {
    let mut result = Err(ErrorKind::AddrNotAvailable.into());
    for (place, address) in addresses.iter().enumerate().skip(from) {
        if deadline.has_passed() {
            return Err(ErrorKind::TimedOut.into());
        }
        match tcp::begin(address) {
            Ok(socket) => return Ok((socket, place + 1)),
            Err(error) => result = Err(error),
        }
    }
    result
}

/// What has come of connecting, which goes on with the next address where one does not answer.
pub(super) fn go_on(
    host: &str,
    port: u16,
    addresses: &[SocketAddr],
    options: &ClientOptions,
    mut opening: Opening,
) -> Result<Begun> {
    loop {
        match tcp::end(&opening.socket) {
            Ok(true) => {
                let stream = SocketStream::connected(opening.socket, options.call_timeout)?;
                let name = format!("TCP {}", at(host, port));
                return Ok(Begun::Connected(Box::new(Framed::new(
                    stream, name, options,
                ))));
            }
            Ok(false) if !opening.deadline.has_passed() => {
                return Ok(Begun::Opening(opening));
            }
            Ok(false) => {
                let late = ErrorKind::TimedOut.into();
                return Err(unreached(host, port, &opening.deadline, &late));
            }
            Err(error) if opening.next >= addresses.len() => {
                return Err(unreached(host, port, &opening.deadline, &error));
            }
            Err(_) => {
                let next = begin_with(opening.next, addresses, &opening.deadline);
                let next = next.map_err(|e| unreached(host, port, &opening.deadline, &e))?;
                (opening.socket, opening.next) = next;
            }
        }
    }
}

/// The addresses of a host, one at least (getaddrinfo(3)), or why there are none.
fn resolve(host: &str, port: u16) -> Result<std::result::Result<Vec<SocketAddr>, String>> {
    check_host(host).map_err(|why| Error::new(Status::InvalidArgument, why))?;
    let addresses = tcp::resolve(host, port);
    Ok(addresses.map_err(|error| format!("the host '{host}' is not known: {error}")))
}

/// The failure to bind.
fn unbound(host: &str, port: u16, cause: &io::Error) -> Error {
    let why = match cause.kind() {
        ErrorKind::AddrInUse => "another socket has this port; 'ss -ltnp' tells whose",
        ErrorKind::AddrNotAvailable => "this machine does not have this address",
        ErrorKind::PermissionDenied if port != 0 && tcp::is_of_low_port(cause) => {
            "this user may not have so low a port (net.ipv4.ip_unprivileged_port_start)"
        }
        _ => "bind",
    };
    Error::os(&format!("TCP {}: {why}", at(host, port)), cause)
}

/// The failure to connect.
fn unreached(host: &str, port: u16, deadline: &Deadline, cause: &io::Error) -> Error {
    let what = format!("TCP {}", at(host, port));
    match (cause.kind(), deadline.limit()) {
        (ErrorKind::TimedOut, Some(limit)) => Error::new(
            Status::TimedOut,
            format!("{what}: nothing came back within {limit:?} (connect_timeout_ms)"),
        ),
        (ErrorKind::ConnectionRefused, _) => {
            let what = format!("{what}: nobody listens there; start the server first");
            Error::reaching(&what, cause)
        }
        _ => Error::reaching(&format!("{what}: connect"), cause),
    }
}

/// How people and URLs write it.
fn at(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

impl AsSource for TcpListening {
    fn as_source(&self) -> Source<'_> {
        self.socket.as_source()
    }
}

impl Drop for TcpListening {
    /// A child forked a moment ago may not have come to close its copy of the socket yet; listening
    /// ends in that one, too, so that the port is free at once.
    fn drop(&mut self) {
        if self.socket.is_own() && !self.is_passed {
            let _ = socket::end_listening(self.as_source());
        }
    }
}

impl Listening for TcpListening {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn bequeath(&self) {
        self.right.bequeath();
        self.socket.bequeath();
    }

    fn adopt(&self) -> Result<()> {
        self.right.adopt(&self.name)?;
        self.socket.own();
        Ok(())
    }

    fn accept(&self) -> io::Result<Accepted> {
        let accepted = Accepted::next(self.as_source())?;
        if let Accepted::Client(client, _) = &accepted
            && socket::tune_tcp(client.as_source()).is_err()
        {
            return Ok(Accepted::Vanished); // It has gone already.
        }
        Ok(accepted)
    }
}

/// The longest name that a host has, in bytes, written without the dot at its end (RFC 1035, 2.3.4).
const HOST_LONGEST: usize = 253;

/// Says why text that is no host's name is none; what nobody knows yet is for the resolver.
pub(super) fn check_host(host: &str) -> std::result::Result<(), String> {
    match host {
        "" => Err("the host is empty".into()),
        "*" => Err(
            "'*' is no host; every address of this machine is 0.0.0.0, or [::] with IPv6, \
             and serving it needs the option allow_remote"
                .into(),
        ),
        long if long.len() > HOST_LONGEST => Err(format!(
            "{} bytes are too long for a host, which has {HOST_LONGEST} at most",
            long.len()
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;
    #[cfg(unix_sockets)]
    use std::net::TcpListener;
    use std::time::Duration;

    /// What is left of a listening socket in a child, once the server's process has dropped its own.
    #[cfg(unix_sockets)]
    fn left(adoptable: bool) -> TcpListener {
        let (listening, _) = open("127.0.0.1", 0, false).unwrap();
        if adoptable {
            listening.bequeath();
        }
        TcpListener::from(listening.as_source().try_clone_to_owned().unwrap())
    }

    #[test]
    #[cfg(unix_sockets)]
    fn listening_ends_where_a_child_still_has_a_copy_of_the_socket() {
        let error = left(false).accept().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput); // It does not listen.
    }

    #[test]
    #[cfg(unix_sockets)]
    fn listening_goes_on_where_a_child_may_adopt_the_server() {
        let error = left(true).accept().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock); // It listens, and nobody came.
    }

    #[test]
    fn a_host_has_253_bytes_at_most() {
        check_host(&"x".repeat(253)).unwrap();
        check_host(&"x".repeat(254)).unwrap_err();
    }

    #[test]
    #[cfg(unix_sockets)]
    fn only_a_low_port_is_said_to_be_too_low() {
        let (access, sandbox) = (
            io::Error::from_raw_os_error(13),
            io::Error::from_raw_os_error(1),
        ); // EACCES, EPERM
        for (port, cause, is_low) in [
            (80, &access, true),
            (0, &access, false),
            (80, &sandbox, false),
            (0, &sandbox, false),
        ] {
            let error = unbound("localhost", port, cause);
            assert_eq!(error.status(), Status::PermissionDenied);
            assert_eq!(error.context().contains("so low a port"), is_low, "{error}");
        }
    }

    #[test]
    fn a_limit_that_passed_is_named() {
        let cause = ErrorKind::TimedOut.into();
        for (limit, says) in [
            (
                Some(Duration::from_millis(250)),
                "nothing came back within 250ms",
            ),
            (None, "connect"),
        ] {
            let error = unreached("localhost", 7000, &Deadline::after(limit), &cause);
            assert_eq!(error.status(), Status::TimedOut);
            let text = format!("TCP localhost:7000: {says}");
            assert!(error.context().starts_with(&text), "{error}");
        }
    }
}
