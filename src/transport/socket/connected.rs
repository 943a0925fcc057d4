//! Waiting at a connected socket, whatever is sent over it.

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests;

use crate::error::{Error, Result};
use crate::sys::poll::{self, Awaited};
use crate::sys::ready::Want;
use crate::sys::{AsSource, Handle, Source, socket};
use crate::transport::{Deadline, Watches};
use std::io::{self, ErrorKind};
use std::time::Duration;

/// A connected socket.
///
/// What every blocking receive goes through is inlined into the stream's, though there are two: a call takes 3 % fewer
/// instructions.
#[derive(Debug)]
pub(in crate::transport) struct Connected {
    fd: Handle,
    /// What the kernel bounds a blocking receive with: a deadline that costs no system call.
    receive_timeout: Option<Duration>,
}

impl Connected {
    /// The server's end, which never blocks.
    pub(in crate::transport) fn accepted(fd: Handle) -> Self {
        Self {
            fd,
            receive_timeout: None,
        }
    }

    /// The client's end, most of whose waits last `timeout` at most.
    pub(in crate::transport) fn to_server(fd: Handle, timeout: Option<Duration>) -> Result<Self> {
        socket::set_receive_timeout(fd.as_source(), timeout)
            .map_err(|error| Error::os("set the receive timeout", &error))?;
        Ok(Self {
            fd,
            receive_timeout: timeout,
        })
    }

    /// Receives into `buffer`, waiting until something is there; `TimedOut` when the deadline passes first.
    ///
    /// `receive` waits as long as the kernel's timer lets it, `receive_now` does not.
    #[inline(always)]
    pub(in crate::transport) fn receive_by(
        &self,
        buffer: &mut [u8],
        deadline: &Deadline,
        receive: impl Fn(Source<'_>, &mut [u8]) -> io::Result<usize>,
        receive_now: impl Fn(Source<'_>, &mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if self.is_bounded_by_kernel(deadline) {
            match receive(self.as_source(), buffer) {
                Err(error) if is_passing(&error) => {}
                result => return result,
            }
        }
        self.wait_and_receive(buffer, deadline, receive_now)
    }

    #[cold]
    fn wait_and_receive(
        &self,
        buffer: &mut [u8],
        deadline: &Deadline,
        receive_now: impl Fn(Source<'_>, &mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let wait = || self.wait(Want::READ, deadline);
        wait_and_receive(wait, || receive_now(self.as_source(), buffer))
    }

    /// Waits for this; `TimedOut` when the deadline passes first.
    pub(in crate::transport) fn wait(&self, what: Want, deadline: &Deadline) -> io::Result<()> {
        match poll::wait(&mut [Awaited::new(self.as_source(), what)], deadline)? {
            true => Ok(()),
            false => Err(ErrorKind::TimedOut.into()),
        }
    }

    /// What to watch for something to read, and, if `for_room`, for room to write.
    pub(in crate::transport) fn watches(&self, for_room: bool) -> Watches<'_> {
        let want = match for_room {
            true => Want::READ | Want::WRITE,
            false => Want::READ,
        };
        Watches([Some((self.as_source(), want)), None, None])
    }

    /// Whether the kernel's own timer ends a wait close enough to the deadline: it is armed with
    /// the whole timeout, of which spinning took a little.
    #[inline(always)]
    fn is_bounded_by_kernel(&self, deadline: &Deadline) -> bool {
        match (self.receive_timeout, deadline.remaining()) {
            (None, None) => true,
            (Some(timeout), Some(remaining)) => timeout.saturating_sub(remaining) <= SLACK,
            _ => false,
        }
    }
}

impl AsSource for Connected {
    #[inline]
    fn as_source(&self) -> Source<'_> {
        self.fd.as_source()
    }
}

/// How much later than its deadline a wait may end so that it costs one system call, not two.
const SLACK: Duration = Duration::from_millis(1);

/// Receives what is waited for; what poll(2) announced may be gone again (select(2)).
fn wait_and_receive(
    wait: impl Fn() -> io::Result<()>,
    mut receive: impl FnMut() -> io::Result<usize>,
) -> io::Result<usize> {
    loop {
        wait()?;
        match receive() {
            Err(error) if is_passing(&error) => {}
            result => return result,
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
