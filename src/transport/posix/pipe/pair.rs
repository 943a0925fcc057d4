//! Two one-way pipes, or FIFOs, as one two-way stream.

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests;

use crate::sys::poll::{self, Awaited};
use crate::sys::ready::{Ready, Want};
use crate::sys::{AsSource, Bell, Handle, Source, pipe, transfer};
use crate::transport::channel::{Patient, Stream};
use crate::transport::reactor::Watched;
use crate::transport::{Deadline, Lifeline, Watches};
use std::io::{self, ErrorKind};
use std::time::Duration;

/// Two one-way pipes, of which this process has one end each, and both of the one that it writes to.
///
/// A pipe that has a reader in this process never raises SIGPIPE, so that writing needs neither a flag
/// that only new kernels know nor the thread's signal mask (see `sys::transfer::write`), which cost
/// more than the write(2) itself. That the peer has gone shows at the other pipe: its last
/// writer has.
#[derive(Debug)]
pub(in crate::transport) struct PipePair {
    input: Handle,
    output: Handle,
    /// Never read from; `None` where the output is open for reading too.
    _own_reader: Option<Handle>,
    /// Ends all waits once it rings; `None` where nothing can.
    halt: Option<Bell>,
}

/// For so long the input alone is waited for, since each further source makes poll(2) slower. What else is waited for is
/// then seen this much later.
pub(super) const SOON: Duration = Duration::from_millis(10);

impl PipePair {
    /// Both ends must be non-blocking, and `own_reader` the other end of `output`.
    pub(in crate::transport) fn new(input: Handle, output: Handle, own_reader: Handle) -> Self {
        Self {
            input,
            output,
            _own_reader: Some(own_reader),
            halt: None,
        }
    }

    /// Both ends must be non-blocking, and `output` a FIFO opened with [`End::Both`].
    ///
    /// [`End::Both`]: crate::sys::fifo::End::Both
    pub(in crate::transport) fn of_fifos(input: Handle, output: Handle) -> Self {
        Self {
            input,
            output,
            _own_reader: None,
            halt: None,
        }
    }

    /// Lets its waits be ended, see [`Patient::lifeline`].
    pub(in crate::transport) fn with_lifeline(self) -> io::Result<Self> {
        let halt = Some(Bell::new()?);
        Ok(Self { halt, ..self })
    }

    /// What ends its waits, as what is waited for.
    pub(in crate::transport) fn halt(&self) -> Option<Awaited<'_>> {
        let halt = self.halt.as_ref()?;
        Some(Awaited::new(halt.as_source(), Want::READ))
    }

    /// The input, as what is waited for.
    fn awaited_input(&self, wanted: Want) -> Awaited<'_> {
        Awaited::new(self.input.as_source(), wanted)
    }

    /// Lets both pipes hold messages of this length, where the system allows it.
    pub(in crate::transport) fn widen(&self, max_message: u32) {
        pipe::widen(self.input.as_source(), max_message);
        pipe::widen(self.output.as_source(), max_message);
    }

    /// Waits until the input has bytes or has ended; `end`, if given, becomes readable when the peer has ended.
    pub(in crate::transport) fn await_input(
        &self,
        end: Option<Source<'_>>,
        deadline: &Deadline,
    ) -> io::Result<()> {
        let input = || self.awaited_input(Want::READ);
        if end.is_none() && self.halt.is_none() {
            return in_time(poll::wait(&mut [input()], deadline)?);
        }
        if poll::wait_a_while(&mut [input()], SOON, deadline)? {
            return Ok(());
        }
        let mut sources = [
            input(),
            self.halt().unwrap_or_else(input),
            end.map_or_else(input, |end| Awaited::new(end, Want::READ)),
        ];
        in_time(poll::wait(&mut sources, deadline)?)?;
        let [input, halt, ended] = sources.map(|each| each.ready());
        if !input.is_empty() {
            return Ok(());
        }
        // Otherwise it was the input in a place that nothing else has: poll(2) looks at one after the other.
        check_ends(self.halt.as_ref().map(|_| halt), end.map(|_| ended))
    }

    /// Waits until there is room in the output, or `wanted` of the input; `end` as above. The peer's
    /// end is an error, since nobody will make room.
    pub(super) fn await_output(
        &self,
        wanted: Want,
        end: Option<Source<'_>>,
        deadline: &Deadline,
    ) -> io::Result<()> {
        let input = || self.awaited_input(wanted);
        let mut sources = [
            Awaited::new(self.output.as_source(), Want::WRITE),
            input(),
            self.halt().unwrap_or_else(input),
            end.map_or_else(input, |end| Awaited::new(end, Want::READ)),
        ];
        in_time(poll::wait(&mut sources, deadline)?)?;
        let [output, input, halt, ended] = sources.map(|each| each.ready());
        if output.contains(Ready::WRITABLE) || input.contains(Ready::READABLE) {
            return Ok(());
        }
        check_ends(self.halt.as_ref().map(|_| halt), end.map(|_| ended))?;
        match output.is_empty() && input.is_empty() {
            true => Ok(()), // The input in another place, as above.
            false => Err(ErrorKind::BrokenPipe.into()),
        }
    }
}

/// Fails if the wait was halted, or the peer has ended. `None`: that was not waited for.
fn check_ends(halt: Option<Ready>, end: Option<Ready>) -> io::Result<()> {
    let is_ready = |ready: Option<Ready>| ready.is_some_and(|ready| !ready.is_empty());
    if is_ready(halt) {
        return Err(halted());
    }
    match is_ready(end) {
        true => Err(ErrorKind::ConnectionAborted.into()),
        false => Ok(()),
    }
}

impl Stream for PipePair {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        transfer::read(self.input.as_source(), buffer)
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        transfer::write_to_own_reader(self.output.as_source(), bytes)
    }

    fn write_frame(&mut self, prefix: &[u8], body: &[u8]) -> io::Result<usize> {
        transfer::write_two_to_own_reader(self.output.as_source(), prefix, body)
    }
}

impl Patient for PipePair {
    fn read_by(&mut self, buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize> {
        read_or_wait(self, buffer, |pair| pair.await_input(None, deadline))
    }

    fn await_room(&mut self, deadline: &Deadline) -> io::Result<()> {
        self.await_output(Want::NOTHING, None, deadline)
    }

    fn await_any(&mut self, deadline: &Deadline) -> io::Result<()> {
        self.await_output(Want::READ, None, deadline)
    }

    fn watches(&self, for_room: bool) -> Watches<'_> {
        let room = match for_room {
            true => Want::WRITE,
            false => Want::NOTHING,
        };
        Watches([
            Some((self.input.as_source(), Want::READ)),
            Some((self.output.as_source(), room)),
            None,
        ])
    }

    fn lifeline(&self) -> Lifeline<'_> {
        self.halt.as_ref().map_or(Lifeline::None, Lifeline::Bell)
    }
}

/// The end of a wait by its lifeline.
pub(in crate::transport) fn halted() -> io::Error {
    ErrorKind::Interrupted.into()
}

/// Reads, and waits only if nothing is there: on one CPU the peer has often run, and answered, while
/// this process woke it by writing (6 % of a round trip).
pub(in crate::transport) fn read_or_wait<S: Stream>(
    stream: &mut S,
    buffer: &mut [u8],
    wait: impl Fn(&S) -> io::Result<()>,
) -> io::Result<usize> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait(stream)?,
            result => return result,
        }
    }
}

pub(in crate::transport) fn in_time(came: bool) -> io::Result<()> {
    if came {
        Ok(())
    } else {
        Err(ErrorKind::TimedOut.into())
    }
}

impl Watched for PipePair {
    fn input(&self) -> Source<'_> {
        self.input.as_source()
    }

    fn output(&self) -> Option<Source<'_>> {
        Some(self.output.as_source())
    }
}
