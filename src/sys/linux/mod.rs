//! The primitives of Linux and its kin, one file each.

pub(crate) mod bell;
pub(crate) mod blocking;
pub(crate) mod cancel;
pub(crate) mod cpu;
pub(crate) mod epoll;
pub(crate) mod fd;
pub(crate) mod file;
pub(crate) mod fork;
pub(crate) mod futex;
pub(crate) mod gate;
pub(crate) mod holder;
pub(crate) mod memory;
pub(crate) mod pipe;
pub(crate) mod poll;
pub(crate) mod process;
pub(crate) mod random;
mod raw;
pub(crate) mod sigpipe;
pub(crate) mod socket;
pub(crate) mod tcp;
pub(crate) mod thread;
mod user;
