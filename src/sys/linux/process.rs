//! Child processes that no one else notices more than they must: fork(2), pidfd_open(2), waitid(2).

use super::fd::Fd;
use super::{fork, poll, sigpipe, thread};
use crate::sys::credentials::Credentials;
use crate::sys::deadline::Deadline;
use crate::sys::panic;
use nix::errno::Errno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, pthread_sigmask, sigaction,
};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::{ForkResult, Pid};
use std::ffi::{CStr, CString, OsString};
use std::fs::DirEntry;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

/// The user that this process acts as.
pub(crate) fn effective_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// What the other end of a socket would know of this process.
pub(crate) fn credentials() -> Credentials {
    Credentials {
        uid: Some(effective_uid()),
        gid: Some(nix::unistd::getegid().as_raw()),
        pid: Some(std::process::id()),
    }
}

/// A child of this process, followed by a descriptor, so that its number is never mistaken for
/// that of a later process.
#[derive(Debug)]
pub(crate) struct Child {
    pid: Pid,
    /// `None` on kernels before 5.3.
    pidfd: Option<Fd>,
}

impl Child {
    /// Follows the child with this number, which nothing has waited for yet.
    pub(crate) fn follow(pid: i32) -> Self {
        Self {
            pid: Pid::from_raw(pid),
            pidfd: Fd::make(|| open_pidfd(pid)).ok(),
        }
    }

    /// Readable once the child has ended, where the kernel has such a thing.
    pub(crate) fn watch(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(AsFd::as_fd)
    }

    /// Waits for the child's end and reaps it; `false` when the deadline passed first. A child
    /// that something else has reaped counts as ended.
    pub(crate) fn wait(&self, deadline: &Deadline) -> bool {
        loop {
            if self.reap() {
                return true;
            }
            if deadline.has_passed() {
                return false;
            }
            self.await_end(deadline);
        }
    }

    /// The number of the child's process.
    pub(crate) fn number(&self) -> i32 {
        self.pid.as_raw()
    }

    /// How the child has ended, for people, if it has by the deadline. It stays to be reaped.
    pub(crate) fn epitaph(&self, deadline: &Deadline) -> Option<String> {
        loop {
            match self.status(WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT) {
                Ok(WaitStatus::Exited(_, status)) => {
                    return Some(format!("exited with status {status}"));
                }
                Ok(WaitStatus::Signaled(_, signal, _)) => {
                    return Some(format!("was killed by {signal}"));
                }
                Ok(WaitStatus::StillAlive) if !deadline.has_passed() => self.await_end(deadline),
                _ => return None,
            }
        }
    }

    /// Ends the child at once.
    pub(crate) fn kill(&self) {
        let is_done = self.pidfd.as_ref().is_some_and(|pidfd| {
            // SAFETY: the descriptor is open, and no siginfo is passed.
            let result = unsafe {
                libc::syscall(
                    libc::SYS_pidfd_send_signal,
                    pidfd.as_raw_fd(),
                    libc::SIGKILL,
                    std::ptr::null::<libc::siginfo_t>(),
                    0,
                )
            };
            result == 0 || Errno::last() == Errno::ESRCH
        });
        // By its number, which is its own until `reap` has seen it: a zombie keeps it.
        if !is_done && !self.reap() {
            let _ = nix::sys::signal::kill(self.pid, Signal::SIGKILL);
        }
    }

    fn reap(&self) -> bool {
        match self.status(WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG) {
            Ok(status) => status.pid().is_some(),
            Err(error) => error == Errno::ECHILD,
        }
    }

    /// How the child is, by its descriptor if the kernel can (Linux 5.4, one later than has such descriptors).
    fn status(&self, flags: WaitPidFlag) -> nix::Result<WaitStatus> {
        match &self.pidfd {
            Some(pidfd) => match waitid(Id::PIDFd(pidfd.as_fd()), flags) {
                Err(Errno::EINVAL) => waitid(Id::Pid(self.pid), flags),
                result => result,
            },
            None => waitid(Id::Pid(self.pid), flags),
        }
    }

    fn await_end(&self, deadline: &Deadline) {
        match &self.pidfd {
            Some(pidfd) => drop(poll::wait_readable(pidfd.as_fd(), deadline)),
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Forks a child that keeps of all descriptors only `input`, `output` and standard error, runs
/// `body` with the first two and exits with what it gives; it never returns into the host's code, nor
/// runs its exit handlers.
pub(crate) fn fork_child(
    input: &Fd,
    output: &Fd,
    body: impl FnOnce(BorrowedFd<'_>, BorrowedFd<'_>) -> i32,
) -> io::Result<Child> {
    let kept = [input.as_raw_fd(), output.as_raw_fd()];
    // In the child they stay blocked until it has put the host's handlers away.
    let _blocked = thread::SignalsBlocked::new()?;
    // SAFETY: the child of a host with threads may use only what was not locked by another thread;
    // malloc is safe (the C library holds its locks over fork), the handler is the user's to answer
    // for, as the documentation of `create` says.
    match fork::keeping(kept, || unsafe { nix::unistd::fork() })? {
        ForkResult::Parent { child } => Ok(Child::follow(child.as_raw())),
        ForkResult::Child => {
            let status = panic::catch(|| {
                become_server(kept);
                body(input.as_fd(), output.as_fd())
            });
            // SAFETY: _exit ends the process, and runs and drops nothing of the host's.
            unsafe { libc::_exit(status.unwrap_or(1)) }
        }
    }
}

/// Why a file is not executed that this user may not execute.
pub(crate) const MAY_NOT_EXECUTE: &str =
    "this user may not execute it; chmod +x makes a file a program";

/// A word of a command line, which need be no text.
pub(crate) fn word(word: &CStr) -> OsString {
    OsString::from_vec(word.to_bytes().to_vec())
}

/// Executes `argv`, found by the PATH as a shell finds it, with these as its standard input and output.
///
/// Not by std's `Command`, which takes descriptors over and closes them where a fork may see them unnoted.
pub(crate) fn execute(argv: &[&CStr], input: &Fd, output: &Fd) -> io::Result<Child> {
    let program = argv.first().ok_or(Errno::EINVAL)?;
    let mut files = PosixSpawnFileActions::init()?;
    for (fd, standard) in [(input, 0), (output, 1)] {
        files.add_dup2(fd.as_raw_fd(), standard)?;
    }
    // As std does it: what ignores SIGPIPE seldom means its children to.
    let mut attributes = PosixSpawnAttr::init()?;
    let mut defaults = SigSet::empty();
    defaults.add(Signal::SIGPIPE);
    attributes.set_sigdefault(&defaults)?;
    attributes.set_flags(PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF)?;
    let pid = posix_spawnp(program, &files, &attributes, argv, &environment())?;
    Ok(Child::follow(pid.as_raw()))
}

/// This process's environment.
fn environment() -> Vec<CString> {
    let variable = |(name, value): (OsString, OsString)| {
        let mut text = name;
        text.push("=");
        text.push(value);
        CString::new(text.into_vec()).ok()
    };
    std::env::vars_os().filter_map(variable).collect()
}

/// In the child: nothing of the host's is left but memory and standard error.
fn become_server(kept: [i32; 2]) {
    reset_signals();
    close_all_but(kept);
    for standard in [0, 1] {
        // SAFETY: a NUL-terminated path; the lowest free number is `standard`, as all below it
        // were just opened and it was just closed.
        unsafe {
            libc::open(
                c"/dev/null".as_ptr(),
                if standard == 0 {
                    libc::O_RDONLY
                } else {
                    libc::O_WRONLY
                },
            )
        };
    }
}

/// Handlers of the host's go back to the default, as execve(2) would do it; SIGPIPE is ignored, and
/// so are the terminal's signals: the end of the input is the order to stop, and it comes when
/// the host has had its chance to use the answers. Only then are signals let through.
fn reset_signals() {
    let ignored = [
        Signal::SIGPIPE,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGHUP,
    ];
    for signal in Signal::iterator() {
        let handler = if ignored.contains(&signal) {
            SigHandler::SigIgn
        } else {
            SigHandler::SigDfl
        };
        let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
        // SAFETY: neither default nor ignore runs code. SIGKILL and SIGSTOP give EINVAL.
        let _ = unsafe { sigaction(signal, &action) };
    }
    sigpipe::ignore_for_good();
    let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None);
}

fn close_all_but(mut kept: [i32; 2]) {
    kept.sort_unstable();
    let [low, high] = kept;
    for standard in [0, 1] {
        // SAFETY: this process is the library's own; both ends are numbered 3 or higher.
        unsafe { libc::close(standard) };
    }
    close_range(3, low - 1);
    close_range(low + 1, high - 1);
    close_range(high + 1, i32::MAX);
}

/// Closes every descriptor from `first` to `last`: close_range(2), or, before Linux 5.9 and in
/// sandboxes that do not know it, one by one.
fn close_range(first: i32, last: i32) {
    if first > last {
        return;
    }
    // SAFETY: the process is the library's own child, and nothing in it uses these descriptors.
    if unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) } == 0 {
        return;
    }
    let close = |fd| {
        // SAFETY: as above.
        unsafe { libc::close(fd) };
    };
    match open_descriptors() {
        Ok(open) => open
            .into_iter()
            .filter(|fd| (first..=last).contains(fd))
            .for_each(close),
        Err(_) => (first..=last.min(LAST_NUMBER)).for_each(close),
    }
}

/// Where nothing says which numbers are in use, these are tried: the kernel's own limit unless root
/// raised it (/proc/sys/fs/nr_open). The limit of this process may be a thousand times as high, and
/// says nothing of what was opened before it was lowered.
const LAST_NUMBER: i32 = 1 << 20;

/// The numbers in use, and that of the folder in which they stand, which is closed again.
fn open_descriptors() -> io::Result<Vec<i32>> {
    let number = |entry: io::Result<DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
    Ok(std::fs::read_dir("/proc/self/fd")?
        .filter_map(number)
        .collect())
}

fn open_pidfd(pid: i32) -> nix::Result<OwnedFd> {
    // SAFETY: no pointers; the result is a new descriptor, close-on-exec by definition.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    let fd = i32::try_from(fd).map_err(|_| Errno::EBADF)?;
    // SAFETY: the kernel just made it, and nothing else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
