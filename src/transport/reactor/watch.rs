//! The thread that watches over the turns of a crew. It sleeps while there are none.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

/// How often turns are looked at: one that is still the same has a long handler.
pub(super) const TICK: Duration = Duration::from_millis(1);
/// Ticks without any turn after which the watch sleeps.
const QUIET_TICKS: u32 = 8;

/// The watch over the turns of a crew.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The thread that watches.
    pub(super) thread: OnceLock<Thread>,
    pub(super) is_asleep: AtomicBool,
    is_over: AtomicBool,
}

impl Watch {
    /// Watches until it is over: `look` looks at every turn, and says whether there was any since it looked last.
    pub(super) fn keep(&self, mut look: impl FnMut() -> bool) {
        let _ = self.thread.set(thread::current());
        let mut quiet = 0;
        while !self.is_over.load(Ordering::SeqCst) {
            if look() {
                quiet = 0;
            } else {
                quiet += 1;
            }
            if quiet < QUIET_TICKS {
                thread::park_timeout(TICK);
                continue;
            }
            self.is_asleep.store(true, Ordering::SeqCst);
            // A turn that began before it was asleep did not wake it. An end since then does: whoever was
            // unparked before parks no more.
            if !look() {
                thread::park();
            }
            self.is_asleep.store(false, Ordering::SeqCst);
            quiet = 0;
        }
    }

    /// A turn begins, or somebody may wait for one that has begun.
    #[inline]
    pub(super) fn wake(&self) {
        if self.is_asleep.load(Ordering::SeqCst) {
            self.unpark();
        }
    }

    /// Ends the watch.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.unpark();
    }

    #[cold]
    fn unpark(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}
