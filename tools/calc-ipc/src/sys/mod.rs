//! What a system has its own way for. `unsafe` is here alone: memory that two processes share, sleeping on a word in it, messages
//! where they lie, and on Windows what a console says, what pipes are, and what processes do.

#[cfg(unix)]
mod futex;
#[cfg(windows)]
mod job;
mod lent;
#[cfg(windows)]
mod pipe;
#[cfg(windows)]
mod process;
mod shared;
#[cfg(windows)]
mod system;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(windows)]
pub(crate) use job::end_with_this_process;
pub(crate) use lent::{Lent, echo_of_ends, in_place};
#[cfg(windows)]
pub(crate) use pipe::{accept_pipe, await_pipe, create_pipe, has_pipe, is_pipe_busy, pipe_server};
#[cfg(windows)]
pub(crate) use process::{move_to_processors, processor_time, processors, suspend, use_processors};
pub(crate) use shared::Shared;
#[cfg(windows)]
pub(crate) use system::system;
#[cfg(unix)]
pub(crate) use unix::{
    End, apart, await_end, cpu, host, input, is_stopped, kill_with_descendants, may_execute,
    may_write, system, user,
};
#[cfg(windows)]
pub(crate) use windows::{
    End, apart, await_end, cpu, host, input, is_stopped, kill_with_descendants, may_execute,
    may_write, user,
};
