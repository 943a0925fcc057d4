//! Safe wrappers over one primitive of the operating system each: the only `unsafe` beside `ffi`.
//!
//! What is the same everywhere stands here; what is not, in one folder per system.

pub(crate) mod alarm;
pub(crate) mod atomic;
pub(crate) mod deadline;
pub(crate) mod line;
pub(crate) mod mutex;
pub(crate) mod panic;
pub(crate) mod room;
mod shared_bytes;
pub(crate) mod wait;

#[cfg(unix)]
pub(crate) mod linux;

#[cfg(unix)]
pub use linux::bell::Bell;
#[cfg(unix)]
pub(crate) use linux::{
    blocking, cancel, cpu::online as online_cpus, cpu::usable as usable_cpus, fork, gate::NoFork,
    thread,
};
