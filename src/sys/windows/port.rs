//! Completion ports: CreateIoCompletionPort, GetQueuedCompletionStatusEx.
//!
//! What is taken from one is only a key: where to look. So nothing that it tells of has to outlive it.

use super::call::{check, milliseconds};
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::time::Duration;
use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE, WAIT_TIMEOUT};
use windows_sys::Win32::Storage::FileSystem::SetFileCompletionNotificationModes;
use windows_sys::Win32::System::IO::{
    CreateIoCompletionPort, GetQueuedCompletionStatusEx, OVERLAPPED_ENTRY,
    PostQueuedCompletionStatus,
};
use windows_sys::Win32::System::WindowsProgramming::FILE_SKIP_COMPLETION_PORT_ON_SUCCESS;

/// Keys that are taken at once.
pub(super) const AT_ONCE: usize = AT_MOST as usize;
const AT_MOST: u32 = 64;
/// Threads that may be awake with what they took: any number. Whoever is inside of a long handler counts until it waits for
/// something, and would keep all others from taking where only so many as there are CPUs may (CreateIoCompletionPort).
const AWAKE: u32 = 1 << 16;

/// A completion port.
#[derive(Debug)]
pub(super) struct Port(OwnedHandle);

impl Port {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: no file is named, and no port: it makes one.
        let port =
            unsafe { CreateIoCompletionPort(INVALID_HANDLE_VALUE, ptr::null_mut(), 0, AWAKE) };
        check(i32::from(!port.is_null()))?;
        // SAFETY: it was just made, and nobody else has it.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(port) }))
    }

    /// Operations on this handle that do not end at once tell their end by this key, from now on and for good: a handle
    /// belongs to one port.
    pub(super) fn associate(&self, handle: HANDLE, key: usize) -> io::Result<()> {
        // SAFETY: both are open.
        let port = unsafe { CreateIoCompletionPort(handle, self.0.as_raw_handle(), key, 0) };
        check(i32::from(!port.is_null()))?;
        let modes = FILE_SKIP_COMPLETION_PORT_ON_SUCCESS;
        // SAFETY: the handle is open.
        #[expect(clippy::cast_possible_truncation, reason = "the modes are a byte")]
        check(unsafe { SetFileCompletionNotificationModes(handle, modes as u8) })
    }

    /// Lets whoever takes have this key.
    pub(super) fn post(&self, key: usize) {
        // It fails for want of memory in the kernel alone.
        // SAFETY: the port is open, and no operation is named.
        let _ = unsafe { PostQueuedCompletionStatus(self.0.as_raw_handle(), 0, key, ptr::null()) };
    }

    /// Has the kernel write how operations went that are over: to the block of one that tells a port it does so as its packet is
    /// taken (Microsoft, "I/O Completion Ports"). What is taken is put back, each key once, so that they do not become more.
    pub(super) fn pull(&self) {
        let mut keys = [0; AT_ONCE];
        let Ok(count) = self.take(&mut keys, Some(Duration::ZERO)) else {
            return; // As whoever waits for it is told.
        };
        let (taken, _) = keys.split_at_mut(count);
        taken.sort_unstable();
        let mut last = None;
        for key in &*taken {
            if last.replace(*key) != Some(*key) {
                self.post(*key);
            }
        }
    }

    /// Takes keys, waiting this long for the first (`None`: without limit); gives how many.
    pub(super) fn take(
        &self,
        keys: &mut [usize; AT_ONCE],
        time: Option<Duration>,
    ) -> io::Result<usize> {
        // SAFETY: zeros are an entry.
        let mut entries: [OVERLAPPED_ENTRY; AT_ONCE] = unsafe { std::mem::zeroed() };
        let mut count = 0;
        // SAFETY: there is room for so many entries.
        let result = check(unsafe {
            GetQueuedCompletionStatusEx(
                self.0.as_raw_handle(),
                entries.as_mut_ptr(),
                AT_MOST,
                &raw mut count,
                milliseconds(time),
                0,
            )
        });
        match result {
            Ok(()) => {
                let taken = entries.iter().take(count as usize);
                for (key, entry) in keys.iter_mut().zip(taken) {
                    *key = entry.lpCompletionKey;
                }
                Ok(count as usize)
            }
            Err(error) if error.raw_os_error() == Some(WAIT_TIMEOUT.cast_signed()) => Ok(0),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Instant;

    /// All keys that are there.
    fn taken(port: &Port) -> Vec<usize> {
        let (mut keys, mut taken) = ([0; AT_ONCE], Vec::new());
        loop {
            match port.take(&mut keys, Some(Duration::ZERO)).unwrap() {
                0 => return taken,
                count => taken.extend_from_slice(&keys[..count]),
            }
        }
    }

    #[test]
    fn what_is_posted_is_taken_once_and_in_order() {
        let port = Port::new().unwrap();
        let mut keys = [0; AT_ONCE];
        assert_eq!(port.take(&mut keys, Some(Duration::ZERO)).unwrap(), 0);
        for key in [3, 1, 2] {
            port.post(key);
        }
        let mut taken = Vec::new();
        while taken.len() < 3 {
            let count = port.take(&mut keys, None).unwrap();
            taken.extend_from_slice(&keys[..count]);
        }
        assert_eq!(taken, [3, 1, 2]);
        assert_eq!(port.take(&mut keys, Some(Duration::ZERO)).unwrap(), 0);
    }

    #[test]
    fn what_is_pulled_can_be_taken_as_before_and_is_no_more() {
        let port = Port::new().unwrap();
        port.pull();
        assert_eq!(taken(&port), []);
        for _ in 0..3 {
            for key in [3, 1, 3] {
                port.post(key);
            }
            port.pull();
        }
        assert_eq!(taken(&port), [1, 3]);
    }

    #[test]
    fn whoever_does_not_wait_with_what_it_took_keeps_nobody_from_taking() {
        let (port, is_taken) = (Port::new().unwrap(), AtomicBool::new(false));
        port.post(1);
        thread::scope(|scope| {
            let busy = scope.spawn(|| {
                assert_eq!(port.take(&mut [0; AT_ONCE], None).unwrap(), 1);
                port.post(2);
                let began = Instant::now();
                while !is_taken.load(Ordering::Relaxed) {
                    assert!(began.elapsed() < Duration::from_secs(60));
                    std::hint::spin_loop();
                }
            });
            while !is_taken.load(Ordering::Relaxed) && !busy.is_finished() {
                let mut keys = [0; AT_ONCE];
                let count = port.take(&mut keys, Some(Duration::from_millis(1)));
                match (count.unwrap(), keys[0]) {
                    (1, 2) => is_taken.store(true, Ordering::Relaxed),
                    (1, key) => port.post(key), // It was the other thread's.
                    _ => {}
                }
            }
        });
    }
}
