//! Named pipes of Windows, as any program opens and makes them (Microsoft, "Named Pipes").

use super::Wire;
use crate::support::{Address, PATIENCE};
use std::cell::UnsafeCell;
use std::io::{self, ErrorKind, Read, Write};
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_IO_INCOMPLETE, ERROR_IO_PENDING, ERROR_MORE_DATA, ERROR_NO_DATA,
    ERROR_OPERATION_ABORTED, ERROR_PIPE_BUSY, ERROR_PIPE_CONNECTED, ERROR_PIPE_NOT_CONNECTED,
    HANDLE, INVALID_HANDLE_VALUE, WAIT_OBJECT_0,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_OVERLAPPED, OPEN_EXISTING, PIPE_ACCESS_DUPLEX, ReadFile,
    SECURITY_IDENTIFICATION, SECURITY_SQOS_PRESENT, WriteFile,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, PIPE_READMODE_MESSAGE, PIPE_TYPE_MESSAGE,
    PIPE_UNLIMITED_INSTANCES, SetNamedPipeHandleState,
};
use windows_sys::Win32::System::Threading::{CreateEventW, WaitForSingleObject};

/// What docs/windows.md tells programs to open a pipe with.
const RIGHTS: u32 = 0x12_019B;

/// One end of a pipe.
pub struct Pipe {
    handle: OwnedHandle,
    event: OwnedHandle,
    is_nonblocking: AtomicBool,
    /// What was written without waiting, and is on its way.
    sending: Option<Box<Sending>>,
}

/// A message that the kernel reads until it has been taken.
struct Sending {
    overlapped: UnsafeCell<OVERLAPPED>,
    _event: OwnedHandle,
    bytes: Vec<u8>,
}

// SAFETY: the event's handle, the only pointer, is valid on every thread.
unsafe impl Send for Sending {}

fn wide(name: &str) -> Vec<u16> {
    let path = format!(r"\\.\pipe\{name}");
    path.encode_utf16().chain([0]).collect()
}

fn last() -> u32 {
    io::Error::last_os_error()
        .raw_os_error()
        .unwrap()
        .cast_unsigned()
}

fn own(handle: HANDLE) -> io::Result<OwnedHandle> {
    match handle {
        INVALID_HANDLE_VALUE => Err(io::Error::last_os_error()),
        // SAFETY: a new handle, which is nobody else's.
        handle => Ok(unsafe { OwnedHandle::from_raw_handle(handle) }),
    }
}

/// An event without a name, which is not set.
fn event() -> OwnedHandle {
    // SAFETY: nothing is pointed to.
    let event = unsafe { CreateEventW(null(), 1, 0, null()) };
    assert!(!event.is_null());
    // SAFETY: a new handle, which is nobody else's.
    unsafe { OwnedHandle::from_raw_handle(event) }
}

impl Pipe {
    fn new(handle: OwnedHandle) -> Self {
        Self {
            handle,
            event: event(),
            is_nonblocking: AtomicBool::new(false),
            sending: None,
        }
    }

    /// A client of the server at this name, once it has an instance for it.
    pub fn connect(name: &str) -> io::Result<Self> {
        let (path, began) = (wide(name), Instant::now());
        let flags = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
        loop {
            // SAFETY: the path ends with 0.
            let handle = own(unsafe {
                CreateFileW(
                    path.as_ptr(),
                    RIGHTS,
                    0,
                    null(),
                    OPEN_EXISTING,
                    flags,
                    null_mut(),
                )
            });
            match handle {
                Err(_) if last() == ERROR_PIPE_BUSY && began.elapsed() < PATIENCE => {
                    std::thread::yield_now();
                }
                handle => return handle.map(Self::new),
            }
        }
    }

    /// Each read gives a message, or a part of one, from now on.
    pub fn read_by_messages(&self) {
        let mode = PIPE_READMODE_MESSAGE;
        let pipe = self.handle.as_raw_handle();
        // SAFETY: the pipe is open, and the mode is a local.
        let set = unsafe { SetNamedPipeHandleState(pipe, &raw const mode, null(), null()) };
        assert_ne!(set, 0, "{}", io::Error::last_os_error());
    }

    /// Writes one message of so many bytes, which may be none.
    pub fn write_message(&mut self, bytes: &[u8]) {
        assert_eq!(self.write(bytes).unwrap(), bytes.len());
    }

    /// Writes a message as a whole; `WouldBlock` while the one before is on its way. One that is cut off would leave the peer with
    /// a part of it.
    fn write_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(sending) = &self.sending {
            self.result(&sending.overlapped, false)?;
        }
        let event = event();
        let sending = self.sending.insert(Box::new(Sending {
            overlapped: UnsafeCell::new(OVERLAPPED {
                hEvent: event.as_raw_handle(),
                ..OVERLAPPED::default()
            }),
            _event: event,
            bytes: bytes.to_vec(),
        }));
        let length = u32::try_from(bytes.len()).unwrap();
        // SAFETY: both stay where they are until the operation has ended.
        let began = unsafe {
            WriteFile(
                self.handle.as_raw_handle(),
                sending.bytes.as_ptr(),
                length,
                null_mut(),
                sending.overlapped.get(),
            )
        };
        match began == 0 && last() != ERROR_IO_PENDING {
            true => {
                let error = io::Error::last_os_error();
                self.sending = None;
                Err(error)
            }
            false => Ok(bytes.len()),
        }
    }

    /// How many bytes an operation moved, whose end is waited for or not.
    fn result(&self, overlapped: &UnsafeCell<OVERLAPPED>, waits: bool) -> io::Result<usize> {
        let (pipe, mut count) = (self.handle.as_raw_handle(), 0);
        // SAFETY: the pipe is open, and the operation's own block is read.
        let result =
            unsafe { GetOverlappedResult(pipe, overlapped.get(), &raw mut count, waits.into()) };
        match result {
            0 if last() == ERROR_IO_INCOMPLETE => Err(ErrorKind::WouldBlock.into()),
            0 => Err(io::Error::last_os_error()),
            _ => Ok(count as usize),
        }
    }

    /// Begins something, and sees to its end: how many bytes it moved.
    fn see_to(&self, begin: impl FnOnce(HANDLE, *mut OVERLAPPED) -> i32) -> io::Result<usize> {
        let pipe = self.handle.as_raw_handle();
        let overlapped = UnsafeCell::new(OVERLAPPED {
            hEvent: self.event.as_raw_handle(),
            ..OVERLAPPED::default()
        });
        let began = begin(pipe, overlapped.get());
        if began == 0 && ![ERROR_IO_PENDING, ERROR_MORE_DATA].contains(&last()) {
            return Err(io::Error::last_os_error());
        }
        let (patience, too_late) = match self.is_nonblocking.load(Ordering::SeqCst) {
            true => (0, ErrorKind::WouldBlock),
            false => (
                PATIENCE.as_millis().try_into().unwrap(),
                ErrorKind::TimedOut,
            ),
        };
        // SAFETY: both handles are open, and the operation has ended when this returns, so that nobody writes to it any more.
        let (has_ended, count, result) = unsafe {
            let waited = WaitForSingleObject(self.event.as_raw_handle(), patience);
            if waited != WAIT_OBJECT_0 {
                CancelIoEx(pipe, overlapped.get());
            }
            let mut count = 0;
            let result = GetOverlappedResult(pipe, overlapped.get(), &raw mut count, 1);
            (waited == WAIT_OBJECT_0, count as usize, result)
        };
        match (result, has_ended) {
            (0, _) if last() == ERROR_MORE_DATA => Ok(count),
            (0, false) if last() == ERROR_OPERATION_ABORTED => Err(too_late.into()),
            (0, _) => Err(io::Error::last_os_error()),
            _ => Ok(count),
        }
    }
}

impl Read for Pipe {
    /// An empty message is no end, and is passed over.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = u32::try_from(buffer.len()).unwrap();
        let room = buffer.as_mut_ptr();
        loop {
            // SAFETY: the room lives until the operation has ended.
            let read =
                |pipe, overlapped| unsafe { ReadFile(pipe, room, length, null_mut(), overlapped) };
            match self.see_to(read) {
                Ok(0) if length > 0 => {}
                Err(error) if is_end(&error) => return Ok(0),
                result => return result,
            }
        }
    }
}

fn is_end(error: &io::Error) -> bool {
    let ends = [ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED];
    let number = error.raw_os_error().map(i32::cast_unsigned);
    number.is_some_and(|number| ends.contains(&number))
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_nonblocking.load(Ordering::SeqCst) {
            return self.write_now(bytes);
        }
        let length = u32::try_from(bytes.len()).unwrap();
        // SAFETY: the bytes live until the operation has ended.
        self.see_to(|pipe, overlapped| unsafe {
            WriteFile(pipe, bytes.as_ptr(), length, null_mut(), overlapped)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Pipe {
    /// The kernel lets go of what is on its way.
    fn drop(&mut self) {
        if let Some(sending) = &self.sending {
            // SAFETY: the pipe is open. It fails where the operation has ended.
            unsafe { CancelIoEx(self.handle.as_raw_handle(), sending.overlapped.get()) };
            let _ = self.result(&sending.overlapped, true);
        }
    }
}

impl Wire for Pipe {
    fn set_nonblocking(&self, is_so: bool) -> io::Result<()> {
        self.is_nonblocking.store(is_so, Ordering::SeqCst);
        Ok(())
    }
}

pub(super) fn connect(_transport: &str, address: &Address) -> io::Result<Box<dyn Wire>> {
    Ok(Box::new(Pipe::connect(&address.word)?))
}

/// A client's connection by which a server of shared memory hands things over.
pub fn connect_control(address: &Address) -> Box<dyn Wire> {
    let name = format!("calc_ipc.shm.{}", address.word);
    Box::new(Pipe::connect(&name).unwrap())
}

/// A server's pipe, at which one client after another is let in.
pub struct Listener {
    name: String,
    next: std::sync::Mutex<Pipe>,
}

impl Listener {
    pub(super) fn bind(_transport: &str, address: &Address) -> Self {
        Self {
            name: address.word.clone(),
            next: std::sync::Mutex::new(Self::instance(&address.word)),
        }
    }

    fn instance(name: &str) -> Pipe {
        let (path, quota) = (wide(name), 64 << 10);
        // SAFETY: the path ends with 0.
        let pipe = own(unsafe {
            CreateNamedPipeW(
                path.as_ptr(),
                PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                PIPE_TYPE_MESSAGE,
                PIPE_UNLIMITED_INSTANCES,
                quota,
                quota,
                0,
                null(),
            )
        });
        Pipe::new(pipe.unwrap())
    }

    pub(super) fn accept(&self) -> Box<dyn Wire> {
        let mut next = self.next.lock().unwrap();
        // SAFETY: the pipe is open.
        let connect = |pipe, overlapped| unsafe { ConnectNamedPipe(pipe, overlapped) };
        if let Err(error) = next.see_to(connect) {
            let connected = ERROR_PIPE_CONNECTED.cast_signed();
            assert_eq!(error.raw_os_error(), Some(connected), "{error}");
        }
        Box::new(std::mem::replace(&mut *next, Self::instance(&self.name)))
    }
}
