//! One operation in flight: what the kernel writes to while it goes on, and how it is found out that it is over.

use super::call::{check, last};
use super::event::Event;
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
    /// says whether it is over.
    pub(super) fn begin(
        &mut self,
        handle: HANDLE,
        start: impl FnOnce(&mut [u8], *mut OVERLAPPED) -> bool,
    ) -> Ended {
        let Some(block) = &mut self.block else {
            return Ended::Failed(ERROR_IO_PENDING);
        };
        *block.overlapped.get_mut() = OVERLAPPED {
            hEvent: self.event.raw(),
            ..OVERLAPPED::default()
        };
        let ended = match start(&mut block.buffer, block.overlapped.get()) {
            true => self.result(handle),
            false => match last() {
                ERROR_IO_PENDING => Ended::Pending,
                ERROR_MORE_DATA => self.result(handle),
                number => Ended::Failed(number),
            },
        };
        self.is_begun = ended == Ended::Pending;
        ended
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

    /// Ends it, and gives how that went: it may have been faster.
    pub(super) fn cancel(&self, handle: HANDLE) -> Ended {
        if let Some(block) = self.block.as_ref().filter(|_| self.goes_on()) {
            // SAFETY: the operation was begun on this handle, which is open. Where it fails, there is none any more.
            unsafe { CancelIoEx(handle, block.overlapped.get()) };
            self.event.wait(Some(CANCELLING));
        }
        self.look(handle)
    }

    /// Ends it, or leaves its memory to the kernel for good.
    pub(super) fn end(&mut self, handle: HANDLE) {
        if self.cancel(handle) == Ended::Pending
            && let Some(block) = self.block.take()
        {
            Box::leak(block);
        }
    }

    /// Signalled once it is over, and perhaps by the one before: what a thread of the kernel's wrote to memory, another thread may see
    /// before the event is set.
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
