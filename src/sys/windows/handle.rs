//! What the library has open.

use super::node::{AsSource, Node, Source, Watchable, Watchers};
use super::port::Port;
use super::stream::{End, Stream};
use crate::sys::ready::{Ready, Want};
use std::io::{self, ErrorKind};
use std::os::windows::io::{OwnedHandle, OwnedSocket};
use std::sync::Arc;
use windows_sys::Win32::Foundation::HANDLE;

/// Something of the library's that is open, closed when the last of its duplicates is dropped. No process inherits it.
#[derive(Clone, Debug)]
pub(crate) struct Handle(Node);

impl Handle {
    pub(super) fn new(node: Node) -> Self {
        Self(node)
    }

    /// A connected pipe, which does no operation that waits.
    pub(super) fn of_pipe(pipe: OwnedHandle) -> io::Result<Self> {
        Stream::new(End::Pipe(pipe)).map(|stream| Self(stream.into_node()))
    }

    /// A client's end of a named pipe, the same.
    pub(super) fn of_pipe_to_server(pipe: OwnedHandle) -> io::Result<Self> {
        Stream::to_server(pipe).map(|stream| Self(stream.into_node()))
    }

    /// A connected socket, which does no operation that waits.
    pub(super) fn of_socket(socket: OwnedSocket) -> io::Result<Self> {
        Stream::new(End::Socket(socket)).map(|stream| Self(stream.into_node()))
    }

    /// The same that is open.
    #[expect(clippy::unnecessary_wraps, reason = "the other systems' may fail")]
    pub(crate) fn duplicate(&self) -> io::Result<Self> {
        Ok(self.clone())
    }

    /// Nothing is forked that could inherit it.
    #[expect(clippy::unused_self, reason = "the other systems' have a state")]
    pub(crate) fn bequeath(&self) {}

    /// Nothing is forked that could inherit it.
    #[expect(clippy::unused_self, reason = "the other systems' have a state")]
    pub(crate) fn own(&self) {}

    /// It is: nothing is forked.
    #[expect(clippy::unused_self, reason = "the other systems' have a state")]
    pub(crate) fn is_own(&self) -> bool {
        true
    }

    /// No operation on it waits.
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "the other systems' have a state"
    )]
    pub(crate) fn set_nonblocking(&self) -> io::Result<()> {
        Ok(())
    }

    /// A handle for nothing. A process has 2^24 of them, and is short of memory before: there is none to be let go of.
    #[expect(clippy::unnecessary_wraps, reason = "the other systems' may fail")]
    pub(crate) fn spare() -> io::Result<Self> {
        Ok(Self(Node::new(Arc::new(Nothing::default()))))
    }
}

impl AsSource for Handle {
    fn as_source(&self) -> Source<'_> {
        &self.0
    }
}

/// What is not open.
#[derive(Debug, Default)]
struct Nothing(Watchers);

impl Watchable for Nothing {
    fn watchers(&self) -> &Watchers {
        &self.0
    }

    fn state(&self, _: Want) -> Ready {
        Ready::ERROR
    }

    fn join(&self, _: &Arc<Port>, _: usize) -> io::Result<usize> {
        Err(ErrorKind::InvalidInput.into())
    }

    fn objects(&self, _: Want, _: &mut Vec<HANDLE>) -> io::Result<()> {
        Err(ErrorKind::InvalidInput.into())
    }
}
