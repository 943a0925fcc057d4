//! Safe wrappers over one primitive of the operating system each: the only `unsafe` beside `ffi`.
//!
//! What is the same everywhere stands here; what is not, in one folder per system, which nobody outside of
//! `sys` names: `linux`, `windows`, and for every other system `bare`, where nothing can be opened, and what opens nothing
//! works. What Windows has no equal of, it takes from there. Only this file tells systems apart. `build.rs` sets the cfg
//! `bare` for all but these two; where it is set by hand, tests of that system run on Linux, too.
#[cfg_attr(bare, expect(dead_code, reason = "nothing listens or connects"))]
mod addresses;
pub(crate) mod alarm;
pub(crate) mod atomic;
pub(crate) mod credentials;
pub(crate) mod deadline;
pub(crate) mod lent;
pub(crate) mod line;
pub(crate) mod loan_room;
pub(crate) mod moment;
pub(crate) mod mutex;
#[cfg_attr(any(bare, windows), expect(dead_code, reason = "nothing is forked"))]
pub(crate) mod panic;
pub(crate) mod place;
#[cfg_attr(
    any(bare, windows),
    expect(dead_code, reason = "nothing has such bits")
)]
pub(crate) mod ready;
pub(crate) mod room;
mod shared_bytes;
mod socket_type;
pub(crate) mod try_lock;
#[cfg_attr(bare, expect(dead_code, reason = "no memory is shared"))]
mod view;
pub(crate) mod wait;

#[cfg(any(bare, windows))]
#[cfg_attr(
    not(bare),
    allow(
        dead_code,
        unreachable_pub,
        unused_imports,
        reason = "a system takes what it lacks"
    )
)]
mod bare;
#[cfg(bare)]
use bare as os;
#[cfg(not(any(bare, windows)))]
mod linux;
#[cfg(not(any(bare, windows)))]
use linux as os;
#[cfg(all(windows, not(bare)))]
mod windows;
#[cfg(all(windows, not(bare)))]
use windows as os;

// What every system has to offer: its folder has all of these names, and what is above `sys` uses no others.
// Where one has no readiness, operations in flight look like it: a source is readable once one that reads has
// ended, and what it read is given at once.

// What is open. `Handle`: owned, closed when dropped and in forked children; `spare`, `duplicate`, `bequeath`,
// `own`, `is_own`. `Source`: what of it is watched and waited for, borrowed from all that is `AsSource`.
pub(crate) use os::{AsSource, Handle, Source};

// Waiting. `Poller`: `new`, `duplicate`; `add`, `change` and `remove` a source with a `Want` and a token; `wait` for `Event`s,
// each with its token and what is `Ready`; a source itself. `Bell`: `new`, `ring`, `has_rung`, `silence`, `renew`; a
// source that is readable from the first ring on. `Timer`: `new`, `set`; a source that is readable once its time has
// come. `poll`: `wait` until a deadline for a few sources, each of them `Awaited`, `wait_readable`, `wait_writable`, and
// the `state` of one at this moment. `Hangup`: ends the waits of a connection, whose `Lifeline` it knows, from anywhere.
pub use os::{Bell, Lifeline};
pub(crate) use os::{Event, Hangup, Poller, Timer, poll};

// `clock`, for `moment`: `lately`, which is read faster than the clock of deadlines, and its `lag` behind that; `None` where there is none.
use os::clock;

// Bytes. `transfer`: `read`, `read_now`, `write` and `drain`, once, of whatever is open. `blocking`: `read_exact` and
// `write_all`, of what is the host's: `numbered`, or `standard`. `socket`: connected ones of any family, how they are tuned,
// whose the other end is, whether what was sent still `is_sending`, and handles that go along. `tcp`: `resolve`, `listen`, `connect`, and the same in two steps,
// `begin` and `end`. `known`: `NUMBER` or `WAIT_HANDLE`, which gives by what the host's event loop knows a source of the
// library's; one of them at most is there. `named_pipe`: `listen`, `connect`, whether the server's end is trusted, and the
// client's process. `passed`: `all` that a service manager passed, each `Passed`, with its name, its `Place` and a `Handle` to take.
pub(crate) use os::{blocking, known, named_pipe, passed, socket, tcp, transfer};

// Memory that processes share: `memory`: `create`, `Mapping`; `LineAlarm`: wakes who sleeps on a line of it, an
// `alarm::Alarm`; `doorbell`: what wakes its server, a `Doorbell` there and a `Ringer` at the client, and the `BYTE` of
// the control socket's that does, if one does. Numbers that nobody guesses: `random`.
pub(crate) use os::{LineAlarm, doorbell, memory, random};

// Memory of this process's own, page by page: `pages`: `take`, `give_back`.
use os::pages;

// Processes, threads, CPUs. `process`: `Child`, `fork_child`, `word`, `execute`, `effective_uid`, `credentials`. `fork`: `follow`,
// `generation`, `count`; `NoFork`: none happens while it lives. `thread`: `spawn`, `without_signals`, `preemptions`, and a `Mark`
// of one, which tells whether the system has ended it, where one `MAY_BE_ENDED`;
// `cancel`: `held_off`, `held_to_points`. `cpu`: `current`, `online`, `usable`. `is_shortage`: which errors pass by themselves.
pub(crate) use os::{NoFork, cancel, cpu, fork, is_shortage, process, thread};

// Names in the file system, of systems on which servers have such; `bare` has them for others. `file`: what stands behind
// one; `lock`: files that prove who owns it; `holder`: who has it open; `fifo` and `pipe`.
pub(crate) use os::{fifo, file, holder, lock, pipe};

// Why this system has none of something, for people, with what to use in its place; `None` where it has. `lack`: `UNIX_SOCKETS`, `FIFOS`,
// `NAMED_PIPES`, `SHARED_MEMORY`, `TCP`, `PROGRAMS` to execute, `STANDARD_PIPES`, `PASSED_SOCKETS`, `FORKS`; `ALL`: why nothing at all can be opened.
pub(crate) use os::lack;

// `DRIVES`: whether absolute paths begin with the letter of a drive.
pub(crate) use os::DRIVES;
