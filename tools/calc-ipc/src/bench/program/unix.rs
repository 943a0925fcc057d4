//! What running a program on Unix needs: output that is waited for so long, the signals that end it all, and processes.

use super::super::trouble::Trouble;
use super::PATIENCE;
use crate::exit::Failure;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::fs;
use std::io::{self, PipeReader, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdout, Command};
use std::time::{Duration, Instant};

/// A process's number.
pub(in crate::bench) type Process = Pid;

/// Becomes readable when the user wants all this to end.
pub(in crate::bench) struct Interrupt(PipeReader);

impl Interrupt {
    pub(in crate::bench) fn new() -> io::Result<Self> {
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
    pub(in crate::bench) fn pause(&self, time: Duration) -> Result<(), Trouble> {
        self.wait(None, time).map(drop)
    }
}

/// What a program says.
pub(super) struct Output(ChildStdout);

impl Output {
    #[expect(clippy::unnecessary_wraps, reason = "on Windows a thread reads it")]
    pub(super) fn of(output: ChildStdout) -> io::Result<Self> {
        Ok(Self(output))
    }

    /// Waits for something to read, or for the end, and says whether it came within `time`.
    pub(super) fn wait(&mut self, interrupt: &Interrupt, time: Duration) -> Result<bool, Trouble> {
        let fd = PollFd::new(self.0.as_fd(), PollFlags::POLLIN);
        interrupt.wait(Some(fd), time)
    }

    /// Reads what has come; 0 at the end.
    pub(super) fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.0.read(room)
    }
}

/// In a process group of its own: what the terminal sends to this program's group would end it before it could clean up.
pub(super) fn apart(command: &mut Command) -> &mut Command {
    command.process_group(0)
}

pub(in crate::bench) fn pid(id: u32) -> Pid {
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
pub(in crate::bench) fn murder(process: Pid) {
    let _ = kill(process, Signal::SIGKILL);
}

/// Waits until all threads of a process are in one of these states, or gone.
pub(in crate::bench) fn await_states(
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
pub(in crate::bench) fn await_end(interrupt: &Interrupt, process: Pid) -> Result<(), Trouble> {
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
pub(in crate::bench) fn freeze(process: Pid, is_frozen: bool) {
    let signal = match is_frozen {
        true => Signal::SIGSTOP,
        false => Signal::SIGCONT,
    };
    // If it has ended, whoever speaks to it next will tell.
    let _ = kill(process, signal);
}
