//! A system of which nothing is known but what the standard library has: any without a folder of its own here.
//!
//! Whatever opens something fails with `Unsupported`. So nothing is ever open: the types of what would be have no values
//! ([`Absent`]), and their methods cannot be called. All that `sys/mod.rs` lists is here, as bare signatures; what each
//! is for stands with Linux's. A system to come takes from here what it has no equal of.

use std::io;

/// Functions that fail, each with the types of what it takes and of what it would give.
macro_rules! lacking {
    ($(fn $name:ident$(<$kind:ident>)?($($taken:ty),*) -> $given:ty;)*) => {
        $(pub(crate) fn $name$(<$kind>)?($(_: $taken),*) -> std::io::Result<$given> {
            Err($crate::sys::bare::lacks())
        })*
    };
}

/// Methods of what has no values, each with the types of what it takes beside that and of what it returns.
macro_rules! never {
    ($(fn $name:ident($($taken:ty),*) -> $given:ty;)*) => {
        $(pub(crate) fn $name(&self, $(_: $taken),*) -> $given {
            match self.0 {}
        })*
    };
}

mod bytes;
pub(crate) mod clock;
pub(crate) mod lack;
mod names;
mod open;
pub(crate) mod pages;
mod processes;
mod shared;

pub(crate) use bytes::{blocking, known, named_pipe, passed, poll, socket, tcp, transfer};
pub(crate) use names::{fifo, file, holder, lock, pipe};
pub(crate) use open::{AsSource, Event, Handle, Hangup, Poller, Source, Timer};
pub use open::{Bell, Lifeline};
pub(crate) use processes::{NoFork, cancel, cpu, fork, process, thread};
pub(crate) use shared::{LineAlarm, doorbell, memory, random};

/// The failure to open anything.
pub(in crate::sys) fn lacks() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, lack::FOR_LINUX)
}

/// What is never there.
#[derive(Clone, Copy, Debug)]
pub enum Absent {}

/// What was never there is not used up.
pub(crate) fn is_shortage(_: &io::Error) -> bool {
    false
}

pub(crate) const DRIVES: bool = false;
