//! One operation in flight: what the kernel writes to while it goes on, and how it is found out that it is over.

use super::call::{check, last};
use super::event::Event;
use super::port::Port;
use crate::sys::deadline::Deadline;
use std::cell::UnsafeCell;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use windows_sys::Win32::Foundation::{
    ERROR_IO_PENDING, ERROR_MORE_DATA, ERROR_SUCCESS, HANDLE, STATUS_PENDING,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};

/// How long the kernel may take to cancel an operation, which it does at once but for drivers that hang.
const CANCELLING: Duration = Duration::from_secs(2);
/// How often a port is pulled meanwhile: another thread may have taken the packet, and not have been given it yet.
const SLICE: Duration = Duration::from_millis(1);

/// What of an operation has to stay where it is while it goes on.
struct Block {
    overlapped: UnsafeCell<OVERLAPPED>,
    buffer: Box<[u8]>,
}

/// An operation, one at a time, and the room that it reads into or writes from.
pub(super) struct Op {
    /// Nothing only where the kernel would not let go of it.
    block: Option<Box<Block>>,
    event: Event,
    /// It did not end, or fail, as it began: only then does the kernel write to its block.
    is_begun: bool,
    /// The port that has the handle is told of its end; what is written to the block then is written as that is taken.
    tells_port: bool,
}

// SAFETY: what the kernel writes to is looked at atomically, and touched only by who has the operation to itself.
unsafe impl Send for Op {}

/// How an operation began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It goes on.
    Pending,
    /// It is over, and has moved so many bytes.
    Moved(usize),
    /// It failed with this number.
    Failed(u32),
}

impl std::fmt::Debug for Op {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Op").finish_non_exhaustive()
    }
}

impl Drop for Op {
    /// What the kernel still writes to stays where it is for good: whoever had the operation did not end it.
    fn drop(&mut self) {
        if self.goes_on()
            && let Some(block) = self.block.take()
        {
            Box::leak(block);
        }
    }
}

impl Op {
    /// One that has not begun, with room for so many bytes.
    pub(super) fn new(room: usize) -> io::Result<Self> {
        let block = Block {
            overlapped: UnsafeCell::default(),
            buffer: zeros(room)?,
        };
        Ok(Self {
            block: Some(Box::new(block)),
            event: Event::new()?,
            is_begun: false,
            tells_port: false,
        })
    }

    /// The room, while nothing goes on.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.block
            .as_mut()
            .map_or(&mut [], |block| &mut block.buffer)
    }

    /// Has room for so many bytes from now on, while nothing goes on. Where memory is short it stays as it is.
    pub(super) fn make_room(&mut self, room: usize) {
        if let (Some(block), Ok(buffer)) = (&mut self.block, zeros(room)) {
            block.buffer = buffer;
        }
    }

    /// Begins, while nothing goes on: `start` gets the room, and what the system knows the operation by; what it returns
    /// says whether it is over. No port is told of its end.
    pub(super) fn begin(
        &mut self,
        handle: HANDLE,
        start: impl FnOnce(&mut [u8], *mut OVERLAPPED) -> bool,
    ) -> Ended {
        self.begin_at(handle, false, start)
    }

    /// The same; the port that has the handle is told, if it is to be.
    pub(super) fn begin_at(
        &mut self,
        handle: HANDLE,
        tells_port: bool,
        start: impl FnOnce(&mut [u8], *mut OVERLAPPED) -> bool,
    ) -> Ended {
        let Some(block) = &mut self.block else {
            return Ended::Failed(ERROR_IO_PENDING);
        };
        // The lowest bit of the event's handle keeps a port from being told (GetQueuedCompletionStatus).
        let event = self.event.raw();
        *block.overlapped.get_mut() = OVERLAPPED {
            hEvent: match tells_port {
                true => event,
                false => event.map_addr(|handle| handle | 1),
            },
            ..OVERLAPPED::default()
        };
        self.tells_port = tells_port;
        let ended = match start(&mut block.buffer, block.overlapped.get()) {
            true => self.result(handle),
            false => match last() {
                // Of the latter, too, a port is told: the kernel may not have let go of the block.
                ERROR_IO_PENDING | ERROR_MORE_DATA => Ended::Pending,
                number => Ended::Failed(number),
            },
        };
        self.is_begun = ended == Ended::Pending;
        ended
    }

    /// Whether it told, or tells, the port that has the handle of its end. If so, it is found to be over once that was taken.
    pub(super) fn tells_port(&self) -> bool {
        self.tells_port
    }

    /// How it has ended, if it has: a look at memory while it goes on.
    pub(super) fn look(&self, handle: HANDLE) -> Ended {
        match self.goes_on() {
            true => Ended::Pending,
            false => self.result(handle),
        }
    }

    /// Whether the kernel may still write to it, as HasOverlappedIoCompleted has it.
    fn goes_on(&self) -> bool {
        let Some(block) = self.block.as_ref().filter(|_| self.is_begun) else {
            return false;
        };
        // SAFETY: the block is there, and the kernel writes to this word as a whole.
        let status = unsafe { AtomicUsize::from_ptr(&raw mut (*block.overlapped.get()).Internal) };
        status.load(Ordering::Acquire) == STATUS_PENDING.cast_unsigned() as usize
    }

    fn result(&self, handle: HANDLE) -> Ended {
        let Some(block) = &self.block else {
            return Ended::Failed(ERROR_IO_PENDING);
        };
        let mut moved = 0;
        // SAFETY: the operation was begun on this handle, and is over: nothing is waited for.
        let result = check(unsafe {
            GetOverlappedResult(handle, block.overlapped.get(), &raw mut moved, 0)
        });
        match result {
            Ok(()) => Ended::Moved(moved as usize),
            Err(_) => match last() {
                // The rest of a message is read next.
                ERROR_MORE_DATA => Ended::Moved(moved as usize),
                ERROR_SUCCESS => Ended::Failed(ERROR_IO_PENDING),
                number => Ended::Failed(number),
            },
        }
    }

    /// Ends it, and gives how that went: it may have been faster. `port`: the one that has the handle.
    pub(super) fn cancel(&self, handle: HANDLE, port: Option<&Port>) -> Ended {
        if let Some(block) = self.block.as_ref().filter(|_| self.goes_on()) {
            // SAFETY: the operation was begun on this handle, which is open. Where it fails, there is none any more.
            unsafe { CancelIoEx(handle, block.overlapped.get()) };
            self.await_end(port.filter(|_| self.tells_port));
        }
        self.look(handle)
    }

    /// Waits until it is over, but not for a driver that hangs.
    fn await_end(&self, port: Option<&Port>) {
        let deadline = Deadline::after(Some(CANCELLING));
        loop {
            if let Some(port) = port {
                port.pull();
            }
            self.own_event();
            if !self.goes_on() || deadline.has_passed() {
                return;
            }
            let left = match port {
                Some(_) => deadline.within(SLICE).remaining(),
                None => deadline.remaining(),
            };
            self.event.wait(left);
        }
    }

    /// Ends one that tells no port, or leaves its memory to the kernel for good.
    pub(super) fn end(&mut self, handle: HANDLE) {
        self.end_at(handle, None);
    }

    /// Ends it, or leaves its memory to the kernel for good. `port`: the one that has the handle.
    pub(super) fn end_at(&mut self, handle: HANDLE, port: Option<&Port>) {
        if self.cancel(handle, port) == Ended::Pending
            && let Some(block) = self.block.take()
        {
            Box::leak(block);
        }
    }

    /// Signalled once it is over, and perhaps by the one before: what a thread of the kernel's wrote to memory, another thread may see
    /// before the event is set. One that tells a port may signal only as that is taken.
    pub(super) fn event(&self) -> HANDLE {
        self.event.raw()
    }

    /// Signalled once it is over, whatever the one before did meanwhile.
    pub(super) fn own_event(&self) -> HANDLE {
        if self.goes_on() {
            self.event.reset();
            if !self.goes_on() {
                self.event.set();
            }
        }
        self.event.raw()
    }
}

fn zeros(count: usize) -> io::Result<Box<[u8]>> {
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(count)
        .map_err(|_| ErrorKind::OutOfMemory)?;
    bytes.resize(count, 0);
    Ok(bytes.into_boxed_slice())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::super::port::AT_ONCE;
    use super::super::stream::Stream;
    use super::super::stream::tests::pair;
    use super::*;
    use crate::sys::AsSource as _;
    use std::ptr;
    use windows_sys::Win32::Foundation::ERROR_OPERATION_ABORTED;
    use windows_sys::Win32::Storage::FileSystem::ReadFile;

    const ABORTED: Ended = Ended::Failed(ERROR_OPERATION_ABORTED);

    /// A read that finds nothing.
    fn begin(op: &mut Op, handle: HANDLE, tells_port: bool) {
        let begun = op.begin_at(handle, tells_port, |room, overlapped| {
            let (bytes, none) = (room.as_mut_ptr(), ptr::null_mut());
            // SAFETY: the handle is open, and the operation has its room and its block until it is over.
            unsafe { ReadFile(handle, bytes, 1, none, overlapped) != 0 }
        });
        assert_eq!(begun, Ended::Pending);
        assert_eq!(op.look(handle), Ended::Pending);
    }

    #[test]
    fn whoever_cancels_waits_for_this_end_and_not_for_that_of_the_one_before() {
        for [own, _peer] in pair() {
            let handle = Stream::of(own.as_source()).unwrap().raw();
            let mut op = Op::new(1).unwrap();
            begin(&mut op, handle, false);
            op.event.set();
            assert_eq!(op.cancel(handle, None), ABORTED);
            assert_eq!(op.look(handle), ABORTED);
        }
    }

    #[test]
    fn it_ends_though_nobody_waits_at_the_port_which_is_told_if_it_is_to_be() {
        for [own, _peer] in pair() {
            let handle = Stream::of(own.as_source()).unwrap().raw();
            let port = Port::new().unwrap();
            port.associate(handle, 7).unwrap();
            for (tells_port, told) in [(false, 0), (true, 1), (false, 0)] {
                let mut op = Op::new(1).unwrap();
                begin(&mut op, handle, tells_port);
                assert_eq!(op.cancel(handle, Some(&port)), ABORTED);
                let mut keys = [0; AT_ONCE];
                let count = port.take(&mut keys, Some(Duration::ZERO)).unwrap();
                assert_eq!(count, told);
                assert_eq!(keys[0], 7 * told);
            }
        }
    }
}
