//! Children of the test program.

use super::state;
use libc::{c_int, pid_t};
use std::io::{Read, Write};
use std::process::Command;

/// A child of the test program, forked or executed, that is ended at the latest when it is dropped.
pub struct Process {
    number: pid_t,
    /// What it ended with, once it was waited for.
    status: Option<c_int>,
}

impl Process {
    /// Forks a process that runs `body` and exits with 0, or with 1 if that panics.
    pub fn fork(body: impl FnOnce()) -> Self {
        // SAFETY: the child uses the library, malloc and system calls; none of them needs what
        // another thread of the test may have locked, and it prints nothing unless it fails.
        match unsafe { libc::fork() } {
            0 => {
                let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
                // SAFETY: ends the child without running anything of the test's.
                unsafe { libc::_exit(i32::from(result.is_err())) }
            }
            number => {
                assert!(number > 0, "fork");
                Self::new(number)
            }
        }
    }

    /// As [`Process::fork`], and returns when the process says that it is ready, which `body` does by calling what
    /// it is given.
    pub fn fork_until_ready(body: impl FnOnce(&dyn Fn())) -> Self {
        let (mut said, say) = std::io::pipe().unwrap();
        let process = Self::fork(|| body(&|| (&say).write_all(b"R").unwrap()));
        drop(say);
        said.read_exact(&mut [0]).unwrap();
        process
    }

    /// A process that executes a program.
    #[expect(clippy::zombie_processes, reason = "it is waited for by its number")]
    pub fn execute(command: &mut Command) -> Self {
        let child = command.spawn().unwrap();
        Self::new(child.id().cast_signed())
    }

    fn new(number: pid_t) -> Self {
        Self {
            number,
            status: None,
        }
    }

    pub fn number(&self) -> pid_t {
        self.number
    }

    /// How many descriptors it has open.
    pub fn descriptors(&self) -> usize {
        state::descriptors(self.number)
    }

    pub fn signal(&self, signal: c_int) {
        assert!(self.status.is_none(), "it was waited for");
        send(self.number, signal);
    }

    /// Waits for its end; `true` when it exited with 0.
    pub fn succeeded(mut self) -> bool {
        self.wait() == 0
    }

    /// Waits for its end; what it exited with.
    pub fn code(mut self) -> c_int {
        let status = self.wait();
        assert!(libc::WIFEXITED(status), "{status}");
        libc::WEXITSTATUS(status)
    }

    /// Kills it, and is back when the kernel has taken its descriptors away.
    pub fn kill(&mut self) {
        self.signal(libc::SIGKILL);
        let status = self.wait();
        let is_killed = libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGKILL;
        assert!(is_killed, "it ended by itself: {status}");
    }

    pub fn is_running(&mut self) -> bool {
        if self.status.is_none() {
            self.reap(libc::WNOHANG);
        }
        self.status.is_none()
    }

    /// Waits for its end; what waitpid(2) says of it.
    pub fn wait(&mut self) -> c_int {
        loop {
            match self.status {
                Some(status) => return status,
                None => self.reap(0),
            }
        }
    }

    fn reap(&mut self, options: c_int) {
        let mut status = -1;
        // SAFETY: a child of this process that was not waited for, and a place for its status.
        match unsafe { libc::waitpid(self.number, &raw mut status, options) } {
            0 => {} // It runs.
            -1 => assert_eq!(nix::errno::Errno::last(), nix::errno::Errno::EINTR),
            _ => self.status = Some(status),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.status.is_none() {
            self.signal(libc::SIGKILL);
            self.wait();
        }
    }
}

/// Sends a signal to a process that this one, or a child of its, has not reaped.
pub fn send(process: pid_t, signal: c_int) {
    // SAFETY: the number is that of a process which nobody else can have reaped.
    assert_eq!(unsafe { libc::kill(process, signal) }, 0);
}

/// Lets this process do nothing until it is killed.
pub fn stay() -> ! {
    loop {
        std::thread::park();
    }
}
