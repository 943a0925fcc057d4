//! Addresses of sockets, as the system has them.

use super::call::size;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use windows_sys::Win32::Networking::WinSock as ws;

/// Lends this address as the system has it, with its length.
pub(super) fn with_address<T>(
    address: &SocketAddr,
    body: impl FnOnce(*const ws::SOCKADDR, i32) -> T,
) -> T {
    match address {
        SocketAddr::V4(address) => {
            let name = ws::SOCKADDR_IN {
                sin_family: ws::AF_INET,
                sin_port: address.port().to_be(),
                sin_addr: ws::IN_ADDR {
                    S_un: ws::IN_ADDR_0 {
                        S_addr: u32::from_ne_bytes(address.ip().octets()),
                    },
                },
                sin_zero: [0; 8],
            };
            body((&raw const name).cast(), size(&name).cast_signed())
        }
        SocketAddr::V6(address) => {
            let name = ws::SOCKADDR_IN6 {
                sin6_family: ws::AF_INET6,
                sin6_port: address.port().to_be(),
                sin6_flowinfo: address.flowinfo(),
                sin6_addr: ws::IN6_ADDR {
                    u: ws::IN6_ADDR_0 {
                        Byte: address.ip().octets(),
                    },
                },
                Anonymous: ws::SOCKADDR_IN6_0 {
                    sin6_scope_id: address.scope_id(),
                },
            };
            body((&raw const name).cast(), size(&name).cast_signed())
        }
    }
}

type Ask = unsafe extern "system" fn(ws::SOCKET, *mut ws::SOCKADDR, *mut i32) -> i32;

/// The address of this end of a socket.
pub(super) fn own_address(socket: ws::SOCKET) -> io::Result<SocketAddr> {
    ask(socket, ws::getsockname)
}

/// The address of the other end.
pub(super) fn peer_address(socket: ws::SOCKET) -> io::Result<SocketAddr> {
    ask(socket, ws::getpeername)
}

fn ask(socket: ws::SOCKET, ask: Ask) -> io::Result<SocketAddr> {
    let mut name = ws::SOCKADDR_STORAGE::default();
    let mut length = size(&name).cast_signed();
    // SAFETY: the caller has the socket open, and there is room for an address of any family.
    if unsafe { ask(socket, (&raw mut name).cast(), &raw mut length) } != 0 {
        return Err(io::Error::last_os_error());
    }
    match name.ss_family {
        ws::AF_INET => {
            // SAFETY: addresses of this family are so, and any bytes are one.
            let name = unsafe { &*(&raw const name).cast::<ws::SOCKADDR_IN>() };
            // SAFETY: all of its forms are the same four bytes.
            let bytes = unsafe { name.sin_addr.S_un.S_addr }.to_ne_bytes();
            Ok((Ipv4Addr::from(bytes), u16::from_be(name.sin_port)).into())
        }
        ws::AF_INET6 => {
            // SAFETY: addresses of this family are so, and any bytes are one.
            let name = unsafe { &*(&raw const name).cast::<ws::SOCKADDR_IN6>() };
            // SAFETY: all of its forms are the same sixteen bytes, and the scope's the same four.
            let (bytes, scope) = unsafe { (name.sin6_addr.u.Byte, name.Anonymous.sin6_scope_id) };
            let port = u16::from_be(name.sin6_port);
            Ok(SocketAddrV6::new(Ipv6Addr::from(bytes), port, name.sin6_flowinfo, scope).into())
        }
        _ => Err(ErrorKind::Unsupported.into()),
    }
}
