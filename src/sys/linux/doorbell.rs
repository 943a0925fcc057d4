//! What wakes the two sides of shared memory: the server a bell that is in its client's hands, the client a futex.

use super::bell::Bell;
use super::fd::Fd;
use super::futex::Futex;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// What a client sends over its control socket to ring: nothing, it has a bell.
pub(crate) const BYTE: Option<u8> = None;

/// The server's end: what a client rings when the server sleeps.
#[derive(Debug)]
pub(crate) struct Doorbell(Bell);

impl Doorbell {
    /// One for a new client, and what wakes that client.
    pub(crate) fn new() -> io::Result<(Self, Futex)> {
        Ok((Self(Bell::new()?), Futex::new()?))
    }

    /// What the client has to be given, to make its [`Ringer`] of.
    pub(crate) fn for_client(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// What tells of rings beside the control socket. Never read, it still wakes at each ring.
    pub(crate) fn source(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

/// The client's end.
#[derive(Debug)]
pub(crate) struct Ringer(Bell);

impl Ringer {
    /// Of what the server gave, and of the control socket; with what the client sleeps by.
    pub(crate) fn from_peer(given: Fd, _control: &Fd) -> io::Result<(Self, Futex)> {
        Ok((Self(Bell::from_peer(given)?), Futex::new()?))
    }

    /// Wakes the server.
    pub(crate) fn ring(&self) {
        self.0.ring();
    }
}
