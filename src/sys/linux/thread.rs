//! Threads of the library, to which no signal of the host is ever delivered.

use crate::sys::room;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use std::io;
use std::thread::{self, JoinHandle};

/// Starts a thread that blocks every signal from its first instruction on.
pub(crate) fn spawn(
    name: &str,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    without_signals(|| thread::Builder::new().name(name.into()).spawn(body))
}

/// Runs `start` with all signals blocked; a thread that it starts inherits that. There has to be memory
/// for what a thread allocates as it begins, for which it would end the process otherwise.
pub(crate) fn without_signals<T>(start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    if !room::has_headroom() {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    let _blocked = SignalsBlocked::new()?;
    start()
}

/// Whether the system may end a thread while it goes on in this library.
pub(crate) const MAY_BE_ENDED: bool = false;

/// The thread that made it, which no system ends before its time.
#[derive(Debug)]
pub(crate) struct Mark;

impl Mark {
    /// Of this thread.
    pub(crate) const fn here() -> Self {
        Self
    }

    /// Whether the system has ended it, whatever it was about to do.
    pub(crate) const fn has_ended(&self) -> bool {
        false
    }
}

/// A number of times, as wide as the system has it.
pub(crate) type Times = libc::c_long;

/// How often the kernel took this thread off its CPU although it had more to do (getrusage(2),
/// `ru_nivcsw`).
pub(crate) fn preemptions() -> Times {
    getrusage(UsageWho::RUSAGE_THREAD).map_or(0, |usage| usage.involuntary_context_switches())
}

/// All signals are blocked for this thread until it is dropped.
#[derive(Debug)]
pub(crate) struct SignalsBlocked {
    before: SigSet,
}

impl SignalsBlocked {
    pub(crate) fn new() -> io::Result<Self> {
        let mut before = SigSet::empty();
        pthread_sigmask(
            SigmaskHow::SIG_SETMASK,
            Some(&SigSet::all()),
            Some(&mut before),
        )?;
        Ok(Self { before })
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        // It fails for an unknown first argument only (pthread_sigmask(3)).
        let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None);
    }
}
