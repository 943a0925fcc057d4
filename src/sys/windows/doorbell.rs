//! What wakes the two sides of shared memory: the client an event, the server a byte over the control pipe, which it reads
//! anyway. An event that both sides have could be reset by the client.

use super::alarm::LineAlarm;
use super::op::{Ended, Op};
use super::plain::Plain;
use super::rights::{narrowed, same};
use super::stream::Stream;
use crate::sys::{AsSource, Handle, Source};
use std::cell::RefCell;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};
use std::ptr::null_mut;
use windows_sys::Win32::Storage::FileSystem::{SYNCHRONIZE, WriteFile};

/// What a client sends over its control pipe to ring.
pub(crate) const BYTE: Option<u8> = Some(RING);

const RING: u8 = b'R';

/// The server's end.
#[derive(Debug)]
pub(crate) struct Doorbell {
    /// The client's event, by a handle that can be waited for and no more.
    for_client: Handle,
}

impl Doorbell {
    /// One for a new client, and what wakes that client.
    pub(crate) fn new() -> io::Result<(Self, LineAlarm)> {
        let alarm = LineAlarm::new()?;
        let for_client = Plain::handle(narrowed(alarm.event().as_handle(), SYNCHRONIZE)?);
        Ok((Self { for_client }, alarm))
    }

    /// What the client has to be given, to make its [`Ringer`] of.
    pub(crate) fn for_client(&self) -> Source<'_> {
        self.for_client.as_source()
    }

    /// Nothing but the control pipe tells of rings.
    pub(crate) fn source(&self) -> Option<Source<'_>> {
        None
    }
}

/// The client's end: the control pipe, and what writes to it. One ring at a time is on its way; where that is so, the server
/// has one to read.
#[derive(Debug)]
pub(crate) struct Ringer {
    pipe: OwnedHandle,
    ring: RefCell<Ring>,
}

#[derive(Debug)]
struct Ring {
    op: Op,
    was_begun: bool,
}

impl Ringer {
    /// Of the event that the server gave, by which the client sleeps, and of the control pipe.
    pub(crate) fn from_peer(given: Handle, control: &Handle) -> io::Result<(Self, LineAlarm)> {
        let mut op = Op::new(1)?;
        op.room().fill(RING);
        let ring = Ring {
            op,
            was_begun: false,
        };
        let ringer = Self {
            pipe: same(Stream::of(control.as_source())?.as_handle())?,
            ring: RefCell::new(ring),
        };
        Ok((ringer, LineAlarm::of(same(Plain::of(given.as_source())?)?)))
    }

    /// Wakes the server. That it has gone shows elsewhere.
    pub(crate) fn ring(&self) {
        let mut ring = self.ring.borrow_mut();
        let pipe = self.pipe.as_raw_handle();
        if ring.was_begun && ring.op.look(pipe) == Ended::Pending {
            return;
        }
        let begun = ring.op.begin(pipe, |byte, overlapped| {
            let bytes = byte.as_ptr();
            // SAFETY: the handle is open, and the operation has its byte and its block until it is over.
            unsafe { WriteFile(pipe, bytes, 1, null_mut(), overlapped) != 0 }
        });
        ring.was_begun = begun == Ended::Pending;
    }
}

impl Drop for Ringer {
    fn drop(&mut self) {
        let ring = self.ring.get_mut();
        if ring.was_begun {
            ring.op.end(self.pipe.as_raw_handle());
        }
    }
}
