//! A share of a server's peers: one thread serves it, and another does while that one is inside a
//! long handler.

use super::attention::Attention;
use super::clock::{Clock, Times};
use super::queue::{Queue, Standing};
use super::slab::{Key, Slab};
use super::{Happened, Peer};
use crate::sys::mutex;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Instant;

/// A share of a server's peers, and what serving them needs to know of them.
pub(super) struct Shard {
    /// Which share it is: the number of the thread that serves it.
    pub(super) index: usize,
    pub(super) peers: Slab<Entry>,
    pub(super) queue: Queue,
    pub(super) attention: Attention,
    pub(super) clock: Clock,
    /// Until when the doors are shut.
    pub(super) shut_until: Option<Instant>,
    /// The last client may have gone.
    pub(super) may_be_idle: bool,
}

/// A peer, and how it is doing.
pub(super) struct Entry {
    /// Nothing while it has its turn on a thread that let go of the shard.
    pub(super) peer: Option<Box<dyn Peer>>,
    pub(super) standing: Standing,
    /// What happened at its descriptors since its last turn.
    pub(super) happened: Happened,
    pub(super) is_blocked: bool,
    /// Nothing of it is under way or timed.
    pub(super) is_at_rest: bool,
    pub(super) times: Times,
}

impl Shard {
    pub(super) fn new(index: usize) -> Self {
        Self {
            index,
            peers: Slab::new(),
            queue: Queue::default(),
            attention: Attention::new(),
            clock: Clock::default(),
            shut_until: None,
            may_be_idle: false,
        }
    }

    /// Queues a peer that has something to do.
    pub(super) fn enqueue(&mut self, key: Key) {
        if let Some(entry) = self.peers.get_mut(key) {
            self.queue.push(key, &mut entry.standing);
        }
    }

    /// A peer did this much in its turn, and used up its time or not.
    pub(super) fn charge(&mut self, key: Key, done: u32, is_used_up: bool) {
        if let Some(entry) = self.peers.get_mut(key) {
            self.queue.charge(&mut entry.standing, done, is_used_up);
        }
    }

    /// The next peer in line.
    pub(super) fn next_in_line(&mut self) -> Option<Key> {
        let key = self.queue.pop()?;
        if let Some(entry) = self.peers.get_mut(key) {
            entry.standing.leave();
        }
        Some(key)
    }
}

/// A shard in this thread's hands.
pub(super) struct Held<'a> {
    lock: &'a Mutex<Shard>,
    /// Nothing only inside of [`Held::let_go`].
    guard: Option<MutexGuard<'a, Shard>>,
}

impl<'a> Held<'a> {
    /// Takes a shard, from a thread that is about to let go of it if need be.
    pub(super) fn take(lock: &'a Mutex<Shard>) -> Self {
        let guard = Some(mutex::lock(lock));
        Self { lock, guard }
    }

    /// Takes a shard that nobody has in hand.
    pub(super) fn try_take(lock: &'a Mutex<Shard>) -> Option<Self> {
        let guard = match lock.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(Self { lock, guard })
    }

    /// Lets go of the shard while `body` runs.
    pub(super) fn let_go<T>(&mut self, body: impl FnOnce() -> T) -> T {
        self.guard = None;
        let result = body();
        *self = Self::take(self.lock);
        result
    }
}

impl Deref for Held<'_> {
    type Target = Shard;

    #[inline]
    fn deref(&self) -> &Shard {
        match &self.guard {
            Some(shard) => shard,
            None => unreachable!("let_go borrows it"),
        }
    }
}

impl DerefMut for Held<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Shard {
        match &mut self.guard {
            Some(shard) => shard,
            None => unreachable!("let_go borrows it"),
        }
    }
}
