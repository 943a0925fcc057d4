//! Job objects: what ends a process, and all that it started, with the last handle of them.

use super::call::check;
use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::null;
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject, TerminateJobObject,
};

/// A job whose processes end once it is dropped, or this process ends, however that comes: its handle is inherited by nobody.
#[derive(Debug)]
pub(super) struct Job(OwnedHandle);

impl Job {
    /// One without processes.
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: NULL is no name, and the default security, which no other user can open.
        let job = unsafe { CreateJobObjectW(null(), null()) };
        if job.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was just made, and nobody else has it.
        let job = Self(unsafe { OwnedHandle::from_raw_handle(job) });
        job.end_when_closed()?;
        Ok(job)
    }

    fn end_when_closed(&self) -> io::Result<()> {
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        let size = size_of_val(&limits).try_into().expect("a small structure");
        // SAFETY: the structure of this class, of that size, which the system only reads.
        let is_set = unsafe {
            SetInformationJobObject(
                self.0.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size,
            )
        };
        check(is_set)
    }

    /// Puts a process in, and all that it starts from then on.
    pub(super) fn take(&self, process: BorrowedHandle<'_>) -> io::Result<()> {
        // SAFETY: both are open.
        check(unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), process.as_raw_handle()) })
    }

    /// Ends its processes, with this exit code.
    pub(super) fn end(&self, code: u32) {
        // SAFETY: it is open. It fails only where all have ended.
        unsafe { TerminateJobObject(self.0.as_raw_handle(), code) };
    }
}
