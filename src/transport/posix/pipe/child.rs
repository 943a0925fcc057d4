//! The client's side: the child, and the pipes to it.

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests;

use super::pair::{PipePair, read_or_wait};
use crate::sys::fork;
use crate::sys::process::Child;
use crate::sys::ready::Want;
use crate::transport::channel::{Patient, Stream};
use crate::transport::{Deadline, Lifeline, Watches};
use std::io;
use std::time::Duration;

/// How long a child may take to end once its input has, before it is killed: a handler that hangs
/// must not hang its parent.
const FAREWELL: Duration = Duration::from_millis(500);

/// How long to wait for the child's own end after that of its pipe.
const OBITUARY: Duration = Duration::from_millis(100);

/// The parent's ends of the pipes, and the child. The ends are closed first, which tells the child to stop: fields are
/// dropped in the order of their declaration.
pub(super) struct ChildStream {
    pipes: PipePair,
    child: OwnChild,
}

/// A child that ends with its channel.
struct OwnChild {
    child: Child,
    /// The generation (fork.rs) of the process whose child it is.
    generation: u32,
}

impl Drop for OwnChild {
    fn drop(&mut self) {
        if self.generation != fork::generation() {
            return; // Another process's child.
        }
        if !self.child.wait(&Deadline::after(Some(FAREWELL))) {
            self.child.kill();
            self.child.wait(&Deadline::after(Some(FAREWELL)));
        }
    }
}

impl ChildStream {
    /// The stream to a child of this process.
    pub(super) fn new(pipes: PipePair, child: Child) -> Self {
        let generation = fork::generation();
        let child = OwnChild { child, generation };
        Self { pipes, child }
    }

    /// Waits for an answer, or for the child's end: a process that the child left behind may hold
    /// the other end of the pipe open.
    fn await_answer(&self, deadline: &Deadline) -> io::Result<()> {
        self.pipes.await_input(self.child.child.watch(), deadline)
    }
}

impl Stream for ChildStream {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.pipes.read(buffer)
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pipes.write(bytes)
    }

    fn write_frame(&mut self, prefix: &[u8], body: &[u8]) -> io::Result<usize> {
        self.pipes.write_frame(prefix, body)
    }
}

impl Patient for ChildStream {
    fn read_by(&mut self, buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize> {
        read_or_wait(self, buffer, |stream| stream.await_answer(deadline))
    }

    fn await_room(&mut self, deadline: &Deadline) -> io::Result<()> {
        let end = self.child.child.watch();
        self.pipes.await_output(Want::NOTHING, end, deadline)
    }

    fn await_any(&mut self, deadline: &Deadline) -> io::Result<()> {
        let end = self.child.child.watch();
        self.pipes.await_output(Want::READ, end, deadline)
    }

    fn watches(&self, for_room: bool) -> Watches<'_> {
        let Watches([input, output, _]) = self.pipes.watches(for_room);
        let end = self.child.child.watch().map(|end| (end, Want::READ));
        Watches([input, output, end])
    }

    fn lifeline(&self) -> Lifeline<'_> {
        self.pipes.lifeline()
    }

    fn peer_has_ended(&self) -> bool {
        let now = Deadline::after(Some(Duration::ZERO));
        self.child.child.epitaph(&now).is_some()
    }

    fn epitaph(&self) -> Option<String> {
        if self.child.generation != fork::generation() {
            return None; // Another process's child.
        }
        // Its pipes are closed a moment before its end can be told.
        let how = self.child.child.epitaph(&Deadline::after(Some(OBITUARY)));
        Some(how.unwrap_or_else(|| "closed its end of the pipe, but runs on".into()))
    }
}
