//! Processes: this one, and children that no one else notices more than they must.
//!
//! A child inherits the three handles that it is given and no other, whatever else of this process could be inherited. It is in
//! a job of its own, which ends with its owner: so a child, and what it started, ends even where this process is terminated.

use super::job::Job;
use super::object;
use super::start::Suspended;
use crate::sys::credentials::Credentials;
use crate::sys::deadline::Deadline;
use crate::sys::{Handle, Source};
use std::ffi::{CStr, OsString};
use std::io::{self, ErrorKind};
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};
use windows_sys::Win32::System::Threading::{GetExitCodeProcess, TerminateProcess};

/// No user's number: users of Windows have none.
pub(crate) fn effective_uid() -> u32 {
    u32::MAX
}

/// What the other end of a pipe would know of this process.
pub(crate) fn credentials() -> Credentials {
    Credentials {
        pid: Some(std::process::id()),
        ..Credentials::UNKNOWN
    }
}

/// A word of a command line: UTF-8, as all text of the library's. What is no text is shown as such.
pub(crate) fn word(word: &CStr) -> OsString {
    word.to_string_lossy().into_owned().into()
}

/// What a child exits with that is ended from outside.
const ENDED: u32 = 1;

/// Exit codes from here on are exceptions that nobody handled (NTSTATUS, of the severity of an error).
const EXCEPTIONS: u32 = 0xC000_0000;

/// A child of this process, followed by a handle, so that its number is never mistaken for that of a later process.
#[derive(Debug)]
pub(crate) struct Child {
    process: Handle,
    number: u32,
    /// `None` where this process is in a job that allows no other.
    job: Option<Job>,
}

/// Executes `argv`, found along the PATH, with these as its standard input and output.
pub(crate) fn execute(argv: &[&CStr], input: &Handle, output: &Handle) -> io::Result<Child> {
    let text = |word: &&CStr| Ok(word.to_str().map_err(|_| ErrorKind::InvalidInput)?.into());
    let words = argv.iter().map(text).collect::<io::Result<Vec<_>>>()?;
    Child::of(&words, input.as_handle(), output.as_handle())
}

impl Child {
    fn of(
        words: &[OsString],
        input: BorrowedHandle<'_>,
        output: BorrowedHandle<'_>,
    ) -> io::Result<Self> {
        let job = Job::new()?;
        let suspended = Suspended::new(words, input, output)?;
        // Before it runs, so that it has started nothing yet that would not be in the job.
        let is_taken = job.take(suspended.process.as_handle()).is_ok();
        let (process, number) = suspended.run()?;
        Ok(Self {
            process: process.into(),
            number,
            job: is_taken.then_some(job),
        })
    }

    /// Readable once the child has ended.
    pub(crate) fn watch(&self) -> Option<Source<'_>> {
        Some(self.process.as_source())
    }

    /// Waits for the child's end; `false` when the deadline passed first.
    pub(crate) fn wait(&self, deadline: &Deadline) -> bool {
        object::wait(self.process.as_handle(), deadline)
    }

    /// The number of the child's process.
    pub(crate) fn number(&self) -> i32 {
        self.number.cast_signed()
    }

    /// How the child has ended, for people, if it has by the deadline.
    pub(crate) fn epitaph(&self, deadline: &Deadline) -> Option<String> {
        self.wait(deadline).then(|| {
            match object::exit_code(self.process.as_handle()) {
                Some(code @ EXCEPTIONS..) => format!("ended by exception {code:#010x}"),
                Some(code) => format!("exited with status {code}"),
                None => "ended".into(),
            }
        })
    }

    /// Ends the child at once, and all that it has started.
    pub(crate) fn kill(&self) {
        match &self.job {
            Some(job) => job.end(ENDED),
            None => object::terminate(self.process.as_handle(), ENDED),
        }
    }
}
