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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;
    use crate::sys::alarm::Alarm as _;
    use crate::sys::windows::stream::tests::pair;
    use crate::sys::windows::{carry, socket};
    use std::sync::atomic::AtomicU32;
    use std::time::Duration;

    /// Both ends, whose client was given what it needs.
    fn doorbell(control: &[Handle; 2]) -> (Doorbell, LineAlarm, Ringer, LineAlarm) {
        let [server, client] = control;
        let (doorbell, wakes) = Doorbell::new().unwrap();
        let message = [0; carry::HANDLES_IN_BAND];
        let given = [doorbell.for_client()];
        carry::send_with_handles(server.as_source(), &message, &given).unwrap();
        let mut received = message;
        socket::recv_now(client.as_source(), &mut received).unwrap();
        let given = carry::handles_in_band(&received).pop().unwrap();
        let (ringer, sleeps) = Ringer::from_peer(given, client).unwrap();
        (doorbell, wakes, ringer, sleeps)
    }

    #[test]
    fn each_side_wakes_the_other() {
        let [control, _] = pair();
        let (doorbell, wakes, ringer, sleeps) = doorbell(&control);
        assert!(doorbell.source().is_none());
        let word = AtomicU32::new(0);
        wakes.wake(&word);
        assert!(!sleeps.wait(&word, 0, Duration::from_secs(60)));
        for _ in 0..3 {
            ringer.ring();
            let mut byte = [0; 2];
            let count = socket::recv_now(control[0].as_source(), &mut byte).unwrap();
            assert_eq!((count, Some(byte[0])), (1, BYTE));
        }
    }

    #[test]
    fn a_client_cannot_wake_itself() {
        let [control, _] = pair();
        let (_doorbell, _wakes, _ringer, sleeps) = doorbell(&control);
        let word = AtomicU32::new(0);
        sleeps.wake(&word);
        assert!(sleeps.wait(&word, 0, Duration::from_millis(1)));
    }

    #[test]
    fn nobody_waits_for_a_server_that_reads_no_rings() {
        let [control, _] = pair();
        let (_doorbell, _wakes, ringer, _sleeps) = doorbell(&control);
        for _ in 0..10_000 {
            ringer.ring();
        }
        let mut all = [0; 10_000];
        let count = socket::recv_now(control[0].as_source(), &mut all).unwrap();
        assert!(all[..count].iter().all(|byte| Some(*byte) == BYTE));
        drop(control);
        ringer.ring(); // It has gone.
    }
}
