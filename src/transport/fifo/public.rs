//! The public pair: for a peer that knows the frames and nothing else.

use crate::sys::unix::fd::{self, Fd};
use crate::transport::framed::Stream;
use crate::transport::reactor::Watched;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The two public FIFOs, held open by the server from bind to drop.
#[derive(Debug)]
pub(super) struct PublicPair {
    /// Opened for reading only, so that the last writer's leaving is seen.
    pub(super) requests: Fd,
    /// Opened for both, so that it can be written to, and emptied, whether anybody reads or not.
    pub(super) answers: Fd,
    /// Somebody is being served.
    is_taken: AtomicBool,
}

impl PublicPair {
    pub(super) fn new(requests: Fd, answers: Fd) -> Self {
        Self {
            requests,
            answers,
            is_taken: AtomicBool::new(false),
        }
    }

    /// The pair as a client, unless there is one.
    pub(super) fn take(self: &Arc<Self>) -> io::Result<Option<PublicStream>> {
        // Two entries in one epoll set need two descriptors.
        let input = Fd::new(self.requests.as_fd().try_clone_to_owned()?);
        let was_taken = self.is_taken.swap(true, Ordering::Relaxed);
        Ok((!was_taken).then(|| PublicStream {
            input,
            pair: Arc::clone(self),
        }))
    }

    /// Throws away answers that nobody read, so that nobody takes them for later ones.
    fn discard_answers(&self) {
        fd::drain(self.answers.as_fd());
    }
}

/// Whoever writes to the public pair, until the last writer leaves.
pub(super) struct PublicStream {
    input: Fd,
    pair: Arc<PublicPair>,
}

impl Stream for PublicStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        fd::read(self.input.as_fd(), buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        fd::write(self.pair.answers.as_fd(), bytes)
    }

    fn write_frame(&mut self, prefix: &[u8], body: &[u8]) -> io::Result<usize> {
        fd::write_two(self.pair.answers.as_fd(), prefix, body)
    }
}

impl Watched for PublicStream {
    fn input(&self) -> BorrowedFd<'_> {
        self.input.as_fd()
    }

    fn output(&self) -> Option<BorrowedFd<'_>> {
        Some(self.pair.answers.as_fd())
    }

    fn before_answers(&mut self) {
        self.pair.discard_answers();
    }

    const READS_UNTIL_EMPTY: bool = true;
}

impl Drop for PublicStream {
    fn drop(&mut self) {
        self.pair.discard_answers();
        self.pair.is_taken.store(false, Ordering::Relaxed);
    }
}
