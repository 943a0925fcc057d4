//! Named pipes: who owns a name, who listens at it, and who connects to it.

#[cfg(test)]
mod tests;

use super::call::{check, failure, last, milliseconds};
use super::door::{Door, Listens};
use super::op::{Ended, Op};
use super::security::{About, CLIENT, Descriptor, is_process_trusted, not_ours, wide};
use super::signal::Signal;
use super::stream::Stream;
use super::waiting::Waiting;
use crate::sys::deadline::Deadline;
use crate::sys::mutex::lock;
use crate::sys::{Handle, Source};
use std::io::{self, ErrorKind};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND, ERROR_OPERATION_ABORTED, ERROR_PIPE_BUSY,
    ERROR_PIPE_CONNECTED, HANDLE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, OPEN_EXISTING,
    PIPE_ACCESS_DUPLEX, PIPE_ACCESS_INBOUND, SECURITY_IDENTIFICATION, SECURITY_SQOS_PRESENT,
};
use windows_sys::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, GetNamedPipeClientProcessId, GetNamedPipeServerProcessId,
    PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_MESSAGE, PIPE_UNLIMITED_INSTANCES,
    WaitNamedPipeW,
};

/// Clients that get in before the server has looked; whoever comes then waits until there is an instance again.
const BACKLOG: usize = 8;
/// Bytes that a pipe keeps in each direction.
const QUOTA: u32 = 64 << 10;
/// How long a client waits for an instance before it looks whether there still is a server.
const SLICE: Duration = Duration::from_millis(50);

/// The path of a pipe of this machine, as the system has it.
fn path(name: &str) -> Vec<u16> {
    wide(&format!(r"\\.\pipe\{name}"))
}

/// The pipe that proves who owns a name: of it there is one at a time, and nobody can connect to it, so that none outlives its
/// process. The pipe of the name itself does, while a client of a dead server has its end open.
#[derive(Debug)]
struct Claim(#[expect(dead_code, reason = "it is there for as long as it is")] OwnedHandle);

impl Claim {
    fn take(name: &str) -> io::Result<Self> {
        let (path, nobody) = (path(&format!("{name}.lock")), Descriptor::of_nobody()?);
        let attributes = nobody.attributes();
        // SAFETY: the path ends with 0, and the attributes are there.
        let pipe = unsafe {
            CreateNamedPipeW(
                path.as_ptr(),
                PIPE_ACCESS_INBOUND | FILE_FLAG_FIRST_PIPE_INSTANCE,
                PIPE_REJECT_REMOTE_CLIENTS,
                1,
                0,
                0,
                0,
                &raw const attributes,
            )
        };
        match own(pipe) {
            Ok(pipe) => Ok(Self(pipe)),
            Err(_) if [ERROR_ACCESS_DENIED, ERROR_PIPE_BUSY].contains(&last()) => Err(not_ours()),
            Err(error) => Err(error),
        }
    }
}

/// A handle that a function gave, or why it gave none.
fn own(handle: HANDLE) -> io::Result<OwnedHandle> {
    match handle {
        INVALID_HANDLE_VALUE => Err(io::Error::last_os_error()),
        // SAFETY: it was just made, and nobody else has it.
        handle => Ok(unsafe { OwnedHandle::from_raw_handle(handle) }),
    }
}

/// Listens at this name, which is this process's from then on until the handle is dropped. `AddrInUse`: it is another's.
pub(crate) fn listen(name: &str, is_open_to_others: bool) -> io::Result<Handle> {
    Door::open(|signal| Listening::new(name, is_open_to_others, signal))
}

/// The instances at which clients may connect. Each serves one client, since what lets go of that one would throw away what it
/// has not read yet (DisconnectNamedPipe).
#[derive(Debug)]
struct Listening {
    path: Vec<u16>,
    descriptor: Descriptor,
    signal: Arc<Signal>,
    /// Some listen always, so that the name never vanishes.
    instances: Mutex<Vec<Instance>>,
    /// Last, so that the name is another's once nobody listens here.
    _claim: Claim,
}

impl Listening {
    fn new(name: &str, is_open_to_others: bool, signal: Arc<Signal>) -> io::Result<Self> {
        let claim = Claim::take(name)?;
        let listening = Self {
            path: path(name),
            descriptor: Descriptor::of_server(is_open_to_others)?,
            signal,
            instances: Mutex::default(),
            _claim: claim,
        };
        let mut instances = vec![listening.first()?];
        for _ in 1..BACKLOG {
            instances.push(listening.next()?);
        }
        *lock(&listening.instances) = instances;
        Ok(listening)
    }

    /// The first instance, before which nobody of this library can have had one.
    fn first(&self) -> io::Result<Instance> {
        match self.create(FILE_FLAG_FIRST_PIPE_INSTANCE) {
            Ok(pipe) => Instance::new(pipe, &self.signal),
            Err(error) if last() == ERROR_ACCESS_DENIED => self.after_another(error),
            Err(error) => Err(error),
        }
    }

    /// There is a pipe of this name. Where nobody serves it, clients of a dead server have it open: it goes on as it was made,
    /// which has to be as this one would be.
    fn after_another(&self, error: io::Error) -> io::Result<Instance> {
        match open(&self.path) {
            Err(_) if last() == ERROR_FILE_NOT_FOUND => {}
            _ => return Err(not_ours()),
        }
        let pipe = self.create(0).map_err(|_| error)?;
        let about = About::of(pipe.as_raw_handle())?;
        let is_as_ours =
            about.is_trusted()? == Some(true) && about.rights()? == self.descriptor.rights()?;
        match is_as_ours {
            true => Instance::new(pipe, &self.signal),
            false => Err(not_ours()),
        }
    }

    fn next(&self) -> io::Result<Instance> {
        Instance::new(self.create(0)?, &self.signal)
    }

    fn create(&self, flags: u32) -> io::Result<OwnedHandle> {
        let attributes = self.descriptor.attributes();
        // Messages stay apart for who reads by messages; whoever is of this library reads bytes.
        // SAFETY: the path ends with 0, and the attributes are there.
        own(unsafe {
            CreateNamedPipeW(
                self.path.as_ptr(),
                PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | flags,
                PIPE_TYPE_MESSAGE | PIPE_READMODE_BYTE | PIPE_REJECT_REMOTE_CLIENTS,
                PIPE_UNLIMITED_INSTANCES,
                QUOTA,
                QUOTA,
                0,
                &raw const attributes,
            )
        })
    }
}

impl Listens for Listening {
    fn accept(&self) -> io::Result<Handle> {
        let mut instances = lock(&self.instances);
        let mut all = instances.iter_mut();
        let Some(place) = all.position(|instance| instance.is_taken(&self.signal)) else {
            return Err(ErrorKind::WouldBlock.into());
        };
        // Before anything else: without another one, whoever is there waits.
        let next = self.next()?;
        instances.push(next);
        instances.remove(place).into_handle()
    }
}

/// A place for one client.
#[derive(Debug)]
struct Instance {
    /// First, so that it ends before what it waits for.
    waiting: Option<Waiting>,
    op: Op,
    /// Nothing once it is a connection.
    pipe: Option<OwnedHandle>,
    began: Ended,
}

impl Instance {
    fn new(pipe: OwnedHandle, signal: &Arc<Signal>) -> io::Result<Self> {
        let mut instance = Self {
            waiting: None,
            op: Op::new(0)?,
            pipe: Some(pipe),
            began: Ended::Pending,
        };
        instance.listen(signal)?;
        Ok(instance)
    }

    /// Waits for a client from now on, of which the signal tells.
    fn listen(&mut self, signal: &Arc<Signal>) -> io::Result<()> {
        self.waiting = None;
        let Some(pipe) = &self.pipe else {
            return Ok(());
        };
        let handle = pipe.as_raw_handle();
        self.began = self.op.begin(handle, |_, overlapped| {
            // SAFETY: the pipe is open, and the operation has its block until it is over.
            unsafe { ConnectNamedPipe(handle, overlapped) != 0 }
        });
        match self.began {
            Ended::Pending => {
                let signal = signal.clone();
                self.waiting = Some(Waiting::new(self.op.event(), true, move || signal.on())?);
            }
            // A client was faster, and may have left by now.
            _ => signal.on(),
        }
        Ok(())
    }

    /// Whether a client has come, or connecting has failed, which its connection will say.
    fn is_taken(&mut self, signal: &Arc<Signal>) -> bool {
        if self.look() != Ended::Failed(ERROR_OPERATION_ABORTED) {
            return self.look() != Ended::Pending;
        }
        // The thread that began it has ended, and with it what it had on its way (Microsoft, "ExitThread").
        if self.listen(signal).is_err() {
            self.stop_listening();
            self.began = Ended::Failed(ERROR_OPERATION_ABORTED);
        }
        self.look() != Ended::Pending
    }

    /// How listening has ended, if it has.
    fn look(&self) -> Ended {
        match (&self.pipe, self.began) {
            (Some(pipe), Ended::Pending) => self.op.look(pipe.as_raw_handle()),
            (_, began) => began,
        }
    }

    fn stop_listening(&mut self) {
        self.waiting = None;
        if let Some(pipe) = &self.pipe {
            self.op.end(pipe.as_raw_handle());
        }
    }

    fn into_handle(mut self) -> io::Result<Handle> {
        self.waiting = None;
        match (self.began, self.pipe.take()) {
            (Ended::Failed(number), _) if number != ERROR_PIPE_CONNECTED => {
                // It left before it was let in.
                let _ = failure(number);
                Err(ErrorKind::ConnectionAborted.into())
            }
            (_, Some(pipe)) => Handle::of_pipe(pipe),
            (_, None) => Err(ErrorKind::ConnectionAborted.into()),
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop_listening();
    }
}

/// Connects to the server at this name before the deadline. It learns who this process acts as, and cannot act as that.
pub(crate) fn connect(name: &str, deadline: &Deadline) -> io::Result<Handle> {
    let path = path(name);
    deadline.begin();
    loop {
        match open(&path) {
            Ok(pipe) => return Handle::of_pipe_to_server(pipe),
            Err(_) if last() == ERROR_PIPE_BUSY => {}
            Err(error) => return Err(error),
        }
        if deadline.has_passed() {
            return Err(ErrorKind::TimedOut.into());
        }
        let time = deadline.remaining().map_or(SLICE, |left| left.min(SLICE));
        // Zero would be as long as the server says.
        // SAFETY: the path ends with 0. What it fails with, the next attempt does.
        unsafe { WaitNamedPipeW(path.as_ptr(), milliseconds(Some(time)).max(1)) };
    }
}

fn open(path: &[u16]) -> io::Result<OwnedHandle> {
    // SAFETY: the path ends with 0.
    own(unsafe {
        CreateFileW(
            path.as_ptr(),
            CLIENT,
            0,
            ptr::null(),
            OPEN_EXISTING,
            FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION,
            ptr::null_mut(),
        )
    })
}

/// Whether who serves this connection is this user, or may do anything to this user.
pub(crate) fn is_server_trusted(source: Source<'_>) -> io::Result<bool> {
    let pipe = Stream::of(source)?.raw();
    // The owner of the pipe, whichever process it is by now. Wine knows none.
    if let Some(is_trusted) = About::of(pipe)?.is_trusted()? {
        return Ok(is_trusted);
    }
    is_process_trusted(number(pipe, GetNamedPipeServerProcessId)?)
}

/// The number of the process at the client's end.
pub(crate) fn client(source: Source<'_>) -> io::Result<u32> {
    number(Stream::of(source)?.raw(), GetNamedPipeClientProcessId)
}

type Ask = unsafe extern "system" fn(HANDLE, *mut u32) -> i32;

fn number(pipe: HANDLE, ask: Ask) -> io::Result<u32> {
    let mut number = 0;
    // SAFETY: the pipe is open, and there is room for a number.
    check(unsafe { ask(pipe, &raw mut number) })?;
    Ok(number)
}
