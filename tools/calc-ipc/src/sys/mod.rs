//! What needs `unsafe`: memory that two processes share, and sleeping on a word in it.

mod futex;
mod shared;

pub(crate) use futex::{wait_while, wake_one};
pub(crate) use shared::Shared;
