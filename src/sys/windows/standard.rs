//! Standard input and output: handles that the host has, and that wait.
//!
//! Nobody is told when one of them can be read. So a thread reads no bytes from it, which ends when some are there, and are
//! left there; it is called off when nobody waits any more (CancelSynchronousIo). While it reads, no other call on the
//! handle comes back.

use super::call::{check, failure, last};
use super::event::Event;
use super::node::{Node, Watchable, Watchers};
use crate::sys::mutex::lock;
use crate::sys::ready::{Ready, Want};
use crate::sys::thread;
use std::io::{self, ErrorKind};
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr::null_mut;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_HANDLE_EOF, HANDLE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Storage::FileSystem::{FILE_TYPE_PIPE, GetFileType, ReadFile, WriteFile};
use windows_sys::Win32::System::Console::GetStdHandle;
use windows_sys::Win32::System::IO::CancelSynchronousIo;
use windows_sys::Win32::System::Pipes::PeekNamedPipe;

/// How often a read of no bytes is called off that had not begun when it was.
const AGAIN: Duration = Duration::from_millis(1);

/// A handle of the host's that waits.
#[derive(Debug)]
pub(super) struct Standard {
    raw: Raw,
    watchers: Watchers,
    look: Mutex<Option<Look>>,
}

/// Open for as long as this process runs, or not at all, which the system's calls say.
#[derive(Clone, Copy, Debug)]
struct Raw(HANDLE);

// SAFETY: it is a number, which means the same to every thread.
unsafe impl Send for Raw {}
// SAFETY: as above.
unsafe impl Sync for Raw {}

/// What was read.
enum Read {
    Bytes(usize),
    End,
}

/// The thread that looks, once there is one.
#[derive(Debug)]
struct Look {
    ask: Arc<Event>,
    told: Arc<Event>,
    thread: OwnedHandle,
    is_looking: bool,
}

impl Standard {
    /// That of this process with this number (GetStdHandle).
    pub(super) fn numbered(which: u32) -> io::Result<Node> {
        // SAFETY: takes a number and touches nothing of the caller's.
        let raw = unsafe { GetStdHandle(which) };
        if raw.is_null() || raw == INVALID_HANDLE_VALUE {
            return Err(ErrorKind::NotConnected.into());
        }
        Ok(Node::new(Arc::new(Self {
            raw: Raw(raw),
            watchers: Watchers::default(),
            look: Mutex::new(None),
        })))
    }

    /// Reads once, waiting; 0 at the end.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.rest();
        loop {
            match read(self.raw, buffer)? {
                Read::Bytes(0) if self.is_pipe() => {} // An empty message, which is no end.
                Read::Bytes(count) => return Ok(count),
                Read::End => return Ok(0),
            }
        }
    }

    /// Reads once what is there.
    pub(super) fn read_now(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.state(Want::READ).is_empty() {
            true => Err(ErrorKind::WouldBlock.into()),
            false => self.read(buffer),
        }
    }

    /// Writes once, waiting.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let mut count = 0;
        // SAFETY: so many bytes are there, and a place for their number.
        let is_done = unsafe {
            WriteFile(
                self.raw.0,
                bytes.as_ptr(),
                length,
                &raw mut count,
                null_mut(),
            )
        };
        match is_done {
            0 => Err(failure(last())),
            _ => Ok(count as usize),
        }
    }

    fn is_pipe(&self) -> bool {
        // SAFETY: one that is not open is refused.
        unsafe { GetFileType(self.raw.0) == FILE_TYPE_PIPE }
    }
}

impl Watchable for Standard {
    fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    /// What is no pipe never waits, or cannot be asked. Of an output, nothing is known before it is written to.
    fn state(&self, want: Want) -> Ready {
        if want.bits() & Want::READ.bits() == 0 {
            return Ready::NOTHING;
        }
        if let Some(look) = &mut *lock(&self.look)
            && look.is_under_way()
        {
            return Ready::NOTHING;
        }
        match self.is_pipe() && is_empty(self.raw) {
            true => Ready::NOTHING,
            false => Ready::READABLE,
        }
    }

    fn objects(&self, want: Want, objects: &mut Vec<HANDLE>) -> io::Result<()> {
        if want.bits() & Want::READ.bits() == 0 {
            return Ok(());
        }
        let mut place = lock(&self.look);
        let look = match &mut *place {
            Some(look) => look,
            None => place.insert(Look::new(self.raw)?),
        };
        objects.push(look.begin());
        Ok(())
    }

    fn rest(&self) {
        if let Some(look) = &mut *lock(&self.look) {
            look.call_off();
        }
    }

    fn is_silent(&self) -> bool {
        true
    }
}

impl Look {
    fn new(raw: Raw) -> io::Result<Self> {
        let (ask, told) = (Arc::new(Event::for_one()?), Arc::new(Event::new()?));
        let (asked, tells) = (ask.clone(), told.clone());
        let thread = thread::spawn("calc_ipc-input", move || {
            while asked.wait(None) {
                let _ = read(raw, &mut []);
                tells.set();
            }
        })?;
        Ok(Self {
            ask,
            told,
            thread: thread.into(),
            is_looking: false,
        })
    }

    /// Whether it looks still.
    fn is_under_way(&mut self) -> bool {
        self.is_looking = self.is_looking && !self.told.wait(Some(Duration::ZERO));
        self.is_looking
    }

    /// Looks, unless it does; gives what is signalled once there is something to see.
    fn begin(&mut self) -> HANDLE {
        if !self.is_under_way() {
            self.told.reset();
            self.is_looking = true;
            self.ask.set();
        }
        self.told.raw()
    }

    /// Looks no more.
    fn call_off(&mut self) {
        while self.is_under_way() {
            // SAFETY: the thread's handle is open. It fails where the read has not begun, or has ended.
            unsafe { CancelSynchronousIo(self.thread.as_raw_handle()) };
            self.told.wait(Some(AGAIN));
        }
    }
}

/// Whether a pipe has nothing to read, and not ended either.
fn is_empty(raw: Raw) -> bool {
    let mut count = 0;
    // SAFETY: one that is not open is refused; there is a place for the number, and nothing else is asked for.
    let peeked =
        unsafe { PeekNamedPipe(raw.0, null_mut(), 0, null_mut(), &raw mut count, null_mut()) };
    check(peeked).is_ok() && count == 0
}

fn read(raw: Raw, buffer: &mut [u8]) -> io::Result<Read> {
    let length = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
    let mut count = 0;
    // SAFETY: one that is not open is refused; there is room for so many bytes, and a place for their number.
    let is_done = unsafe {
        ReadFile(
            raw.0,
            buffer.as_mut_ptr(),
            length,
            &raw mut count,
            null_mut(),
        )
    };
    match is_done {
        0 => match last() {
            ERROR_BROKEN_PIPE | ERROR_HANDLE_EOF => Ok(Read::End),
            number => Err(failure(number)),
        },
        _ => Ok(Read::Bytes(count as usize)),
    }
}
