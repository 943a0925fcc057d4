//! Sleeping on a line of memory that another process changes: an event object, which that process sets.

use super::object;
use super::security::Descriptor;
use crate::sys::alarm::Alarm;
use crate::sys::atomic::Mapped;
use crate::sys::deadline::Deadline;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::null;
use std::sync::atomic::AtomicU32;
use std::time::Duration;
use windows_sys::Win32::Foundation::FALSE;
use windows_sys::Win32::System::Threading::{CreateEventW, SetEvent};

/// The alarm of the one sleeper on one line, in whatever process.
///
/// The event stays set until a sleep ends by it. So a sleep that begins after the wake-up ends at once, and one that has
/// nothing to do with it any more may: the sleeper looks again.
#[derive(Debug)]
pub(crate) struct LineAlarm(OwnedHandle);

impl LineAlarm {
    /// One for a line of its own.
    pub(crate) fn new() -> io::Result<Self> {
        // A client is to wait by it and no more, which it could change if it were let in (DuplicateHandle).
        let nobody = Descriptor::of_nobody()?;
        let attributes = nobody.attributes();
        // SAFETY: the attributes are there, and NULL is no name.
        let event = unsafe { CreateEventW(&raw const attributes, FALSE, FALSE, null()) };
        if event.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was just made, and nobody else has it.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(event) }))
    }

    /// What another process made, of which this one has the event.
    pub(super) fn of(event: OwnedHandle) -> Self {
        Self(event)
    }

    /// The event.
    pub(super) fn event(&self) -> &OwnedHandle {
        &self.0
    }
}

impl Alarm<Mapped> for LineAlarm {
    fn wait(&self, _word: &AtomicU32, _expected: u32, timeout: Duration) -> bool {
        !object::wait(self.0.as_handle(), &Deadline::after(Some(timeout)))
    }

    fn wake(&self, _word: &AtomicU32) {
        // SAFETY: it is open. It fails only for one who may not set it, who sleeps by it instead.
        unsafe { SetEvent(self.0.as_raw_handle()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn a_sleeper_is_woken_whether_it_sleeps_already_or_is_about_to() {
        let alarm = LineAlarm::new().unwrap();
        let word = AtomicU32::new(0);
        let long = Duration::from_secs(60);
        alarm.wake(&word);
        assert!(!alarm.wait(&word, 0, long));
        thread::scope(|scope| {
            scope.spawn(|| alarm.wake(&word));
            assert!(!alarm.wait(&word, 0, long));
        });
        assert!(alarm.wait(&word, 0, Duration::from_millis(1)), "once each");
    }
}
