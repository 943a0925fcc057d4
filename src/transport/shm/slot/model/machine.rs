//! What the models run on: memory, an alarm and bells under loom.

use crate::sys::alarm::Alarm;
use crate::sys::atomic::{self, Atomic, Memory};
use crate::sys::line::{Line, Page};
use loom::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering, fence};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use std::cell::Cell;
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Loom;

impl Memory for Loom {
    type Word = Word;
    type Half = AtomicU16;
    type Data = AtomicU64;
}

impl Atomic<u16> for AtomicU16 {
    fn load(&self, order: Ordering) -> u16 {
        self.load(order)
    }

    fn store(&self, value: u16, order: Ordering) {
        self.store(value, order);
    }
}

impl Atomic<u64> for AtomicU64 {
    fn load(&self, order: Ordering) -> u64 {
        self.load(order)
    }

    fn store(&self, value: u64, order: Ordering) {
        self.store(value, order);
    }
}

loom::thread_local! {
    /// Whether this thread's last access of order SeqCst wrote.
    static HAS_WRITTEN: Cell<bool> = Cell::new(false);
}

/// loom takes SeqCst for AcqRel (tokio-rs/loom issue 180), but knows fences. The one thing that
/// SeqCst adds here is that of two threads, each of which writes and then reads what the other
/// wrote, one sees the other: that is what a fence between such a write and such a read gives, and
/// it stands there only if both are SeqCst.
#[derive(Debug)]
pub(super) struct Word(AtomicU32);

impl Word {
    fn reads(order: Ordering) {
        if order == Ordering::SeqCst && HAS_WRITTEN.with(|written| written.replace(false)) {
            fence(Ordering::SeqCst);
        }
    }

    fn has_written(order: Ordering) {
        if order == Ordering::SeqCst {
            HAS_WRITTEN.with(|written| written.set(true));
        }
    }
}

/// SeqCst as loom knows it.
fn weaker(order: Ordering, otherwise: Ordering) -> Ordering {
    match order {
        Ordering::SeqCst => otherwise,
        order => order,
    }
}

impl Atomic<u32> for Word {
    fn load(&self, order: Ordering) -> u32 {
        Self::reads(order);
        self.0.load(weaker(order, Ordering::Acquire))
    }

    fn store(&self, value: u32, order: Ordering) {
        self.0.store(value, weaker(order, Ordering::Release));
        Self::has_written(order);
    }
}

impl atomic::Word for Word {
    fn swap(&self, value: u32, order: Ordering) -> u32 {
        let before = self.0.swap(value, weaker(order, Ordering::AcqRel));
        Self::has_written(order);
        before
    }

    fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        let before = self.0.fetch_add(value, weaker(order, Ordering::AcqRel));
        Self::has_written(order);
        before
    }

    fn fetch_sub(&self, value: u32, order: Ordering) -> u32 {
        let before = self.0.fetch_sub(value, weaker(order, Ordering::AcqRel));
        Self::has_written(order);
        before
    }

    fn replace(&self, expected: u32, new: u32, order: Ordering) -> bool {
        self.0
            .compare_exchange(expected, new, order, Ordering::Acquire)
            .is_ok()
    }
}

/// An alarm as the kernel's is: the comparison and the sleep are one step, as futex(2) says.
#[derive(Clone, Debug)]
pub(super) struct Kernel(Arc<(Mutex<()>, Condvar)>);

impl Kernel {
    pub(super) fn new() -> Self {
        Self(Arc::new((Mutex::new(()), Condvar::new())))
    }
}

impl Alarm<Loom> for Kernel {
    /// Ends by itself only if `timeout` is zero: at once.
    fn wait(&self, word: &Word, expected: u32, timeout: Duration) -> bool {
        if timeout.is_zero() {
            thread::yield_now();
            return true;
        }
        let queue = self.0.0.lock().unwrap();
        if word.0.load(Ordering::Relaxed) == expected {
            drop(self.0.1.wait(queue).unwrap());
        }
        false
    }

    fn wake(&self, _word: &Word) {
        let _queue = self.0.0.lock().unwrap();
        self.0.1.notify_one();
    }
}

/// Memory of the model: one line for the header, or two for a client.
#[derive(Clone, Debug)]
pub(super) struct Lines(Arc<[Line<Loom>; 2]>);

impl Lines {
    pub(super) fn new() -> Self {
        let line = || Line {
            word: Word(AtomicU32::new(0)),
            cpu: AtomicU16::new(0),
            kind: AtomicU16::new(0),
            data: std::array::from_fn(|_| AtomicU64::new(0)),
        };
        Self(Arc::new([line(), line()]))
    }
}

impl Page for Lines {
    type Memory = Loom;

    fn line(&self, number: usize) -> &Line<Loom> {
        &self.0[number]
    }
}

/// An eventfd that is watched edge-triggered: each ring ends one sleep, the current or the next.
#[derive(Clone, Debug)]
pub(super) struct Bell(Arc<(Mutex<bool>, Condvar)>);

impl Bell {
    pub(super) fn new() -> Self {
        Self(Arc::new((Mutex::new(false), Condvar::new())))
    }

    pub(super) fn ring(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_one();
    }

    pub(super) fn wait(&self) {
        let mut rung = self.0.0.lock().unwrap();
        while !*rung {
            rung = self.0.1.wait(rung).unwrap();
        }
        *rung = false;
    }
}
