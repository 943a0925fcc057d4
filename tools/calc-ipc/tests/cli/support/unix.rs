//! What is Unix's in running the command: signals, and names in the file system.

use super::{Names, Output, Serving, finish, first_lines, names_in, read_on_thread};
use nix::sys::signal::{self, Signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::fs;
use std::path::Path;
use std::process::Command;

fn number(process: u32) -> Pid {
    Pid::from_raw(i32::try_from(process).unwrap())
}

/// Kills a process of this one's, which may have ended.
pub(super) fn kill(process: u32) {
    let _ = signal::kill(number(process), Signal::SIGKILL);
}

/// Copies a program to where any user may execute it. `install` writes it, and not this process, whose
/// other threads fork: a file that anybody has open for writing cannot be executed.
pub(crate) fn install(program: &Path, to: &Path) {
    let mut install = Command::new("install");
    install.args(["-m", "755"]).arg(program).arg(to);
    assert_eq!(finish(install, "").status, Some(0));
}

impl Serving {
    /// Runs `command`, which says that it serves one URL, but not on standard output.
    pub(crate) fn spawn_announced_on_stderr(command: Command) -> Self {
        let mut serving = Self::spawn_silent(command);
        serving.urls = first_lines(serving.child.stderr.as_mut().unwrap(), 1);
        serving
    }

    /// Waits for its end, and says how it ended and what else it said.
    pub(crate) fn wait(mut self) -> Output {
        let stdout = read_on_thread(self.child.stdout.take().unwrap());
        let stderr = read_on_thread(self.child.stderr.take().unwrap());
        let status = self.child.wait().unwrap();
        Output {
            status: status.code(),
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
        }
    }

    fn signal(&self, signal: Signal) {
        signal::kill(number(self.process()), signal).unwrap();
    }

    /// Stops it, and waits until it has: until then, it may still answer.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
        let process = number(self.process());
        let state = waitpid(process, Some(WaitPidFlag::WUNTRACED)).unwrap();
        assert_eq!(state, WaitStatus::Stopped(process, Signal::SIGSTOP));
    }

    pub(crate) fn end_by(self, signal: Signal) -> Output {
        self.signal(signal);
        self.wait()
    }
}

impl Names {
    /// Of each kind that has a name of its own.
    pub(crate) fn of_each_kind(&self) -> Vec<String> {
        vec![self.unix(), self.shm(), self.fifo()]
    }

    pub(crate) fn unix(&self) -> String {
        format!("unix://{}/sock", self.folder())
    }

    pub(crate) fn seqpacket(&self) -> String {
        format!("seqpacket://{}/records", self.folder())
    }

    pub(crate) fn fifo(&self) -> String {
        format!("fifo://{}/fifo", self.folder())
    }

    pub(crate) fn shm_at_path(&self) -> String {
        format!("shm://{}/memory", self.folder())
    }

    /// Every name that is in use.
    pub(crate) fn in_use(&self) -> Vec<String> {
        let mut all = names_in(Path::new("/dev/shm"));
        all.retain(|name| name.starts_with(self.word()));
        all.extend(self.files());
        all.sort();
        all
    }
}

/// Removes what servers at this name that were killed could not remove.
pub(super) fn forget(word: &str) {
    for name in [word.to_owned(), format!("{word}.lock")] {
        let _ = fs::remove_file(Path::new("/dev/shm").join(name));
    }
}
