//! The primitives of Windows; what it has no equal of, it takes from `bare`.

mod address;
mod call;
mod door;
mod event;
mod handle;
mod hangup;
pub(crate) mod known;
pub(crate) mod lack;
pub(crate) mod lock;
pub(crate) mod memory;
mod node;
mod op;
pub(crate) mod poll;
mod poller;
mod port;
mod room;
mod signal;
pub(crate) mod socket;
mod stream;
pub(crate) mod tcp;
mod timer;
pub(crate) mod transfer;
mod waiting;
mod winsock;

pub(crate) use super::bare::{
    LineAlarm, NoFork, blocking, cancel, cpu, fifo, file, fork, holder, pipe, process, random,
    thread,
};
pub(crate) use call::is_shortage;
pub(crate) use handle::Handle;
pub(crate) use hangup::Hangup;
pub use hangup::Lifeline;
pub(crate) use node::{AsSource, Source};
pub(crate) use poller::{Event, Poller};
pub use signal::Bell;
pub(crate) use timer::Timer;
