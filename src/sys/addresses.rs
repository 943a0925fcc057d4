//! The addresses of a host, and which of them will do: the same on every system that has TCP.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};

/// The addresses of a host, as the system's resolver knows them (getaddrinfo(3)).
pub(crate) fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

/// What the first address gives for which `attempt` succeeds, or the last failure.
pub(super) fn first_of<T>(
    addresses: &[SocketAddr],
    attempt: impl Fn(&SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut result = Err(ErrorKind::AddrNotAvailable.into());
    for address in addresses {
        result = attempt(address);
        if result.is_ok() {
            break;
        }
    }
    result
}
