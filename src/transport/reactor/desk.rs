//! What others leave to a thread, and see of it.

use super::Peer;
use super::parked::Recall;
use super::shard::Shard;
use super::watch::Watch;
use crate::sys::{Bell, Poller};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// No thread.
pub(super) const NOBODY: usize = usize::MAX;

/// What others leave to a thread, and see of it.
pub(super) struct Desk {
    pub(super) shard: Mutex<Shard>,
    /// Watches the shard's peers.
    pub(super) poller: Poller,
    /// Rings when newcomers or wards are left here, or answers have come.
    pub(super) bell: Arc<Bell>,
    /// Which of the shard's peers have answers that came later; nothing where none do.
    pub(super) recall: Option<Arc<Recall>>,
    /// Newcomers that another thread let in.
    pub(super) newcomers: Mutex<Vec<Box<dyn Peer>>>,
    pub(super) clients: AtomicUsize,
    /// Its thread has been started.
    pub(super) is_staffed: AtomicBool,
    /// Its thread waits for events.
    pub(super) is_asleep: AtomicBool,
    /// Odd while its thread is inside a turn, and another number for each.
    pub(super) turn: AtomicU32,
    /// The thread that looks after this shard while its own is inside a long handler.
    pub(super) attendant: AtomicUsize,
    /// Shards that this thread is to look after.
    pub(super) wards: Mutex<Vec<usize>>,
}

impl Desk {
    /// Of a thread with this share of the peers; `defers`: answers may come later.
    pub(super) fn new(shard: Shard, defers: bool) -> io::Result<Self> {
        let bell = Arc::new(Bell::new()?);
        Ok(Self {
            shard: Mutex::new(shard),
            poller: Poller::new()?,
            recall: defers.then(|| Arc::new(Recall::new(&bell))),
            bell,
            newcomers: Mutex::default(),
            clients: AtomicUsize::new(0),
            is_staffed: AtomicBool::new(false),
            is_asleep: AtomicBool::new(false),
            turn: AtomicU32::new(0),
            attendant: AtomicUsize::new(NOBODY),
            wards: Mutex::default(),
        })
    }

    /// The thread whose desk it is begins a turn of a peer from the shard of the desk `place`, which it has
    /// let go of.
    pub(super) fn begin_turn(&self, place: &Desk, relief: &Watch) {
        self.turn.fetch_add(1, Ordering::SeqCst);
        // Somebody who waits for this thread, or will, is what a relief is for.
        if place.clients.load(Ordering::SeqCst) > 1 {
            relief.wake();
        }
    }

    /// Whether the thread with this number looks after the shard.
    pub(super) fn is_attended_by(&self, thread: usize) -> bool {
        self.attendant.load(Ordering::SeqCst) == thread
    }
}
