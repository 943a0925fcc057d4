//! A process of the test program's own, executed anew: it inherits nothing but one socket, over which
//! it is told what to do and says what happened.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The variable that says what a process of this program is there for.
pub(crate) const ROLE: &str = "CALC_IPC_CRASH_ROLE";

/// Nothing here takes that long but a hang, on a machine however loaded.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Actor {
    process: Child,
    control: Control,
    /// The thread of it that obeys.
    thread: String,
}

impl Actor {
    /// A process that plays this role and has begun to.
    pub(crate) fn start(role: &str) -> Self {
        let (own, theirs) = UnixStream::pair().unwrap();
        own.set_read_timeout(Some(PATIENCE)).unwrap();
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "role::a_process_of_another_test", "--nocapture"])
            .env(ROLE, role)
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let control = Control::new(own);
        let mut actor = Self {
            process,
            control,
            thread: String::new(),
        };
        actor.thread = actor.hear();
        actor
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn say(&mut self, line: &str) {
        self.control.say(line);
    }

    pub(crate) fn hear(&mut self) -> String {
        self.control.hear().expect("the process has ended")
    }

    pub(crate) fn signal(&self, signal: i32) {
        send(self.pid(), signal);
    }

    /// Sees the process to its end, which has been ordered; `true` if it succeeded.
    pub(crate) fn end(mut self) -> bool {
        self.wait()
    }

    /// As [`Actor::end`], of one that is still needed.
    pub(crate) fn wait(&mut self) -> bool {
        self.process.wait().unwrap().success()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// Kills it, and is back when the kernel has taken its descriptors away.
    pub(crate) fn kill(mut self) {
        self.signal(libc::SIGKILL);
        let status = self.process.wait().unwrap();
        assert_eq!(status.signal(), Some(libc::SIGKILL), "it ended by itself");
    }

    /// Waits until the thread that obeys sleeps in the kernel.
    pub(crate) fn await_sleep(&self) {
        await_state(self.pid(), &self.thread, 'S');
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends a signal to a process that this one, or a child of its, has not reaped.
pub(crate) fn send(pid: u32, signal: i32) {
    // SAFETY: the number is that of a process which nobody else can have reaped.
    assert_eq!(unsafe { libc::kill(pid.cast_signed(), signal) }, 0);
}

/// Waits until a thread is in this state, as /proc names it.
pub(crate) fn await_state(pid: u32, thread: &str, state: char) {
    eventually(&format!("{pid}/{thread} is in state {state}"), || {
        let line = std::fs::read_to_string(format!("/proc/{pid}/task/{thread}/stat"));
        let line = line.unwrap();
        line.rsplit(") ").next().unwrap().starts_with(state)
    });
}

/// Waits for something that has to become true.
pub(crate) fn eventually(what: &str, mut is_true: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_true() {
        assert!(begin.elapsed() < PATIENCE, "it never came that {what}");
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// One end of the socket: lines of text.
pub(crate) struct Control {
    input: BufReader<UnixStream>,
}

impl Control {
    fn new(socket: UnixStream) -> Self {
        Self {
            input: BufReader::new(socket),
        }
    }

    /// This process's own end, at its standard input, for good. The number is duplicated so that it
    /// can be used beside another.
    pub(crate) fn own() -> Self {
        // SAFETY: standard input is the socket that `Actor::start` made it, open for good.
        let fd = unsafe { libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 3) };
        assert!(fd > 0);
        // SAFETY: a new number, owned by nobody else.
        Self::new(unsafe { UnixStream::from_raw_fd(fd) })
    }

    pub(crate) fn say(&mut self, line: &str) {
        let line = format!("{line}\n");
        self.input.get_mut().write_all(line.as_bytes()).unwrap();
    }

    /// The next line; `None` at the end.
    pub(crate) fn hear(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.input.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(line.trim_end().to_owned()),
            Err(error) => panic!("the process says nothing: {error}"),
        }
    }
}
