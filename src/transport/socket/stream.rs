//! A connected socket, of whatever family, as a stream of bytes.

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests;

use super::connected::Connected;
use crate::error::Result;
use crate::sys::ready::Want;
use crate::sys::{AsSource, Handle, Source, socket};
use crate::transport::channel::{Patient, Stream};
use crate::transport::reactor::Watched;
use crate::transport::{Deadline, Lifeline, Watches};
use std::io;
use std::time::Duration;

/// A connected socket.
#[derive(Debug)]
pub(in crate::transport) struct SocketStream {
    socket: Connected,
    /// Who wrote to it may have sent handles along.
    may_carry_handles: bool,
    /// The last read ended where some came.
    was_cut: bool,
}

impl SocketStream {
    /// The server's end, which never blocks.
    pub(in crate::transport) fn accepted(fd: Handle) -> Self {
        Self::without_handles(Connected::accepted(fd))
    }

    /// The server's end, where the client can send handles along, which nobody asked for.
    pub(in crate::transport) fn accepted_with_handles(fd: Handle) -> Self {
        Self {
            may_carry_handles: true,
            ..Self::accepted(fd)
        }
    }

    /// The client's end, most of whose waits last `timeout` at most.
    pub(in crate::transport) fn connected(fd: Handle, timeout: Option<Duration>) -> Result<Self> {
        // Whoever waits for an answer reads until it is whole, so that handles do no harm.
        Connected::to_server(fd, timeout).map(Self::without_handles)
    }

    fn without_handles(socket: Connected) -> Self {
        Self {
            socket,
            may_carry_handles: false,
            was_cut: false,
        }
    }
}

impl Stream for SocketStream {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.may_carry_handles {
            return socket::recv_now(self.socket.as_source(), buffer);
        }
        let (count, was_cut) = socket::recv_now_or_cut(self.socket.as_source(), buffer)?;
        self.was_cut = was_cut;
        Ok(count)
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        socket::send_now(self.socket.as_source(), bytes)
    }

    fn write_frame(&mut self, prefix: &[u8], body: &[u8]) -> io::Result<usize> {
        socket::send_two(self.socket.as_source(), prefix, body)
    }
}

impl Patient for SocketStream {
    fn read_by(&mut self, buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize> {
        let (wait, now) = (socket::recv, socket::recv_now);
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

impl Watched for SocketStream {
    fn input(&self) -> Source<'_> {
        self.socket.as_source()
    }

    fn output(&self) -> Option<Source<'_>> {
        None
    }

    #[inline]
    fn was_cut(&self) -> bool {
        self.was_cut
    }

    fn is_sending(&self) -> bool {
        socket::is_sending(self.socket.as_source())
    }
}
