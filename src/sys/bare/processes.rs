//! Processes, threads and CPUs, as far as the standard library knows them. No process forks, and no thread is cancelled.

#[derive(Debug)]
pub(crate) struct NoFork;

impl NoFork {
    pub(crate) fn begin() -> Self {
        Self
    }
}

pub(crate) mod fork {
    use std::io;

    pub(crate) fn follow() -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn generation() -> u32 {
        0
    }

    pub(crate) fn count() -> u32 {
        0
    }
}

pub(crate) mod cancel {
    #[inline(always)]
    pub(crate) fn held_off<T: Copy>(body: impl FnOnce() -> T) -> T {
        body()
    }

    #[inline(always)]
    pub(crate) fn held_to_points<T: Copy>(body: impl FnOnce() -> T) -> T {
        body()
    }
}

pub(crate) mod cpu {
    pub(crate) const UNKNOWN: u16 = u16::MAX;

    pub(crate) fn current() -> u16 {
        UNKNOWN
    }

    /// As far as this process may use them, which is all that is known.
    pub(crate) fn online() -> usize {
        usable()
    }

    pub(crate) fn usable() -> usize {
        std::thread::available_parallelism().map_or(1, |cpus| cpus.get())
    }
}

pub(crate) mod thread {
    use crate::sys::room;
    use std::io;
    use std::thread::{Builder, JoinHandle};

    pub(crate) type Times = u64;

    pub(crate) fn spawn(
        name: &str,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        without_signals(|| Builder::new().name(name.into()).spawn(body))
    }

    pub(crate) fn without_signals<T>(start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        if !room::has_headroom() {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        start()
    }

    /// Not that anybody knows.
    pub(crate) const MAY_BE_ENDED: bool = false;

    #[derive(Debug)]
    pub(crate) struct Mark;

    impl Mark {
        pub(crate) fn here() -> Self {
            Self
        }

        /// Not that anybody knows.
        pub(crate) fn has_ended(&self) -> bool {
            false
        }
    }

    /// None that is known of.
    pub(crate) fn preemptions() -> Times {
        0
    }
}

pub(crate) mod process {
    use crate::sys::bare::Absent;
    use crate::sys::credentials::Credentials;
    use crate::sys::deadline::Deadline;
    use crate::sys::{Handle, Source};
    use std::ffi::{CStr, OsString};

    #[derive(Debug)]
    pub(crate) struct Child(Absent);

    impl Child {
        never! {
            fn watch() -> Option<Source<'_>>;
            fn wait(&Deadline) -> bool;
            fn number() -> i32;
            fn epitaph(&Deadline) -> Option<String>;
            fn kill() -> ();
        }
    }

    lacking! {
        fn fork_child(&Handle, &Handle, impl FnOnce(Source<'_>, Source<'_>) -> i32) -> Child;
        fn execute(&[&CStr], &Handle, &Handle) -> Child;
    }

    pub(crate) const MAY_NOT_EXECUTE: &str = "this user may not execute it";

    /// What is no text is shown as such.
    pub(crate) fn word(word: &CStr) -> OsString {
        word.to_string_lossy().into_owned().into()
    }

    /// No user's number: none has one.
    pub(crate) fn effective_uid() -> u32 {
        u32::MAX
    }

    pub(crate) fn credentials() -> Credentials {
        Credentials::UNKNOWN
    }
}
