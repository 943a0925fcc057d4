//! Safe wrappers over one primitive of the operating system each: the only `unsafe` beside `ffi`.
//!
//! What is the same everywhere stands here; what is not, in one folder per system, which nobody outside of
//! `sys` names: `linux`, and `bare` for every other, where nothing can be opened and all works that opens nothing. Only
//! this file tells systems apart. The cfg `bare` is for tests of that one, which Linux runs.
#![cfg_attr(
    any(bare, not(target_os = "linux")),
    expect(dead_code, reason = "systems share more than that one needs")
)]

pub(crate) mod alarm;
pub(crate) mod atomic;
pub(crate) mod deadline;
pub(crate) mod line;
pub(crate) mod mutex;
pub(crate) mod panic;
pub(crate) mod ready;
pub(crate) mod room;
mod shared_bytes;
pub(crate) mod wait;

#[cfg(any(bare, not(target_os = "linux")))]
mod bare;
#[cfg(any(bare, not(target_os = "linux")))]
use bare as os;
#[cfg(all(target_os = "linux", not(bare)))]
mod linux;
#[cfg(all(target_os = "linux", not(bare)))]
use linux as os;

// What every system has to offer: its folder has all of these names, and what is above `sys` uses no others.
// Where one has no readiness, operations in flight look like it: a source is readable once one that reads has
// ended, and what it read is given at once.

// What is open. `Handle`: owned, closed when dropped and in forked children; `spare`, `duplicate`, `bequeath`,
// `own`, `is_own`. `Source`: what of it is watched and waited for, borrowed from all that is `AsSource`.
pub(crate) use os::{AsSource, Handle, Source};

// Waiting. `Poller`: `new`; `add`, `change` and `remove` a source with a `Want` and a token; `wait` for `Event`s,
// each with its token and what is `Ready`. `Bell`: `new`, `ring`, `has_rung`, `renew`; a source that is readable
// from the first ring on. `poll`: `wait` until a deadline for a few sources, each of them `Awaited`,
// `wait_readable`, `wait_writable`, and the `state` of one at this moment.
pub use os::Bell;
pub(crate) use os::{Event, Poller, poll};

// Bytes. `transfer`: `read`, `read_now`, `write` and `drain`, once, of whatever is open. `blocking`: `read_exact` and
// `write_all`, of what is the host's: `numbered`, or `standard`. `socket`: connected ones of any family, how they are
// tuned, whose the other end is, and handles that go along. `tcp`: `resolve`, `listen`, `connect`.
pub(crate) use os::{blocking, socket, tcp, transfer};

// Memory that processes share: `memory`: `create`, `Mapping`; `LineAlarm`: wakes who sleeps on a line of it, an
// `alarm::Alarm`. Numbers that nobody guesses: `random`.
pub(crate) use os::{LineAlarm, memory, random};

// Processes, threads, CPUs. `process`: `Child`, `fork_child`, `word`, `execute`, `effective_uid`. `fork`: `follow`,
// `generation`, `count`; `NoFork`: none happens while it lives. `thread`: `spawn`, `without_signals`, `preemptions`;
// `cancel`: `held_off`. `cpu`: `current`, `online`, `usable`. `is_shortage`: which errors pass by themselves.
pub(crate) use os::{NoFork, cancel, cpu, fork, is_shortage, process, thread};

// Names in the file system, of systems on which servers have such; `bare` has them for others. `file`: what stands behind
// one; `lock`: files that prove who owns it; `holder`: who has it open; `fifo` and `pipe`.
pub(crate) use os::{fifo, file, holder, lock, pipe};

// Why all of this is not to be had, and so no transport; `None` where it is.
pub(crate) use os::LACK;
