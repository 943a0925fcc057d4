//! The public pair: for a peer that knows the frames and nothing else.

use crate::sys::{AsSource, Handle, Source, transfer};
use crate::transport::channel::Stream;
use crate::transport::reactor::Watched;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The two public FIFOs, held open by the server from bind to drop.
#[derive(Debug)]
pub(super) struct PublicPair {
    /// Opened for reading only, so that a read tells when the last writer has closed it.
    pub(super) requests: Handle,
    /// Opened for both, so that it can be written to, and emptied, also without a reader.
    pub(super) answers: Handle,
    /// A client is being served.
    is_taken: AtomicBool,
    /// The client was dropped. What is written until the last writer has closed the FIFO is discarded.
    has_dropped_writer: AtomicBool,
}

/// Reads in one turn of discarding requests: enough for the largest pipe of a user (/proc/sys/fs/pipe-max-size), so that
/// none is left once the last writer has gone, and no more, so that a writer who never pauses does not keep the thread.
const READS_A_TURN: usize = 256;

impl PublicPair {
    pub(super) fn new(requests: Handle, answers: Handle) -> Self {
        Self {
            requests,
            answers,
            is_taken: AtomicBool::new(false),
            has_dropped_writer: AtomicBool::new(false),
        }
    }

    /// The pair as a client, unless there is one.
    pub(super) fn take(self: &Arc<Self>) -> io::Result<Option<PublicStream>> {
        // A poller takes a source once.
        let input = self.requests.duplicate()?;
        let was_taken = self.is_taken.swap(true, Ordering::Relaxed);
        Ok((!was_taken).then(|| PublicStream {
            input,
            has_left: false,
            pair: Arc::clone(self),
        }))
    }

    /// Discards what a dropped peer wrote, and says whether the peer still has the FIFO open.
    pub(super) fn discard_of_dropped(&self) -> bool {
        if !self.has_dropped_writer.load(Ordering::Relaxed) {
            return false;
        }
        let has_writer = self.discard_requests();
        if !has_writer {
            self.discard_answers();
        }
        self.has_dropped_writer.store(has_writer, Ordering::Relaxed);
        has_writer
    }

    /// Discards the requests that are there; `false` when the last writer has gone.
    fn discard_requests(&self) -> bool {
        let mut waste = [0; 4096];
        let mut read = || transfer::read(self.requests.as_source(), &mut waste);
        let end = (0..READS_A_TURN)
            .map(|_| read())
            .find(|result| !matches!(result, Ok(1..)));
        !matches!(end, Some(Ok(0)))
    }

    /// Discards answers that nobody read, so that no client takes them for later ones.
    fn discard_answers(&self) {
        transfer::drain(self.answers.as_source());
    }
}

/// The client of the public pair: all its writers, until the last one closes it.
pub(super) struct PublicStream {
    input: Handle,
    /// The last writer has closed it.
    has_left: bool,
    pair: Arc<PublicPair>,
}

impl Stream for PublicStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = transfer::read(self.input.as_source(), buffer);
        self.has_left = matches!(result, Ok(0));
        result
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        transfer::write_to_own_reader(self.pair.answers.as_source(), bytes)
    }

    fn write_frame(&mut self, prefix: &[u8], body: &[u8]) -> io::Result<usize> {
        transfer::write_two_to_own_reader(self.pair.answers.as_source(), prefix, body)
    }
}

impl Watched for PublicStream {
    fn input(&self) -> Source<'_> {
        self.input.as_source()
    }

    fn output(&self) -> Option<Source<'_>> {
        Some(self.pair.answers.as_source())
    }

    fn before_answers(&mut self) {
        self.pair.discard_answers();
    }

    /// Whoever wrote may have closed the one FIFO and wait at the other.
    fn ends_by_hang_up(&self) -> bool {
        false
    }
}

impl Drop for PublicStream {
    fn drop(&mut self) {
        if self.has_left {
            self.pair.discard_answers();
        } else {
            // The server ended it: its last answer stays for a peer that is still there.
            self.pair.has_dropped_writer.store(true, Ordering::Relaxed);
            self.pair.discard_of_dropped();
        }
        self.pair.is_taken.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests {
    use super::*;
    use crate::sys::fifo::{self, End};
    use crate::sys::{AsSource, transfer};
    use crate::transport::posix::fifo::tests::Folder;
    use std::io::ErrorKind;

    #[test]
    fn answers_that_nobody_read_are_gone_before_the_next() {
        let folder = Folder::new();
        let [requests, answers] = ["q", "a"].map(|name| folder.path(name));
        assert!(fifo::make(&requests).unwrap() && fifo::make(&answers).unwrap());
        let requests = fifo::open(&requests, End::Read).unwrap();
        let answers = fifo::open(&answers, End::Both).unwrap();
        let pair = Arc::new(PublicPair::new(requests, answers));
        let read = |bytes: &mut [u8]| transfer::read(pair.answers.as_source(), bytes);
        let mut stream = pair.take().unwrap().unwrap();
        let output = stream.output().map(|output| format!("{output:?}"));
        let answers = format!("{:?}", pair.answers.as_source());
        assert_eq!(output, Some(answers));

        let mut bytes = [0; 4];
        assert_eq!(stream.write_frame(b"ab", b"c").unwrap(), 3);
        assert_eq!(read(&mut bytes).unwrap(), 3);
        assert_eq!(&bytes, b"abc\0");
        assert_eq!(stream.write(b"old").unwrap(), 3);
        stream.before_answers();
        let error = read(&mut bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
}
