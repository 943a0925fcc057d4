//! Starting a program: CreateProcessW.

use super::{command_line, object, program};
use std::ffi::OsString;
use std::io;
use std::marker::PhantomData;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};
use windows_sys::Win32::Foundation::{
    DUPLICATE_SAME_ACCESS, DuplicateHandle, HANDLE, INVALID_HANDLE_VALUE, TRUE,
};
use windows_sys::Win32::System::Console::{GetStdHandle, STD_ERROR_HANDLE};
use windows_sys::Win32::System::Threading::{
    CREATE_SUSPENDED, CreateProcessW, DeleteProcThreadAttributeList, EXTENDED_STARTUPINFO_PRESENT,
    GetCurrentProcess, InitializeProcThreadAttributeList, LPPROC_THREAD_ATTRIBUTE_LIST,
    PROC_THREAD_ATTRIBUTE_HANDLE_LIST, PROCESS_INFORMATION, ResumeThread, STARTF_USESTDHANDLES,
    STARTUPINFOEXW, UpdateProcThreadAttribute,
};

/// A process that does not run yet.
#[derive(Debug)]
pub(super) struct Suspended {
    pub(super) process: OwnedHandle,
    pub(super) number: u32,
    thread: OwnedHandle,
}

impl Suspended {
    /// A process of the program that the first of the words names, with these as its standard input and output, and this
    /// process's standard error. It inherits no other handle (Microsoft, "UpdateProcThreadAttribute").
    pub(super) fn new(
        words: &[OsString],
        input: BorrowedHandle<'_>,
        output: BorrowedHandle<'_>,
    ) -> io::Result<Self> {
        let name = words.first().ok_or(io::ErrorKind::InvalidInput)?;
        let file = program::find(name)?;
        let file: Vec<u16> = file.as_os_str().encode_wide().chain([0]).collect();
        let mut line = command_line::of_words(words);
        let given = Given::new(input, output)?;
        let inherited = given.all();
        let mut attributes = Attributes::new()?;
        attributes.inherit(&inherited)?;
        let mut startup = STARTUPINFOEXW::default();
        startup.StartupInfo.cb = size_of_val(&startup).try_into().expect("a small structure");
        startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
        startup.StartupInfo.hStdInput = given.input.as_raw_handle();
        startup.StartupInfo.hStdOutput = given.output.as_raw_handle();
        startup.StartupInfo.hStdError = raw_or_null(given.error.as_ref());
        startup.lpAttributeList = attributes.list();
        let mut made = PROCESS_INFORMATION::default();
        // SAFETY: both texts end with a NUL, and the line may be written to; what the structures point to lives until the call
        // returns. NULL: default security, this process's environment and its folder.
        let is_made = unsafe {
            CreateProcessW(
                file.as_ptr(),
                line.as_mut_ptr(),
                null(),
                null(),
                TRUE,
                CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT,
                null(),
                null(),
                (&raw const startup).cast(),
                &raw mut made,
            )
        };
        if is_made == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: both were just made, and nobody else has them.
        let [process, thread] = [made.hProcess, made.hThread]
            .map(|handle| unsafe { OwnedHandle::from_raw_handle(handle) });
        Ok(Self {
            process,
            number: made.dwProcessId,
            thread,
        })
    }

    /// Lets it run.
    pub(super) fn run(self) -> io::Result<(OwnedHandle, u32)> {
        // SAFETY: the thread's handle is open.
        match unsafe { ResumeThread(self.thread.as_raw_handle()) } {
            u32::MAX => {
                let error = io::Error::last_os_error();
                object::terminate(self.process.as_handle(), 1);
                Err(error)
            }
            _ => Ok((self.process, self.number)),
        }
    }
}

/// What a child inherits: copies, since the handles of this process are inherited by nobody. While there are copies, another
/// child that the host starts with all that can be inherited has them, too.
struct Given {
    input: OwnedHandle,
    output: OwnedHandle,
    /// `None` where this process has none.
    error: Option<OwnedHandle>,
}

impl Given {
    fn new(input: BorrowedHandle<'_>, output: BorrowedHandle<'_>) -> io::Result<Self> {
        // SAFETY: takes a number and touches nothing of the caller's.
        let error = unsafe { GetStdHandle(STD_ERROR_HANDLE) };
        let has_error = !error.is_null() && error != INVALID_HANDLE_VALUE;
        Ok(Self {
            input: inheritable(input.as_raw_handle())?,
            output: inheritable(output.as_raw_handle())?,
            error: has_error.then(|| inheritable(error)).transpose()?,
        })
    }

    fn all(&self) -> Vec<HANDLE> {
        let handles = [Some(&self.input), Some(&self.output), self.error.as_ref()];
        let handles = handles.into_iter().flatten();
        handles.map(AsRawHandle::as_raw_handle).collect()
    }
}

fn raw_or_null(handle: Option<&OwnedHandle>) -> HANDLE {
    handle.map_or(null_mut(), AsRawHandle::as_raw_handle)
}

/// A copy that children inherit.
fn inheritable(handle: HANDLE) -> io::Result<OwnedHandle> {
    let mut copy = null_mut();
    // SAFETY: the pseudo handle of this process is always open, and a handle that is not open is refused.
    let is_copied = unsafe {
        let own = GetCurrentProcess();
        DuplicateHandle(
            own,
            handle,
            own,
            &raw mut copy,
            0,
            TRUE,
            DUPLICATE_SAME_ACCESS,
        )
    };
    match is_copied {
        0 => Err(io::Error::last_os_error()),
        // SAFETY: it was just made, and nobody else has it.
        _ => Ok(unsafe { OwnedHandle::from_raw_handle(copy) }),
    }
}

/// What a process is started with, beside what every process has: room for one attribute.
struct Attributes<'a> {
    room: Vec<usize>,
    inherited: PhantomData<&'a [HANDLE]>,
}

impl<'a> Attributes<'a> {
    fn new() -> io::Result<Self> {
        let mut size = 0;
        // SAFETY: NULL asks for the size alone.
        unsafe { InitializeProcThreadAttributeList(null_mut(), 1, 0, &raw mut size) };
        let mut room = vec![0; size.div_ceil(size_of::<usize>())];
        let list = room.as_mut_ptr().cast();
        // SAFETY: there is room of that size.
        match unsafe { InitializeProcThreadAttributeList(list, 1, 0, &raw mut size) } {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(Self {
                room,
                inherited: PhantomData,
            }),
        }
    }

    fn list(&mut self) -> LPPROC_THREAD_ATTRIBUTE_LIST {
        self.room.as_mut_ptr().cast()
    }

    /// These handles and no others.
    fn inherit(&mut self, handles: &'a [HANDLE]) -> io::Result<()> {
        let attribute = PROC_THREAD_ATTRIBUTE_HANDLE_LIST
            .try_into()
            .expect("a small number");
        // SAFETY: the list was made, and the handles live as long as it.
        let is_set = unsafe {
            UpdateProcThreadAttribute(
                self.list(),
                0,
                attribute,
                handles.as_ptr().cast(),
                size_of_val(handles),
                null_mut(),
                null(),
            )
        };
        match is_set {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}

impl Drop for Attributes<'_> {
    fn drop(&mut self) {
        // SAFETY: the list was made, and is not used again.
        unsafe { DeleteProcThreadAttributeList(self.list()) };
    }
}
