//! What a user says to a command on Unix, and what a command may ask about its user.

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{AccessFlags, Pid, eaccess, gethostname, getuid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};

/// The user's wish that the command ends: a signal.
pub(crate) struct End(Signals);

impl End {
    /// From now on, signals end nothing but the wait.
    pub(crate) fn watch() -> io::Result<Self> {
        Signals::new([SIGINT, SIGTERM, SIGHUP]).map(Self)
    }

    /// What ends the wait from elsewhere.
    pub(crate) fn closer(&self) -> impl Fn() + use<> {
        let handle: Handle = self.0.handle();
        move || handle.close()
    }

    pub(crate) fn wait(&mut self) {
        self.0.forever().next();
    }
}

/// Standard input as a file of its own.
pub(crate) fn input() -> io::Result<File> {
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

/// This machine's name.
pub(crate) fn host() -> Option<String> {
    gethostname().ok()?.into_string().ok()
}

/// This user's number.
pub(crate) fn user() -> Option<u32> {
    Some(getuid().as_raw())
}

/// Whether this user may execute this file.
pub(crate) fn may_execute(path: &Path) -> bool {
    eaccess(path, AccessFlags::X_OK).is_ok()
}

/// Whether this user may change this file, or make others in this folder.
pub(crate) fn may_write(path: &Path) -> bool {
    let search = match path.is_dir() {
        true => AccessFlags::X_OK,
        false => AccessFlags::empty(),
    };
    eaccess(path, AccessFlags::W_OK | search).is_ok()
}

/// Whether the process was stopped by a signal or a debugger (proc_pid_stat(5)).
pub(crate) fn is_stopped(process: u32) -> bool {
    let about = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name before it is in parentheses, and may have some of its own.
    let state = about.rsplit_once(')').map(|(_, rest)| rest.trim_start());
    state.is_some_and(|state| state.starts_with(['T', 't']))
}

/// Has the program and those that it starts be a group of their own, which signals of a terminal do not reach.
pub(crate) fn apart(command: &mut Command) {
    command.process_group(0);
}

/// Kills a child that is in a group of its own and was not waited for, and all that it started and that stayed there.
pub(crate) fn kill_with_descendants(child: &mut Child) {
    if let Ok(number) = i32::try_from(child.id()) {
        let _ = killpg(Pid::from_raw(number), Signal::SIGKILL);
    }
}

/// Waits until a child has ended, which still has to be waited for.
pub(crate) fn await_end(child: u32) {
    let Ok(number) = i32::try_from(child) else {
        return;
    };
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    while waitid(Id::Pid(Pid::from_raw(number)), flags) == Err(Errno::EINTR) {}
}

/// The processor, as the kernel calls it.
pub(crate) fn cpu() -> Option<String> {
    let about = fs::read_to_string("/proc/cpuinfo").ok()?;
    let lines = about.lines().filter_map(|line| line.split_once(':'));
    let mut names = lines.filter(|(key, _)| key.trim() == "model name");
    names.next().map(|(_, name)| name.trim().to_owned())
}

/// The system and its version.
pub(crate) fn system() -> String {
    let read = |name| fs::read_to_string(format!("/proc/sys/kernel/{name}"));
    let words =
        ["ostype", "osrelease"].map(|name| read(name).unwrap_or_default().trim().to_owned());
    words.join(" ")
}
