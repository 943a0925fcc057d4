//! The primitives of Windows; what it has no equal of, it takes from `bare`.

mod command_line;
pub(crate) mod cpu;
mod job;
pub(crate) mod lack;
mod program;
pub(crate) mod random;
mod start;

pub(crate) use super::bare::{
    AsSource, Event, Handle, Hangup, LineAlarm, NoFork, Poller, Source, Timer, blocking, cancel,
    doorbell, fifo, file, fork, holder, is_shortage, lock, memory, pipe, poll, process, socket,
    tcp, thread, transfer,
};
pub use super::bare::{Bell, Lifeline};
