//! A timer that can be watched: timerfd_create(2).

use super::fd::Fd;
use nix::errno::Errno;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

/// Readable once its time has come, until it is set anew. It runs on the clock that no one can set, as deadlines do.
#[derive(Debug)]
pub(crate) struct Timer(Fd);

impl Timer {
    /// One whose time never comes so far.
    pub(crate) fn new() -> io::Result<Self> {
        let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
        let make = || {
            // SAFETY: takes no pointer.
            let fd = Errno::result(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) })?;
            // SAFETY: it was just made, and nobody else has it.
            Ok(unsafe { OwnedFd::from_raw_fd(fd) })
        };
        Ok(Self(Fd::make(make)?))
    }

    /// Lets its time come this far from now; `None`: never. What had come before is over.
    pub(crate) fn set(&self, time: Option<Duration>) -> io::Result<()> {
        // Zeros would stop it (timerfd_settime(2)).
        let time = time.map_or(Duration::ZERO, |time| time.max(Duration::from_nanos(1)));
        let spec = libc::itimerspec {
            it_interval: timespec(Duration::ZERO),
            it_value: timespec(time),
        };
        // SAFETY: `spec` outlives the call, and the old value is not asked for.
        let result = unsafe {
            libc::timerfd_settime(self.0.as_raw_fd(), 0, &raw const spec, ptr::null_mut())
        };
        Errno::result(result)?;
        Ok(())
    }
}

/// The same time as the kernel counts it, or 68 years if that is sooner: what every width of its clock reaches.
fn timespec(time: Duration) -> libc::timespec {
    let seconds = i32::try_from(time.as_secs()).unwrap_or(i32::MAX);
    let nanoseconds = i32::try_from(time.subsec_nanos()).unwrap_or(i32::MAX);
    libc::timespec {
        tv_sec: seconds.into(),
        tv_nsec: nanoseconds.into(),
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::deadline::Deadline;
    use crate::sys::poll;

    #[test]
    fn it_is_readable_from_its_time_on_until_it_is_set_anew() {
        let timer = Timer::new().unwrap();
        let is_due = |within| {
            let deadline = Deadline::after(Some(within));
            poll::wait_readable(timer.as_fd(), &deadline).unwrap()
        };
        assert!(!is_due(Duration::ZERO));
        for time in [Duration::ZERO, Duration::from_millis(3)] {
            timer.set(Some(time)).unwrap();
            assert!(is_due(Duration::from_secs(60)) && is_due(Duration::ZERO));
        }
        for never in [None, Some(Duration::MAX)] {
            timer.set(never).unwrap();
            assert!(!is_due(Duration::ZERO));
        }
    }
}
