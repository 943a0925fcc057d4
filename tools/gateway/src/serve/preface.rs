//! The first bytes of a connection, which have to come in time.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Bytes that a client of HTTP/2 says before all else (RFC 9113, 3.4).
const PREFACE: usize = 24;

/// How long that may take. Only then hyper begins to ask connections whether they are there.
const LIMIT: Duration = Duration::from_secs(10);

/// A stream that fails if it does not give the preface in time.
pub(super) struct Prefaced<S> {
    stream: S,
    /// Bytes that are not there yet, and until when they have to be.
    lacks: Option<(usize, Pin<Box<Sleep>>)>,
    greeting: Greeting,
}

/// Whether all of the preface has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Greeting(Arc<AtomicBool>);

impl Greeting {
    pub(super) fn has_come(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl<S> Prefaced<S> {
    pub(super) fn new(stream: S) -> (Self, Greeting) {
        let greeting = Greeting::default();
        let prefaced = Self {
            stream,
            lacks: Some((PREFACE, Box::pin(sleep(LIMIT)))),
            greeting: greeting.clone(),
        };
        (prefaced, greeting)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefaced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = room.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, room);
        if let Some((lacking, until)) = &mut this.lacks {
            *lacking = lacking.saturating_sub(room.filled().len() - before);
            if *lacking == 0 {
                this.lacks = None;
                this.greeting.0.store(true, Ordering::Relaxed);
            } else if until.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefaced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
