//! What is readable from one moment on: bells, and what stands for objects of the system.

use super::event::Event;
use super::node::{AsSource, Node, Source, Watchable, Watchers};
use crate::sys::ready::{Ready, Want};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use windows_sys::Win32::Foundation::HANDLE;

/// Readable while it is on.
#[derive(Debug, Default)]
pub(super) struct Signal {
    is_on: AtomicBool,
    watchers: Watchers,
    /// Signalled while it is on, once somebody waits for it.
    event: OnceLock<Event>,
}

impl Signal {
    /// It is on from now on.
    pub(super) fn on(&self) {
        self.is_on.store(true, Ordering::SeqCst);
        if let Some(event) = self.event.get() {
            event.set();
        }
        self.watchers.tell_now();
    }

    /// It is off, until it is on again.
    pub(super) fn off(&self) {
        if let Some(event) = self.event.get() {
            event.reset();
        }
        self.is_on.store(false, Ordering::SeqCst);
        self.watchers.calm();
    }

    pub(super) fn is_on(&self) -> bool {
        self.is_on.load(Ordering::SeqCst)
    }

    /// Signalled while it is on.
    pub(super) fn object(&self) -> io::Result<HANDLE> {
        let event = self.event()?;
        // One may have turned it off between the two steps of one who turned it on.
        if !self.is_on() {
            event.reset();
            if self.is_on() {
                event.set();
            }
        }
        Ok(event.raw())
    }

    fn event(&self) -> io::Result<&Event> {
        if let Some(event) = self.event.get() {
            return Ok(event);
        }
        let event = Event::new()?;
        let event = self.event.get_or_init(|| event);
        // Whoever turned it on before did not know of the event.
        if self.is_on() {
            event.set();
        }
        Ok(event)
    }
}

impl Watchable for Signal {
    fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    fn state(&self, want: Want) -> Ready {
        let mut ready = Ready::NOTHING;
        if want.bits() & Want::READ.bits() != 0 && self.is_on() {
            ready |= Ready::READABLE;
        }
        // It can be turned on at any time.
        if want.bits() & Want::WRITE.bits() != 0 {
            ready |= Ready::WRITABLE;
        }
        ready
    }

    fn objects(&self, _: Want, objects: &mut Vec<HANDLE>) -> io::Result<()> {
        objects.push(self.object()?);
        Ok(())
    }
}

/// Rings, once it was rung, until it is silenced, which one that others wait for never is.
///
/// Level-triggered, it stops everything that watches it; edge-triggered, each ring wakes once.
#[derive(Debug)]
pub struct Bell {
    signal: Arc<Signal>,
    node: Node,
}

impl Bell {
    /// A bell that is silent so far.
    pub(crate) fn new() -> io::Result<Self> {
        let signal = Arc::new(Signal::default());
        let node = Node::new(signal.clone());
        Ok(Self { signal, node })
    }

    /// The same bell, for another owner.
    pub(super) fn same(&self) -> Self {
        Self {
            signal: self.signal.clone(),
            node: self.node.clone(),
        }
    }

    /// Whether it was rung: what a busy thread can ask without a system call.
    #[inline]
    pub(crate) fn has_rung(&self) -> bool {
        self.signal.is_on()
    }

    /// Nothing is forked that could inherit it.
    #[expect(clippy::unused_self, reason = "the other systems' have a state")]
    pub(crate) fn bequeath(&self) {}

    /// Nothing is forked that could inherit it.
    #[expect(clippy::unused_self, reason = "the other systems' have a state")]
    pub(crate) fn own(&self) {}

    /// Wakes who watches it.
    pub(crate) fn ring(&self) {
        self.signal.on();
    }

    /// Lets it be silent until it is rung again. Its owner alone may.
    pub(crate) fn silence(&self) {
        self.signal.off();
    }

    /// Silences it: no other process shares it.
    #[expect(clippy::unnecessary_wraps, reason = "the other systems' may fail")]
    pub(crate) fn renew(&self) -> io::Result<()> {
        self.silence();
        Ok(())
    }
}

impl AsSource for Bell {
    fn as_source(&self) -> Source<'_> {
        &self.node
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::super::poll;
    use super::*;
    use crate::sys::deadline::Deadline;
    use std::time::Duration;

    fn rings(bell: &Bell) -> bool {
        let now = Deadline::after(Some(Duration::ZERO));
        poll::wait_readable(bell.as_source(), &now).unwrap()
    }

    #[test]
    fn it_rings_until_it_is_silenced_whoever_waited_before() {
        let bell = Bell::new().unwrap();
        for _ in 0..2 {
            assert!(!rings(&bell) && !bell.has_rung());
            bell.ring();
            assert!(rings(&bell) && rings(&bell) && bell.has_rung());
            bell.silence();
        }
        bell.ring();
        bell.renew().unwrap();
        assert!(!rings(&bell));
    }

    #[test]
    fn an_event_that_was_left_signalled_keeps_nobody_awake() {
        let signal = Signal::default();
        signal.event().unwrap().set();
        let now = Some(Duration::ZERO);
        assert!(!poll::wait_for(&[signal.object().unwrap()], now).unwrap());
        signal.on();
        assert!(poll::wait_for(&[signal.object().unwrap()], now).unwrap());
    }

    #[test]
    fn a_wait_ends_when_it_rings() {
        let bell = Bell::new().unwrap();
        std::thread::scope(|scope| {
            let waits = || poll::wait_readable(bell.as_source(), &Deadline::never()).unwrap();
            let waiter = scope.spawn(waits);
            bell.ring();
            assert!(waiter.join().unwrap());
        });
    }
}
