//! Processes: this one, and children that no one else notices more than they must.
//!
//! A child inherits the three handles that it is given and no other, whatever else of this process could be inherited. It is in
//! a job of its own, which ends with its owner: so a child, and what it started, ends even where this process is terminated.

use super::ended::Ended;
use super::job::Job;
use super::node::Node;
use super::object;
use super::plain::Plain;
use super::start::Suspended;
use crate::sys::credentials::Credentials;
use crate::sys::deadline::Deadline;
use crate::sys::{AsSource as _, Handle, Source};
use std::ffi::{CStr, OsString};
use std::io::{self, ErrorKind};
use std::os::windows::io::{AsHandle, BorrowedHandle};
use std::sync::Arc;

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

/// Why a file is not executed that this user may not execute.
pub(crate) const MAY_NOT_EXECUTE: &str = "this user may not execute it";

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
    end: Arc<Ended>,
    node: Node,
    number: u32,
    /// `None` where this process is in a job that allows no other.
    job: Option<Job>,
}

/// No process of Windows is a copy of another: whoever asks is refused before, see `lack`.
pub(crate) fn fork_child(
    _input: &Handle,
    _output: &Handle,
    _body: impl FnOnce(Source<'_>, Source<'_>) -> i32,
) -> io::Result<Child> {
    Err(ErrorKind::Unsupported.into())
}

/// Executes `argv`, found along the PATH, with these as its standard input and output.
pub(crate) fn execute(argv: &[&CStr], input: &Handle, output: &Handle) -> io::Result<Child> {
    let text = |word: &&CStr| Ok(word.to_str().map_err(|_| ErrorKind::InvalidInput)?.into());
    let words = argv.iter().map(text).collect::<io::Result<Vec<_>>>()?;
    Child::of(
        &words,
        Plain::of(input.as_source())?,
        Plain::of(output.as_source())?,
    )
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
        let end = Arc::new(Ended::of(process));
        Ok(Self {
            node: Node::new(end.clone()),
            end,
            number,
            job: is_taken.then_some(job),
        })
    }

    /// Readable once the child has ended.
    pub(crate) fn watch(&self) -> Option<Source<'_>> {
        Some(&self.node)
    }

    /// Waits for the child's end; `false` when the deadline passed first.
    pub(crate) fn wait(&self, deadline: &Deadline) -> bool {
        object::wait(self.end.process(), deadline)
    }

    /// The number of the child's process.
    pub(crate) fn number(&self) -> i32 {
        self.number.cast_signed()
    }

    /// How the child has ended, for people, if it has by the deadline.
    pub(crate) fn epitaph(&self, deadline: &Deadline) -> Option<String> {
        self.wait(deadline)
            .then(|| match object::exit_code(self.end.process()) {
                Some(code @ EXCEPTIONS..) => format!("ended by exception {code:#010x}"),
                Some(code) => format!("exited with status {code}"),
                None => "ended".into(),
            })
    }

    /// Ends the child at once, and all that it has started.
    pub(crate) fn kill(&self) {
        match &self.job {
            Some(job) => job.end(ENDED),
            None => object::terminate(self.end.process(), ENDED),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;
    use crate::sys::ready::Want;
    use crate::sys::windows::pipe::Pipe;
    use crate::sys::{Event, Poller, poll, transfer};
    use std::time::Duration;

    fn soon() -> Deadline {
        Deadline::after(Some(Duration::from_secs(60)))
    }

    fn now() -> Deadline {
        Deadline::after(Some(Duration::ZERO))
    }

    /// The usual interpreter of commands, told these words, and this process's ends of the pipes to it.
    fn command(words: &[&CStr]) -> (Child, Handle, Handle) {
        let (requests, answers) = (Pipe::to_child().unwrap(), Pipe::from_child().unwrap());
        let argv = [&[c"cmd"], words].concat();
        let child = execute(&argv, &requests.read, &answers.write).unwrap();
        (child, requests.write, answers.read)
    }

    /// What it writes until its end.
    fn output(from: &Handle) -> String {
        let mut all = Vec::new();
        let mut part = [0; 64];
        loop {
            match transfer::read(from.as_source(), &mut part) {
                Ok(0) => return String::from_utf8(all).unwrap(),
                Ok(count) => all.extend_from_slice(&part[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    assert!(poll::wait_readable(from.as_source(), &soon()).unwrap());
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn how_a_child_ended_is_told_once_it_has() {
        let (child, _input, _output) = command(&[c"/c", c"exit", c"3"]);
        assert!(poll::wait_readable(child.watch().unwrap(), &soon()).unwrap());
        assert!(child.wait(&now()));
        let how = child.epitaph(&now());
        assert_eq!(how.as_deref(), Some("exited with status 3"));
    }

    #[test]
    fn a_child_reads_and_writes_and_ends_with_its_input() {
        let (child, input, answers) = command(&[c"/q"]);
        assert!(child.number() > 0 && !child.wait(&now()) && child.epitaph(&now()).is_none());
        let written = transfer::write(input.as_source(), b"echo hel^lo\r\n").unwrap();
        assert_eq!(written, 13);
        drop(input);
        let said = output(&answers);
        assert!(said.contains("hello"), "{said}");
        assert!(child.wait(&soon()));
    }

    #[test]
    fn a_child_is_ended_with_what_it_has_started() {
        let (child, _input, answers) = command(&[c"/c", c"cmd", c"/c", c"pause"]);
        child.kill();
        assert!(child.wait(&soon()));
        output(&answers); // It ends: nobody has the other end any more.
    }

    #[test]
    fn no_child_outlives_the_last_handle_of_its_job() {
        let (child, _input, answers) = command(&[c"/c", c"cmd", c"/c", c"pause"]);
        drop(child);
        output(&answers);
    }

    #[test]
    fn a_poller_tells_of_the_end() {
        let (child, input, _output) = command(&[c"/q"]);
        let poller = Poller::new().unwrap();
        poller.add(child.watch().unwrap(), Want::READ, 7).unwrap();
        let mut events = [Event::EMPTY; 2];
        let now = Some(Duration::ZERO);
        assert_eq!(poller.wait(&mut events, now).unwrap(), 0);
        drop(input);
        assert_eq!(poller.wait(&mut events, None).unwrap(), 1);
        assert_eq!(events[0].token(), 7);
    }

    #[test]
    fn what_is_no_program_is_told() {
        let pipe = Pipe::to_child().unwrap();
        let other = Pipe::from_child().unwrap();
        for name in [c"no-such-program-anywhere", c"C:\\none\\x.exe"] {
            let error = execute(&[name], &pipe.read, &other.write).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        }
    }
}
