//! Ending what waits on a connection, from anywhere: shutdown(2), eventfd(2).

use super::{Bell, raw};
use nix::errno::Errno;
use std::hint;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32};

/// What ends the waits on a connection.
#[derive(Debug)]
pub enum Lifeline<'a> {
    /// The socket that is waited on, or asked whether the peer lives: it is shut down.
    Socket(BorrowedFd<'a>),
    /// A bell that all waits watch: it is rung.
    Bell(&'a Bell),
    /// There is nothing to wait on, as in a test.
    None,
}

/// Ends the waits on one connection after another, from any thread and any signal handler.
///
/// Its descriptor may be closed only where nobody is about to use it: whoever does is counted before it looks which one
/// that is, and who closes forgets it first, then waits for those. A signal handler that interrupts the wait has ended
/// before the wait goes on, so that none waits for itself.
#[derive(Debug)]
pub(crate) struct Hangup {
    /// -1: there is none.
    descriptor: AtomicI32,
    is_bell: AtomicBool,
    /// Those who are about to use it.
    users: AtomicU32,
    has_hung_up: AtomicBool,
}

impl Hangup {
    /// Nothing to end yet.
    pub(crate) const fn new() -> Self {
        Self {
            descriptor: AtomicI32::new(-1),
            is_bell: AtomicBool::new(false),
            users: AtomicU32::new(0),
            has_hung_up: AtomicBool::new(false),
        }
    }

    /// This connection's waits are ended from now on, at once if all were to end before. [`Hangup::forget`] comes before its
    /// end.
    pub(crate) fn watch(&self, lifeline: &Lifeline<'_>) {
        let (descriptor, is_bell) = match lifeline {
            Lifeline::Socket(socket) => (socket.as_raw_fd(), false),
            Lifeline::Bell(bell) => (bell.as_fd().as_raw_fd(), true),
            Lifeline::None => (-1, false),
        };
        self.is_bell.store(is_bell, SeqCst);
        self.descriptor.store(descriptor, SeqCst);
        if self.has_hung_up.load(SeqCst) {
            self.end();
        }
    }

    /// The connection is about to be closed.
    pub(crate) fn forget(&self) {
        self.descriptor.store(-1, SeqCst);
        while self.users.load(SeqCst) > 0 {
            hint::spin_loop(); // For two system calls of another thread.
        }
    }

    /// Ends what waits, and what will. Async-signal-safe, errno included.
    pub(crate) fn hang_up(&self) {
        self.has_hung_up.store(true, SeqCst);
        self.end();
    }

    fn end(&self) {
        let errno = Errno::last();
        self.users.fetch_add(1, SeqCst);
        let descriptor = self.descriptor.load(SeqCst);
        if descriptor >= 0 {
            // SAFETY: it is open until `forget` has returned, which waits for this one.
            let open = unsafe { BorrowedFd::borrow_raw(descriptor) };
            // Where they fail, the connection, or the wait, has ended.
            if self.is_bell.load(SeqCst) {
                let _ = raw::write(open, &1u64.to_ne_bytes());
            } else {
                raw::shut_down(open);
            }
        }
        self.users.fetch_sub(1, SeqCst);
        errno.set();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_wait_ends_whether_it_began_before_or_after() {
        for is_late in [false, true] {
            let (mut socket, _peer) = UnixStream::pair().unwrap();
            let hangup = Hangup::new();
            if is_late {
                hangup.hang_up();
            }
            hangup.watch(&Lifeline::Socket(socket.as_fd()));
            if !is_late {
                hangup.hang_up();
            }
            assert_eq!(socket.read(&mut [0]).unwrap(), 0);
        }
    }

    #[test]
    fn a_bell_is_rung_and_none_is_no_harm() {
        let bell = Bell::new().unwrap();
        let hangup = Hangup::new();
        hangup.watch(&Lifeline::Bell(&bell));
        hangup.hang_up();
        assert!(
            crate::sys::poll::state(bell.as_fd(), crate::sys::ready::Want::READ)
                .unwrap()
                .contains(crate::sys::ready::Ready::READABLE)
        );
        hangup.watch(&Lifeline::None);
        hangup.hang_up();
    }

    #[test]
    fn what_was_forgotten_is_left_alone() {
        let (socket, peer) = UnixStream::pair().unwrap();
        let hangup = Hangup::new();
        hangup.watch(&Lifeline::Socket(socket.as_fd()));
        hangup.forget();
        hangup.hang_up();
        peer.set_nonblocking(true).unwrap();
        let error = (&peer).read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    }
}
