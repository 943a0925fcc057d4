//! TCP sockets.

#[cfg(test)]
mod tests;

use super::address::{own_address, peer_address, with_address};
use super::call::{check, size};
use super::door::{Door, Listens};
use super::event::Event;
use super::signal::Signal;
use super::stream::Stream;
use super::waiting::Waiting;
use super::winsock::{last, select, start, succeeded};
use crate::sys::addresses::first_of;
pub(crate) use crate::sys::addresses::resolve;
use crate::sys::deadline::Deadline;
use crate::sys::{AsSource as _, Handle, poll};
use std::ffi::c_void;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::windows::io::{AsRawSocket, FromRawSocket, OwnedSocket};
use std::ptr;
use std::sync::Arc;
use windows_sys::Win32::Foundation::{HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation};
use windows_sys::Win32::Networking::WinSock as ws;
use windows_sys::Win32::System::IO::OVERLAPPED;

/// How long a peer may be silent before it is asked whether it is there, and how long it has to answer, in milliseconds; how
/// often it is asked; how long what is sent may go unacknowledged, in seconds.
const PROBE_AFTER: u32 = 5000;
const PROBE_EACH: u32 = 2000;
const PROBES: u32 = 3;
const UNACKNOWLEDGED: u32 = 11;

/// As many as the system takes may wait to be let in (winsock2.h; the constant of `windows_sys` is that of WinSock 1, which is 5).
const SOMAXCONN: i32 = i32::MAX;

/// Listens at the first of these addresses that can be had; gives the port, too.
pub(crate) fn listen(addresses: &[SocketAddr]) -> io::Result<(Handle, u16)> {
    first_of(addresses, listen_at)
}

fn listen_at(address: &SocketAddr) -> io::Result<(Handle, u16)> {
    let socket = match bound_alone(address) {
        // Connections that a listener has left behind keep the port from whoever wants it alone (Microsoft, "SO_EXCLUSIVEADDRUSE"). One
        // that still listens keeps it from others, too. Then a program of the same user alone could bind it beside this one.
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let socket = stream(address)?;
            bind(&socket, address)?;
            socket
        }
        bound => bound?,
    };
    // SAFETY: the socket is open.
    succeeded(unsafe { ws::listen(raw(&socket), SOMAXCONN) })?;
    let port = own_address(raw(&socket))?.port();
    let door = Door::open(|signal| Listening::new(socket, signal))?;
    Ok((door, port))
}

/// A socket that has this address for itself: else another program could bind the same port, and get clients that were meant for
/// this one.
fn bound_alone(address: &SocketAddr) -> io::Result<OwnedSocket> {
    let socket = stream(address)?;
    set(&socket, ws::SOL_SOCKET, ws::SO_EXCLUSIVEADDRUSE, 1)?;
    bind(&socket, address)?;
    Ok(socket)
}

/// A listening socket.
#[derive(Debug)]
struct Listening {
    /// First, so that it ends before its event, and that before the socket.
    _waiting: Waiting,
    arrived: Event,
    socket: OwnedSocket,
}

impl Listening {
    fn new(socket: OwnedSocket, signal: Arc<Signal>) -> io::Result<Self> {
        let arrived = Event::for_one()?;
        // The socket is of those that do not wait from then on.
        select(raw(&socket), arrived.raw(), ws::FD_ACCEPT)?;
        let waiting = Waiting::new(arrived.raw(), false, move || signal.on())?;
        Ok(Self {
            _waiting: waiting,
            arrived,
            socket,
        })
    }
}

impl Listens for Listening {
    fn accept(&self) -> io::Result<Handle> {
        // SAFETY: the socket is open, and whose address it is is not asked for.
        let socket = unsafe { ws::accept(raw(&self.socket), ptr::null_mut(), ptr::null_mut()) };
        if socket == ws::INVALID_SOCKET {
            let error = last();
            if error.kind() == ErrorKind::WouldBlock {
                // What is told once for each that was let in is asked for anew: Wine may have told of one who was let in already.
                select(raw(&self.socket), self.arrived.raw(), ws::FD_ACCEPT)?;
            }
            return Err(error);
        }
        // SAFETY: it was just made, and nobody else has it.
        let socket = unsafe { OwnedSocket::from_raw_socket(socket as u64) };
        // It takes the listener's event after it, and is of those that do not wait.
        select(raw(&socket), ptr::null_mut(), 0)?;
        keep_from_children(&socket)?;
        Handle::of_socket(socket)
    }
}

/// Connects to the first of these addresses that answers before the deadline.
pub(crate) fn connect(addresses: &[SocketAddr], deadline: &Deadline) -> io::Result<Handle> {
    first_of(addresses, |address| connect_to(address, deadline))
}

fn connect_to(address: &SocketAddr, deadline: &Deadline) -> io::Result<Handle> {
    if deadline.has_passed() {
        return Err(ErrorKind::TimedOut.into());
    }
    let handle = begin(address)?;
    if !poll::wait_writable(handle.as_source(), deadline)? {
        return Err(ErrorKind::TimedOut.into());
    }
    end(&handle)?;
    Ok(handle)
}

/// Begins to connect to this address. What comes of it is known once the socket can be written to, see [`end`].
pub(crate) fn begin(address: &SocketAddr) -> io::Result<Handle> {
    let socket = stream(address)?;
    // ConnectEx takes none that is not bound.
    let any: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    bind(&socket, &SocketAddr::new(any, 0))?;
    let connect_ex = connect_ex(&socket)?;
    let handle = Handle::of_socket(socket)?;
    Stream::of(handle.as_source())?.begin_connecting(|handle, overlapped| {
        with_address(address, |name, length| {
            // SAFETY: the socket is open and bound, the address is one, nothing is sent, and the operation has its block until
            // it is over.
            unsafe {
                connect_ex(
                    handle as usize,
                    name,
                    length,
                    ptr::null(),
                    0,
                    ptr::null_mut(),
                    overlapped,
                ) != 0
            }
        })
    })?;
    Ok(handle)
}

/// Whether the socket that [`begin`] gave is connected by now; then it is as one that [`connect`] gives.
pub(crate) fn end(handle: &Handle) -> io::Result<bool> {
    let stream = Stream::of(handle.as_source())?;
    if !stream.has_connected()? {
        return Ok(false);
    }
    let socket = stream.socket().ok_or(ErrorKind::InvalidInput)?;
    set_raw(socket, ws::SOL_SOCKET, ws::SO_UPDATE_CONNECT_CONTEXT, None)?;
    // Where nobody listens, a port of the range that clients use may connect to itself.
    if own_address(socket)? == peer_address(socket)? {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    tune(stream)?;
    Ok(true)
}

/// Windows has no ports that are too low for a user.
pub(crate) fn is_of_low_port(_: &io::Error) -> bool {
    false
}

/// Sends what is written at once, and finds out when the peer's machine has vanished: by probes while nothing is under way, else
/// by what is not acknowledged for as long.
pub(super) fn tune(stream: &Stream) -> io::Result<()> {
    let socket = stream.socket().ok_or(ErrorKind::InvalidInput)?;
    set_raw(socket, ws::IPPROTO_TCP, ws::TCP_NODELAY, Some(1))?;
    let probes = ws::tcp_keepalive {
        onoff: 1,
        keepalivetime: PROBE_AFTER,
        keepaliveinterval: PROBE_EACH,
    };
    let mut given = 0;
    // SAFETY: the socket is open, and the times are there.
    succeeded(unsafe {
        ws::WSAIoctl(
            socket,
            ws::SIO_KEEPALIVE_VALS,
            (&raw const probes).cast(),
            size(&probes),
            ptr::null_mut(),
            0,
            &raw mut given,
            ptr::null_mut(),
            None,
        )
    })?;
    // Older releases of Windows know neither, ask ten times, and give up what is sent after 21 s.
    let _ = set_raw(socket, ws::IPPROTO_TCP, ws::TCP_KEEPCNT, Some(PROBES));
    let _ = set_raw(socket, ws::IPPROTO_TCP, ws::TCP_MAXRT, Some(UNACKNOWLEDGED));
    Ok(())
}

/// A socket for operations that do not wait, which no process inherits.
fn stream(address: &SocketAddr) -> io::Result<OwnedSocket> {
    start()?;
    let family = match address {
        SocketAddr::V4(_) => ws::AF_INET,
        SocketAddr::V6(_) => ws::AF_INET6,
    };
    let flags = ws::WSA_FLAG_OVERLAPPED | ws::WSA_FLAG_NO_HANDLE_INHERIT;
    // SAFETY: no other protocol than the usual one is named.
    let socket = unsafe {
        ws::WSASocketW(
            family.into(),
            ws::SOCK_STREAM,
            ws::IPPROTO_TCP,
            ptr::null(),
            0,
            flags,
        )
    };
    match socket {
        ws::INVALID_SOCKET => Err(last()),
        // SAFETY: it was just made, and nobody else has it.
        socket => Ok(unsafe { OwnedSocket::from_raw_socket(socket as u64) }),
    }
}

fn keep_from_children(socket: &OwnedSocket) -> io::Result<()> {
    // SAFETY: the socket is open.
    check(unsafe { SetHandleInformation(raw(socket) as HANDLE, HANDLE_FLAG_INHERIT, 0) })
}

fn bind(socket: &OwnedSocket, address: &SocketAddr) -> io::Result<()> {
    with_address(address, |name, length| {
        // SAFETY: the socket is open, and the address is one.
        succeeded(unsafe { ws::bind(raw(socket), name, length) })
    })
}

/// A function that no library has by name.
type ConnectEx = unsafe extern "system" fn(
    usize,
    *const ws::SOCKADDR,
    i32,
    *const c_void,
    u32,
    *mut u32,
    *mut OVERLAPPED,
) -> i32;

fn connect_ex(socket: &OwnedSocket) -> io::Result<ConnectEx> {
    let mut function: Option<ConnectEx> = None;
    let (name, mut given) = (ws::WSAID_CONNECTEX, 0);
    // SAFETY: the socket is open, its name is there, and room for a pointer.
    succeeded(unsafe {
        ws::WSAIoctl(
            raw(socket),
            ws::SIO_GET_EXTENSION_FUNCTION_POINTER,
            (&raw const name).cast(),
            size(&name),
            (&raw mut function).cast(),
            size(&function),
            &raw mut given,
            ptr::null_mut(),
            None,
        )
    })?;
    function.ok_or_else(|| ErrorKind::Unsupported.into())
}

fn set(socket: &OwnedSocket, level: i32, option: i32, value: u32) -> io::Result<()> {
    set_raw(raw(socket), level, option, Some(value))
}

fn set_raw(socket: ws::SOCKET, level: i32, option: i32, value: Option<u32>) -> io::Result<()> {
    let value = value.map(u32::to_ne_bytes);
    let (bytes, length) = match &value {
        Some(bytes) => (bytes.as_ptr(), size(bytes).cast_signed()),
        None => (ptr::null(), 0),
    };
    // SAFETY: the socket is open, and the value as long as is said.
    succeeded(unsafe { ws::setsockopt(socket, level, option, bytes, length) })
}

#[expect(clippy::cast_possible_truncation, reason = "it was a usize before")]
fn raw(socket: &OwnedSocket) -> ws::SOCKET {
    socket.as_raw_socket() as usize
}
