//! What is connected, as sockets are used: those of TCP, and named pipes.

pub(crate) use super::carry::{
    HANDLES_IN_BAND, handles_in_band, recv_with_handles, send_with_handles,
};
use super::door::Door;
use super::node::Source;
use super::stream::Stream;
use crate::sys::Handle;
pub(crate) use crate::sys::bare::socket::{
    PATH_MAX, Type, bind_narrow, connect, is_alive, is_of_another_type, peer, recv_record,
    recv_record_now, send_record,
};
use crate::sys::ready::Want;
use std::io;
use std::time::Duration;

/// Takes the next client in line, without waiting for one.
pub(crate) fn accept(listening: Source<'_>) -> io::Result<Handle> {
    Door::of(listening)?.accept()
}

/// It listens already.
pub(crate) fn listen(listening: Source<'_>) -> io::Result<()> {
    Door::of(listening).map(drop)
}

/// Listening ends as the door is dropped: no other process has it.
pub(crate) fn end_listening(listening: Source<'_>) -> io::Result<()> {
    Door::of(listening).map(drop)
}

/// Sends what is written at once, and finds out when the peer's machine has vanished.
pub(crate) fn tune_tcp(source: Source<'_>) -> io::Result<()> {
    super::tcp::tune(Stream::of(source)?)
}

/// Bounds every [`recv`]; `None`: without limit.
pub(crate) fn set_receive_timeout(source: Source<'_>, timeout: Option<Duration>) -> io::Result<()> {
    Stream::of(source).map(|stream| stream.set_receive_timeout(timeout))
}

/// Receives once, waiting until something is there; `WouldBlock` when the receive timeout passed first.
pub(crate) fn recv(source: Source<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    let stream = Stream::of(source)?;
    stream.read_within(buffer, stream.receive_timeout())
}

/// Receives once what is there, without waiting.
pub(crate) fn recv_now(source: Source<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    Stream::of(source)?.read(buffer)
}

/// Receives once what is there, without waiting; no handles come along, at which a read would end.
pub(crate) fn recv_now_or_cut(source: Source<'_>, buffer: &mut [u8]) -> io::Result<(usize, bool)> {
    Ok((recv_now(source, buffer)?, false))
}

/// Sends once what there is room for, without waiting.
pub(crate) fn send_now(source: Source<'_>, bytes: &[u8]) -> io::Result<usize> {
    Stream::of(source)?.write(bytes, &[])
}

/// Sends two pieces as one, as [`send_now`].
pub(crate) fn send_two(source: Source<'_>, first: &[u8], second: &[u8]) -> io::Result<usize> {
    Stream::of(source)?.write(first, second)
}

/// Whether bytes that count as sent are still this process's, whose end would cut them: a pipe's that its reader has no room for.
pub(crate) fn is_sending(source: Source<'_>) -> bool {
    // What has gone is noted by who looks.
    let has_looked = super::poll::state(source, Want::WRITE).is_ok();
    has_looked && Stream::of(source).is_ok_and(Stream::is_sending)
}

/// Both ends of a connection over which handles can go along: the server's, and the client's.
#[cfg(test)]
pub(crate) fn pair() -> (Handle, Handle) {
    let [[server, client], _] = super::stream::tests::pair();
    (server, client)
}
