//! A connected socket, of whatever family.

#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::sys::poll::{self, Awaited};
use crate::sys::ready::Want;
use crate::sys::{AsSource, Handle, Source, socket};
use crate::transport::channel::{Patient, Stream};
use crate::transport::reactor::Watched;
use crate::transport::{Deadline, Watches};
use std::io::{self, ErrorKind};
use std::time::Duration;

/// A connected socket.
#[derive(Debug)]
pub(in crate::transport) struct SocketStream {
    fd: Handle,
    /// What the kernel bounds a blocking receive with: a deadline that costs no system call.
    receive_timeout: Option<Duration>,
    /// Who wrote to it may have sent descriptors along.
    may_carry_descriptors: bool,
    /// The last read ended where some came.
    was_cut: bool,
}

impl SocketStream {
    /// The server's end, which never blocks.
    pub(in crate::transport) fn accepted(fd: Handle, may_carry_descriptors: bool) -> Self {
        Self {
            fd,
            receive_timeout: None,
            may_carry_descriptors,
            was_cut: false,
        }
    }

    /// The client's end, most of whose waits last `timeout` at most.
    pub(in crate::transport) fn connected(fd: Handle, timeout: Option<Duration>) -> Result<Self> {
        socket::set_receive_timeout(fd.as_source(), timeout)
            .map_err(|error| Error::os("set the receive timeout", &error))?;
        Ok(Self {
            fd,
            receive_timeout: timeout,
            // Whoever waits for an answer reads until it is whole.
            may_carry_descriptors: false,
            was_cut: false,
        })
    }

    fn wait(&self, what: Want, deadline: &Deadline) -> io::Result<()> {
        match poll::wait(&mut [Awaited::new(self.fd.as_source(), what)], deadline)? {
            true => Ok(()),
            false => Err(ErrorKind::TimedOut.into()),
        }
    }

    /// Whether the kernel's own timer ends a wait close enough to the deadline: it is armed with
    /// the whole timeout, of which spinning took a little.
    fn is_bounded_by_kernel(&self, deadline: &Deadline) -> bool {
        match (self.receive_timeout, deadline.remaining()) {
            (None, None) => true,
            (Some(timeout), Some(remaining)) => timeout.saturating_sub(remaining) <= SLACK,
            _ => false,
        }
    }
}

/// How much later than its deadline a wait may end so that it costs one system call, not two.
const SLACK: Duration = Duration::from_millis(1);

impl Stream for SocketStream {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.may_carry_descriptors {
            return socket::recv_now(self.fd.as_source(), buffer);
        }
        let (count, was_cut) = socket::recv_now_or_cut(self.fd.as_source(), buffer)?;
        self.was_cut = was_cut;
        Ok(count)
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        socket::send_now(self.fd.as_source(), bytes)
    }

    fn write_frame(&mut self, prefix: &[u8], body: &[u8]) -> io::Result<usize> {
        socket::send_two(self.fd.as_source(), prefix, body)
    }
}

impl Patient for SocketStream {
    fn read_by(&mut self, buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize> {
        if self.is_bounded_by_kernel(deadline) {
            match socket::recv(self.fd.as_source(), buffer) {
                Err(error) if is_passing(&error) => {}
                result => return result,
            }
        }
        wait_and_read(self, buffer, |stream| stream.wait(Want::READ, deadline))
    }

    fn await_room(&mut self, deadline: &Deadline) -> io::Result<()> {
        self.wait(Want::WRITE, deadline)
    }

    fn await_any(&mut self, deadline: &Deadline) -> io::Result<()> {
        self.wait(Want::READ | Want::WRITE, deadline)
    }

    fn watches(&self, for_room: bool) -> Watches<'_> {
        let want = match for_room {
            true => Want::READ | Want::WRITE,
            false => Want::READ,
        };
        Watches([Some((self.fd.as_source(), want)), None, None])
    }
}

/// Reads what is waited for; what poll(2) announced may be gone again (select(2)).
fn wait_and_read<S: Stream>(
    stream: &mut S,
    buffer: &mut [u8],
    wait: impl Fn(&S) -> io::Result<()>,
) -> io::Result<usize> {
    loop {
        wait(stream)?;
        match stream.read(buffer) {
            Err(error) if is_passing(&error) => {}
            result => return result,
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

impl Watched for SocketStream {
    fn input(&self) -> Source<'_> {
        self.fd.as_source()
    }

    fn output(&self) -> Option<Source<'_>> {
        None
    }

    #[inline]
    fn was_cut(&self) -> bool {
        self.was_cut
    }
}
