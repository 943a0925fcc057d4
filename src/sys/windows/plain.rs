//! Handles that are given to others, or made something of: nothing can be waited for at them.

use super::node::{Node, Source, Watchable, Watchers};
use super::port::Port;
use crate::sys::Handle;
use crate::sys::ready::{Ready, Want};
use std::io::{self, ErrorKind};
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::sync::Arc;
use windows_sys::Win32::Foundation::HANDLE;

/// A handle of any object.
#[derive(Debug)]
pub(super) struct Plain {
    handle: OwnedHandle,
    watchers: Watchers,
}

impl Plain {
    /// As what the library has open.
    pub(super) fn handle(handle: OwnedHandle) -> Handle {
        let plain = Self {
            handle,
            watchers: Watchers::default(),
        };
        Handle::new(Node::new(Arc::new(plain)))
    }

    /// The handle behind a source; fails where it is something else.
    pub(super) fn of(source: Source<'_>) -> io::Result<BorrowedHandle<'_>> {
        let plain = source.get::<Self>().ok_or_else(|| {
            let what = "this is no handle that can be given away";
            io::Error::new(ErrorKind::InvalidInput, what)
        })?;
        Ok(plain.handle.as_handle())
    }
}

impl Watchable for Plain {
    fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    fn state(&self, _: Want) -> Ready {
        Ready::NOTHING
    }

    fn join(&self, _: &Arc<Port>, _: usize) -> io::Result<usize> {
        Err(ErrorKind::InvalidInput.into())
    }

    fn objects(&self, _: Want, _: &mut Vec<HANDLE>) -> io::Result<()> {
        Err(ErrorKind::InvalidInput.into())
    }
}
