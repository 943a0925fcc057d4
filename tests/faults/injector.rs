//! Answers the system calls of one process: counts them, and lets the one fail that is to.

use crate::calls::{CALLS, Call, Fault};
use crate::short;
use crate::sys::{self, Asked, Verdict};
use nix::errno::Errno;
use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Which call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one with this number, the first being 1.
    Nth(u32),
    /// Every one, as in a kernel that does not have it.
    Every,
}

/// One fault.
#[derive(Clone, Copy)]
pub struct Plan {
    pub call: &'static Call,
    pub which: Which,
    pub fault: Fault,
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.call.name;
        match self.which {
            Which::Nth(number) => write!(f, "{name} {number} {}", self.fault),
            Which::Every => write!(f, "{name} every {}", self.fault),
        }
    }
}

impl Plan {
    /// Whether the library promises that nobody sees this fault: a signal, less than was asked for, and
    /// what only newer kernels know.
    pub fn is_hidden(&self, transport: &str) -> bool {
        match self.fault {
            // The standard library's connect does not wait in connect(2), where a signal could come.
            Fault::Error(Errno::EINTR) => (transport, self.call.name) != ("tcp", "connect"),
            Fault::Error(Errno::EINVAL | Errno::EPERM) if self.call.name == "memfd_create" => true,
            Fault::Error(_) => self.which == Which::Every,
            Fault::Short => true,
        }
    }

    /// Whether the kernel promises never to answer so: a server's event loop relies on epoll(7), Q9, that
    /// less than was asked for, or EAGAIN, means that there was no more.
    pub fn is_impossible(&self, has_event_loop: bool) -> bool {
        has_event_loop
            && ["read", "recvfrom", "recvmsg"].contains(&self.call.name)
            && [Fault::Short, Fault::Error(Errno::EAGAIN)].contains(&self.fault)
    }

    /// What [`Plan`]'s text says.
    pub fn parse(text: &str) -> Option<Self> {
        let [name, which, fault] = text
            .split_whitespace()
            .collect::<Vec<_>>()
            .try_into()
            .ok()?;
        let call = CALLS.iter().find(|call| call.name == name)?;
        let fault = call.faults().find(|known| known.to_string() == fault)?;
        let which = match which {
            "every" => Which::Every,
            number => Which::Nth(number.parse().ok()?),
        };
        Some(Self { call, which, fault })
    }
}

/// Whose calls count, where a process forks another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The process's own.
    Own,
    /// Those of the processes that it made.
    Childs,
}

/// The filter of one process, and what is to happen.
pub struct Injector<'a> {
    listener: OwnedFd,
    process: i32,
    whose: Whose,
    plans: &'a [Plan],
    /// How often each call was made inside the library.
    pub counts: BTreeMap<&'static str, u32>,
    /// A call was not what the kernel would have made of it.
    pub has_injected: bool,
}

impl<'a> Injector<'a> {
    pub fn new(listener: OwnedFd, process: i32, whose: Whose, plans: &'a [Plan]) -> Self {
        Self {
            listener,
            process,
            whose,
            plans,
            counts: BTreeMap::new(),
            has_injected: false,
        }
    }

    /// Readable when a call waits for its verdict.
    pub fn watch(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// Decides the next call that waits; `in_library`: the process's first thread is.
    pub fn answer(&mut self, in_library: impl Fn() -> bool) {
        let Some(asked) = sys::next_asked(&self.listener) else {
            return;
        };
        let verdict = if self.concerns(&asked, in_library) {
            self.judge(&asked)
        } else {
            Verdict::Goes
        };
        sys::decide(&self.listener, asked.id, &verdict);
    }

    fn concerns(&self, asked: &Asked, in_library: impl Fn() -> bool) -> bool {
        let whose = if self.is_own(asked) {
            Whose::Own
        } else {
            Whose::Childs
        };
        whose == self.whose && (asked.thread != self.process || in_library())
    }

    fn is_own(&self, asked: &Asked) -> bool {
        asked.thread == self.process
            || Path::new(&format!("/proc/{}/task/{}", self.process, asked.thread)).exists()
    }

    fn is_event(&self, asked: &Asked) -> bool {
        let path = format!("/proc/{}/fd/{}", asked.thread, asked.arguments[0]);
        std::fs::read_link(path).is_ok_and(|target| target.ends_with("anon_inode:[eventfd]"))
    }

    fn judge(&mut self, asked: &Asked) -> Verdict {
        let call = CALLS
            .iter()
            .find(|call| call.numbers.contains(&asked.number));
        let Some(call) = call.filter(|call| call.counts(&asked.arguments)) else {
            return Verdict::Goes;
        };
        let count = self.counts.entry(call.name).or_default();
        *count += 1;
        let plan = self.plans.iter().find(|plan| {
            let comes = match plan.which {
                Which::Nth(number) => number == *count,
                Which::Every => true,
            };
            comes && plan.call.name == call.name
        });
        match plan.map(|plan| plan.fault) {
            None => Verdict::Goes,
            // An event has room, and is no pipe (eventfd(2)).
            Some(fault)
                if call.name == "write"
                    && fault != Fault::Error(Errno::EINTR)
                    && self.is_event(asked) =>
            {
                self.has_injected = true;
                Verdict::Goes
            }
            Some(Fault::Error(errno)) => {
                self.has_injected = true;
                Verdict::Fails(errno)
            }
            Some(Fault::Short) => {
                self.has_injected = true; // Or there is nothing to cut at this place.
                let process = if self.is_own(asked) {
                    self.process
                } else {
                    asked.thread
                };
                short::move_one(process, call.name, asked).map_or(Verdict::Goes, Verdict::Gives)
            }
        }
    }
}
