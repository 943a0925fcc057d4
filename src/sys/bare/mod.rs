//! A system of which nothing is known but what the standard library has: any that has no folder of its own here.
//!
//! Whatever had to be opened is UNSUPPORTED. So there is nothing that is open, its types have no values ([`Absent`]), and what
//! is done with them is never come to. What `sys/mod.rs` lists is all here, as signatures, and says with Linux's what it is
//! for. A system to come takes from here what it has no equal of.

use std::io;

/// Functions that fail: a name, the types of what they take, and what others give that do not.
macro_rules! lacking {
    ($($(#[$about:meta])* fn $name:ident$(<$kind:ident>)?($($taken:ty),*) -> $given:ty;)*) => {
        $($(#[$about])*
        pub(crate) fn $name$(<$kind>)?($(_: $taken),*) -> std::io::Result<$given> {
            Err($crate::sys::bare::lack())
        })*
    };
}

/// Methods that nobody can call, as functions in [`lacking`] but with all that they give.
macro_rules! never {
    ($(fn $name:ident($($taken:ty),*) -> $given:ty;)*) => {
        $(pub(crate) fn $name(&self, $(_: $taken),*) -> $given {
            match self.0 {}
        })*
    };
}

mod bytes;
mod names;
mod open;
mod processes;
mod shared;

pub(crate) use bytes::{blocking, poll, socket, tcp, transfer};
pub(crate) use names::{fifo, file, holder, lock, pipe};
pub use open::Bell;
pub(crate) use open::{AsSource, Event, Handle, Poller, Source};
pub(crate) use processes::{NoFork, cancel, cpu, fork, process, thread};
pub(crate) use shared::{LineAlarm, memory, random};

pub(crate) const LACK: Option<&str> = Some(FOR_LINUX);

const FOR_LINUX: &str = "this part of calc_ipc is for Linux";

fn lack() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, FOR_LINUX)
}

/// What cannot be there: it has no values.
#[derive(Clone, Copy, Debug)]
pub enum Absent {}

/// Nothing is used up that was never there.
pub(crate) fn is_shortage(_: &io::Error) -> bool {
    false
}
