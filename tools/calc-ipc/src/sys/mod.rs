//! What a system has its own way for. `unsafe` is here alone: memory that two processes share, sleeping on a word in it, and on
//! Windows what a console says.

#[cfg(unix)]
mod futex;
#[cfg(unix)]
mod shared;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use futex::{wait_while, wake_one};
#[cfg(unix)]
pub(crate) use shared::Shared;
#[cfg(unix)]
pub(crate) use unix::{End, host, input, user};
#[cfg(windows)]
pub(crate) use windows::{End, host, input, user};
