//! The primitives of Windows; what it has no equal of, it takes from `bare`.

pub(crate) mod lack;

pub(crate) use super::bare::{
    AsSource, Event, Handle, Hangup, LineAlarm, NoFork, Poller, Source, Timer, blocking, cancel,
    cpu, fifo, file, fork, holder, is_shortage, lock, memory, pipe, poll, process, random, socket,
    tcp, thread, transfer,
};
pub use super::bare::{Bell, Lifeline};
