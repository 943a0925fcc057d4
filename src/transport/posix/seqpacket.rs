//! Unix domain sockets that keep records apart (SOCK_SEQPACKET, unix(7)): as Unix sockets in all else.
//!
//! A frame of up to [`RECORD_MAX`] bytes is one record, prefix included; a longer one travels as records of
//! `RECORD_MAX` bytes, of which the last may be shorter. No record that is sent holds parts of two frames. What is
//! received is taken as bytes, however frames were cut into records: but a longer record, and an empty one, which the
//! kernel does not tell from the end, end the connection.

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests;

use super::named::{self, NamedSocket};
use super::passed::PassedSocket;
use crate::error::Result;
use crate::protocol::frame::{self, PREFIX};
use crate::sys::ready::Want;
use crate::sys::socket::{self, Type};
use crate::sys::{AsSource, Handle, Source};
use crate::transport::channel::{Framed, Patient, Stream};
use crate::transport::reactor::Watched;
use crate::transport::socket::SocketEndpoint;
use crate::transport::socket::connected::Connected;
use crate::transport::{
    Channel, ClientOptions, Deadline, Endpoint, Lifeline, ServerOptions, Watches,
};
use std::io;
use std::path::Path;

const SOCKET: named::Kind = named::Kind {
    called: "seqpacket socket",
    in_lock: "seqpacket",
    of_type: Type::SeqPacket,
};

/// The longest record, in bytes: the longest frame that a limit lets in which nobody changed.
const RECORD_MAX: usize = PREFIX + (64 << 10);

/// A server's address: the socket at `path`, of at most 107 bytes.
pub(in crate::transport) fn bind(path: &str, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
    let socket = NamedSocket::bind(SOCKET, Path::new(path), options)?;
    let stream = |client| RecordStream::new(Connected::accepted(client));
    Ok(Box::new(SocketEndpoint::new(socket, stream, options)))
}

/// The same at a socket that a service manager passed, which listens at `path`.
pub(in crate::transport) fn serve_passed(
    socket: Handle,
    path: &str,
    options: &ServerOptions,
) -> Result<Box<dyn Endpoint>> {
    let socket = PassedSocket::new(SOCKET, socket, path, options)?;
    let stream = |client| RecordStream::new(Connected::accepted(client));
    Ok(Box::new(SocketEndpoint::new(socket, stream, options)))
}

/// Connects to the server at `path`.
pub(in crate::transport) fn connect(
    path: &str,
    options: &ClientOptions,
) -> Result<Box<dyn Channel>> {
    let fd = named::connect(SOCKET, Path::new(path), options)?;
    let stream = RecordStream::new(Connected::to_server(fd, options.call_timeout)?);
    let peer = format!("{} {path}", SOCKET.called);
    Ok(Box::new(Framed::new(stream, peer, options)))
}

/// Frames as records.
#[derive(Debug)]
struct RecordStream {
    socket: Connected,
    /// How many bytes of a frame that was begun are still to be sent.
    unsent: usize,
}

impl RecordStream {
    fn new(socket: Connected) -> Self {
        Self { socket, unsent: 0 }
    }
}

impl Stream for RecordStream {
    const LEAST_ROOM: usize = RECORD_MAX;

    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        socket::recv_record_now(self.socket.as_source(), buffer)
    }

    /// Writes one record.
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_frame(bytes, &[])
    }

    #[inline]
    fn write_frame(&mut self, prefix: &[u8], body: &[u8]) -> io::Result<usize> {
        let frame = match self.unsent {
            0 => frame::first_length(prefix),
            unsent => unsent,
        };
        let record = frame.min(RECORD_MAX);
        let first = start(prefix, record);
        let second = start(body, record - first.len());
        let sent = socket::send_record(self.socket.as_source(), first, second)?;
        self.unsent = frame - sent;
        Ok(sent)
    }
}

/// The first so many of these bytes, or all.
#[inline]
fn start(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(..length).unwrap_or(bytes)
}

impl Patient for RecordStream {
    fn read_by(&mut self, buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize> {
        let (wait, now) = (socket::recv_record, socket::recv_record_now);
        self.socket.receive_by(buffer, deadline, wait, now)
    }

    fn await_room(&mut self, deadline: &Deadline) -> io::Result<()> {
        self.socket.wait(Want::WRITE, deadline)
    }

    fn await_any(&mut self, deadline: &Deadline) -> io::Result<()> {
        self.socket.wait(Want::READ | Want::WRITE, deadline)
    }

    fn watches(&self, for_room: bool) -> Watches<'_> {
        self.socket.watches(for_room)
    }

    fn lifeline(&self) -> Lifeline<'_> {
        Lifeline::Socket(self.socket.as_source())
    }
}

impl Watched for RecordStream {
    fn input(&self) -> Source<'_> {
        self.socket.as_source()
    }

    fn output(&self) -> Option<Source<'_>> {
        None
    }

    /// A read gives one record, however many there are.
    #[inline]
    fn was_cut(&self) -> bool {
        true
    }
}
