//! Processes of Windows: on which processors they run, for how long they have run, and how they are stopped for a while.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use windows_sys::Win32::Foundation::{FILETIME, HANDLE, NTSTATUS};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetProcessAffinityMask, GetProcessTimes, OpenProcess,
    PROCESS_QUERY_INFORMATION, PROCESS_SET_INFORMATION, PROCESS_SUSPEND_RESUME,
    SetProcessAffinityMask,
};

// Neither is in the documented interface; debuggers use both.
#[link(name = "ntdll", kind = "raw-dylib")]
unsafe extern "system" {
    fn NtSuspendProcess(process: HANDLE) -> NTSTATUS;
    fn NtResumeProcess(process: HANDLE) -> NTSTATUS;
}

/// A process, of which this may be done.
fn open(process: u32, rights: u32) -> io::Result<OwnedHandle> {
    // SAFETY: it only gives a handle, or none.
    let handle = unsafe { OpenProcess(rights, 0, process) };
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just opened, and nobody else has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// What a function says of how it went.
pub(super) fn check(result: i32) -> io::Result<()> {
    match result {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// The processors that this process may use, a bit for each.
pub(crate) fn processors() -> io::Result<usize> {
    let (mut own, mut all) = (0, 0);
    // SAFETY: the process is this one, and there is room for both masks.
    let result = unsafe { GetProcessAffinityMask(GetCurrentProcess(), &raw mut own, &raw mut all) };
    check(result).map(|()| own)
}

/// Lets this process use only these; what it starts inherits them.
pub(crate) fn use_processors(mask: usize) -> io::Result<()> {
    // SAFETY: the process is this one.
    check(unsafe { SetProcessAffinityMask(GetCurrentProcess(), mask) })
}

/// Moves a process to these processors.
pub(crate) fn move_to_processors(process: u32, mask: usize) -> io::Result<()> {
    let process = open(process, PROCESS_SET_INFORMATION)?;
    // SAFETY: the process is open.
    check(unsafe { SetProcessAffinityMask(process.as_raw_handle(), mask) })
}

/// Nanoseconds that all threads of a process ran in all; the system counts them in ticks of its clock.
pub(crate) fn processor_time(process: u32) -> io::Result<u64> {
    let process = open(process, PROCESS_QUERY_INFORMATION)?;
    let [mut began, mut ended, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: the process is open, and there is room for each time.
    check(unsafe {
        GetProcessTimes(
            process.as_raw_handle(),
            &raw mut began,
            &raw mut ended,
            &raw mut kernel,
            &raw mut user,
        )
    })?;
    // They are in units of 100 ns.
    let nanos = |time: FILETIME| {
        (u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime)) * 100
    };
    Ok(nanos(kernel) + nanos(user))
}

/// Stops all threads of a process, or lets them go on.
pub(crate) fn suspend(process: u32, is_suspended: bool) -> io::Result<()> {
    let process = open(process, PROCESS_SUSPEND_RESUME)?;
    let handle = process.as_raw_handle();
    let status = match is_suspended {
        // SAFETY: the process is open.
        true => unsafe { NtSuspendProcess(handle) },
        // SAFETY: as above.
        false => unsafe { NtResumeProcess(handle) },
    };
    match status {
        0.. => Ok(()),
        _ => Err(io::Error::other(format!("status {status:#x}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn this_process_has_used_some_time() {
        let own = std::process::id();
        let before = Instant::now();
        // More than a tick of the clock.
        while processor_time(own).unwrap() == 0 {
            assert!(before.elapsed() < Duration::from_secs(30));
        }
    }

    #[test]
    fn it_may_use_a_processor() {
        let own = processors().unwrap();
        assert_ne!(own, 0);
        use_processors(own).unwrap();
        move_to_processors(std::process::id(), own).unwrap();
        assert_eq!(processors().unwrap(), own);
    }
}
