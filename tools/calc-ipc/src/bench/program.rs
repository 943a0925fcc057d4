//! A child process that is spoken to over its standard input and output.

use super::trouble::Trouble;
use crate::exit::Failure;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::fs::{self, File};
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take beyond what it was asked to take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a program may take to end.
const FAREWELL: Duration = Duration::from_secs(3);

/// The exit status of a program that cannot do what it is asked here.
const CANNOT: i32 = 77;

/// Becomes readable when the user wants all this to end.
pub(super) struct Interrupt(PipeReader);

impl Interrupt {
    pub(super) fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::low_level::pipe::register(signal, writer.try_clone()?)?;
        }
        Ok(Self(reader))
    }

    /// Waits for `fd`, if there is one, and says whether it came within `time`.
    fn wait(&self, fd: Option<PollFd<'_>>, time: Duration) -> Result<bool, Trouble> {
        let deadline = Instant::now() + time;
        let mut fds = vec![PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        fds.extend(fd);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // Rounded up: poll(2) knows milliseconds.
            let millis = left.as_micros().div_ceil(1000);
            let timeout = PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX);
            match poll(&mut fds, timeout) {
                Ok(0) => return Ok(false),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(Failure::io("poll", &error.into()).into()),
                Ok(_) if fds.first().and_then(PollFd::any).unwrap_or(true) => {
                    return Err(Trouble::Interrupted);
                }
                Ok(_) => return Ok(true),
            }
        }
    }

    /// Lets time pass.
    pub(super) fn pause(&self, time: Duration) -> Result<(), Trouble> {
        self.wait(None, time).map(drop)
    }
}

/// The process. It is told to end, and at last killed, when it is dropped.
pub(super) struct Program {
    title: String,
    child: Child,
    /// What it says on standard error.
    log: PathBuf,
}

impl Program {
    /// Starts it in a process group of its own: what the terminal sends to this program's group would end it
    /// before it could clean up.
    pub(super) fn start(
        mut command: Command,
        title: String,
        log: PathBuf,
    ) -> Result<Self, Trouble> {
        let errors = File::create(&log);
        let errors = errors.map_err(|error| Failure::io(log.display(), &error))?;
        let child = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|error| {
                let program = command.get_program().to_string_lossy();
                Trouble::Broken(format!("{title}: {program}: {error}"))
            })?;
        Ok(Self { title, child, log })
    }

    pub(super) fn pid(&self) -> Pid {
        pid(self.child.id())
    }

    /// Gives it a line.
    pub(super) fn tell(&mut self, line: &str) -> Result<(), Trouble> {
        let written = match &mut self.child.stdin {
            Some(input) => writeln!(input, "{line}").and_then(|()| input.flush()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        written.map_err(|_| self.ended())
    }

    /// Reads so many bytes, which it may take `time` and some patience to say.
    pub(super) fn read(
        &mut self,
        interrupt: &Interrupt,
        mut room: &mut [u8],
        time: Duration,
    ) -> Result<(), Trouble> {
        while !room.is_empty() {
            let Some(output) = &mut self.child.stdout else {
                return Err(self.ended());
            };
            let fd = PollFd::new(output.as_fd(), PollFlags::POLLIN);
            if !interrupt.wait(Some(fd), time + PATIENCE)? {
                let seconds = (time + PATIENCE).as_secs();
                let why = format!("{}: no answer for {seconds} s", self.title);
                return Err(Trouble::Broken(why));
            }
            match output.read(room) {
                Ok(0) | Err(_) => return Err(self.ended()),
                Ok(count) => room = room.get_mut(count..).unwrap_or_default(),
            }
        }
        Ok(())
    }

    /// Reads a line, a byte at a time: none is long.
    pub(super) fn read_line(&mut self, interrupt: &Interrupt) -> Result<String, Trouble> {
        const LONGEST: usize = 4096;
        let mut line = Vec::new();
        while line.len() < LONGEST {
            let mut byte = [0];
            self.read(interrupt, &mut byte, Duration::ZERO)?;
            if byte == *b"\n" {
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            line.extend(byte);
        }
        Err(Trouble::Broken(format!(
            "{}: a line without an end",
            self.title
        )))
    }

    /// How it ended, or that it stopped listening or speaking.
    fn ended(&mut self) -> Trouble {
        let status = self.wait();
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        let said = said.lines().last().map(str::to_owned);
        if status.is_some_and(|status| status.code() == Some(CANNOT)) {
            return Trouble::Unable(said.unwrap_or_else(|| "it says that it cannot".to_owned()));
        }
        let how = match status {
            Some(status) => format!("ended with {status}"),
            None => "closed its input or output".to_owned(),
        };
        let said = said.map_or_else(String::new, |line| format!(": {line}"));
        Trouble::Broken(format!("{}: {how}{said}", self.title))
    }

    /// Waits for its end, which should be near.
    fn wait(&mut self) -> Option<std::process::ExitStatus> {
        let deadline = Instant::now() + FAREWELL;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(1)),
                _ => return None,
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.stdin = None;
        if self.wait().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

pub(super) fn pid(id: u32) -> Pid {
    // No process has a number above this type's.
    Pid::from_raw(id.cast_signed())
}

/// The states of all threads of a process, as in /proc/PID/stat (proc_pid_stat(5)): none where there is no such process.
/// One whose first thread has ended (Z) has what it had open until the last one has ended, too.
fn states(process: Pid) -> Vec<char> {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    let state = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("stat")).ok()?;
        // Its name, in brackets, may hold anything.
        text.rsplit_once(')')?.1.trim_start().chars().next()
    };
    threads
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(state)
        .collect()
}

/// Kills a process.
pub(super) fn murder(process: Pid) {
    let _ = kill(process, Signal::SIGKILL);
}

/// Waits until all threads of a process are in one of these states, or gone.
pub(super) fn await_states(
    interrupt: &Interrupt,
    process: Pid,
    awaited: &[char],
) -> Result<(), Trouble> {
    wait_until(interrupt, process, || {
        states(process).iter().all(|state| awaited.contains(state))
    })
}

/// Waits until a process has ended, and with it all that it had open. Its threads are counted, since a list of them that is
/// read while they end may miss some.
pub(super) fn await_end(interrupt: &Interrupt, process: Pid) -> Result<(), Trouble> {
    wait_until(interrupt, process, || {
        let Ok(status) = fs::read_to_string(format!("/proc/{process}/status")) else {
            return true;
        };
        let field = |name| status.lines().find_map(|line| line.strip_prefix(name));
        let is_dead =
            field("State:").is_some_and(|state| state.trim_start().starts_with(['Z', 'X']));
        is_dead && field("Threads:").is_none_or(|count| matches!(count.trim(), "0" | "1"))
    })
}

fn wait_until(
    interrupt: &Interrupt,
    process: Pid,
    is_over: impl Fn() -> bool,
) -> Result<(), Trouble> {
    let deadline = Instant::now() + PATIENCE;
    while !is_over() {
        if Instant::now() > deadline {
            let states = states(process);
            let what = format!("process {process} is still in the states {states:?}");
            return Err(Trouble::Broken(what));
        }
        interrupt.pause(Duration::from_millis(1))?;
    }
    Ok(())
}

/// Stops a process, or lets it go on.
pub(super) fn freeze(process: Pid, is_frozen: bool) {
    let signal = match is_frozen {
        true => Signal::SIGSTOP,
        false => Signal::SIGCONT,
    };
    // If it has ended, whoever speaks to it next will tell.
    let _ = kill(process, signal);
}
