//! Safe wrappers over one primitive of the operating system each: the only `unsafe` beside `ffi`.
//!
//! What is the same everywhere stands here; what is not, in one folder per system, which nobody outside of
//! `sys` names.

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

#[cfg(unix)]
mod linux;
#[cfg(unix)]
use linux as os;

// What every system has to offer: its folder has all of these names, and what is above `sys` uses no others.
// Where one has no readiness, operations in flight look like it: a source is readable once one that reads has
// ended, and what it read is given at once.

// What is open. `Handle`: owned, closed when dropped and in forked children; `spare`, `duplicate`, `bequeath`,
// `own`, `is_own`. `Source`: what of it is watched and waited for, borrowed from all that is `AsSource`.
pub(crate) use os::fd::Fd as Handle;
pub(crate) use os::source::{AsSource, Source};

// Waiting. `Poller`: `new`; `add`, `change` and `remove` a source with a `Want` and a token; `wait` for `Event`s,
// each with its token and what is `Ready`; a source itself. `Bell`: `new`, `ring`, `has_rung`, `silence`, `renew`; a
// source that is readable from the first ring on. `Timer`: `new`, `set`; a source that is readable once its time has
// come. `poll`: `wait` until a deadline for a few sources, each of them `Awaited`,
// `wait_readable`, `wait_writable`, and the `state` of one at this moment.
pub use os::bell::Bell;
pub(crate) use os::poll;
pub(crate) use os::poller::{Event, Poller};
pub(crate) use os::timer::Timer;

// Bytes. `transfer`: `read`, `read_now`, `write` and `drain`, once, of whatever is open. `blocking`: `read_exact` and
// `write_all`, of what is the host's, and is `numbered` there; `number`, by which the host knows what is the library's. `socket`: connected ones of any family, how they are
// tuned, whose the other end is, and handles that go along. `tcp`: `resolve`, `listen`, `connect`.
pub(crate) use os::{blocking, socket, tcp, transfer};

// Memory that processes share: `memory`: `create`, `Mapping`; `LineAlarm`: wakes who sleeps on a line of it, an
// `alarm::Alarm`. Numbers that nobody guesses: `random`.
pub(crate) use os::futex::Futex as LineAlarm;
pub(crate) use os::{memory, random};

// Processes, threads, CPUs. `process`: `Child`, `fork_child`, `word`, `execute`, `effective_uid`. `fork`: `follow`,
// `generation`, `count`; `NoFork`: none happens while it lives. `thread`: `spawn`, `without_signals`, `preemptions`;
// `cancel`: `held_off`. `cpu`: `current`, `online`, `usable`. `is_shortage`: which errors pass by themselves.
pub(crate) use os::gate::NoFork;
pub(crate) use os::shortage::is_shortage;
pub(crate) use os::{cancel, cpu, fork, process, thread};

// What a system offers besides where servers have names in the file system. `file`: what stands behind one; `lock`:
// files that prove who owns it; `holder`: who has it open; `fifo` and `pipe`.
#[cfg(unix)]
pub(crate) use os::{fifo, file, holder, lock, pipe};
