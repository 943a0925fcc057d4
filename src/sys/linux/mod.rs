//! The primitives of Linux and its kin, one file each.

mod bell;
pub(crate) mod blocking;
pub(crate) mod cancel;
pub(crate) mod cpu;
pub(crate) mod doorbell;
mod fd;
pub(crate) mod fifo;
pub(crate) mod file;
pub(crate) mod fork;
mod futex;
mod gate;
mod hangup;
pub(crate) mod holder;
pub(crate) mod known;
pub(crate) mod lack;
pub(crate) mod lock;
pub(crate) mod memory;
pub(crate) mod named_pipe;
pub(crate) mod pipe;
pub(crate) mod poll;
mod poller;
pub(crate) mod process;
pub(crate) mod random;
mod raw;
mod retry;
mod shortage;
mod sigpipe;
pub(crate) mod socket;
mod source;
pub(crate) mod tcp;
pub(crate) mod thread;
mod timer;
pub(crate) mod transfer;
mod user;

pub use bell::Bell;
pub(crate) use fd::Fd as Handle;
pub(crate) use futex::Futex as LineAlarm;
pub(crate) use gate::NoFork;
pub(crate) use hangup::Hangup;
pub use hangup::Lifeline;
pub(crate) use poller::{Event, Poller};
pub(crate) use shortage::is_shortage;
pub(crate) use source::{AsSource, Source};
pub(crate) use timer::Timer;

pub(crate) const DRIVES: bool = false;
