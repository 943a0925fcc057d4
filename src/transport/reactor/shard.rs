//! A share of a server's peers: one thread serves it, and another does while that one is inside a
//! long handler.

#[cfg(test)]
mod tests;

use super::attention::{self, Attention, MOST_LOOKS};
use super::clock::{Clock, Times};
use super::crowd::{Counted, Crowd};
use super::doors::Pause;
use super::queue::{Queue, Standing};
use super::slab::{Key, Slab};
use super::trim::Trim;
use super::{Happened, Limits, Peer};
use crate::sys::ready::Ready;
use crate::sys::{Event, cpu};
use std::time::{Duration, Instant};

/// A share of a server's peers, and what serving them needs to know of them.
pub(super) struct Shard {
    pub(super) peers: Slab<Entry>,
    pub(super) queue: Queue,
    pub(super) attention: Attention,
    /// Whether those who ask in memory are many.
    pub(super) crowd: Crowd,
    pub(super) clock: Clock,
    /// The doors are shut for its thread.
    pub(super) pause: Pause,
    /// The last client may have gone.
    pub(super) may_be_idle: bool,
    /// When its thread gives long room back; it is woken for that by the clock.
    pub(super) trim: Trim,
}

/// A peer, and how it is doing.
pub(super) struct Entry {
    /// Nothing while it has its turn on a thread that let go of the shard.
    pub(super) peer: Option<Box<dyn Peer>>,
    pub(super) standing: Standing,
    /// What happened at its sources since its last turn.
    pub(super) happened: Happened,
    pub(super) is_blocked: bool,
    /// Nothing of it is under way or timed.
    pub(super) is_at_rest: bool,
    /// It is among those that asked lately, and asks in memory.
    pub(super) is_recent: bool,
    counted: Counted,
    pub(super) times: Times,
}

impl Entry {
    /// One that has just come, whose times began so.
    pub(super) fn new(peer: Box<dyn Peer>, times: Times) -> Self {
        Self {
            peer: Some(peer),
            standing: Standing::default(),
            happened: Happened::default(),
            is_blocked: false,
            is_at_rest: times.are_stopped(),
            is_recent: false,
            counted: Counted::default(),
            times,
        }
    }
}

impl Shard {
    pub(super) fn new(attention: Attention, crowd: Crowd) -> Self {
        Self {
            peers: Slab::new(),
            queue: Queue::default(),
            attention,
            crowd,
            clock: Clock::default(),
            pause: Pause::default(),
            may_be_idle: false,
            trim: Trim::default(),
        }
    }

    /// The peer with this key, unless it has its turn on a thread that let go of the shard.
    #[inline]
    pub(super) fn peer(&self, key: Key) -> Option<&dyn Peer> {
        self.peers.get(key)?.peer.as_deref()
    }

    /// Queues a peer that has something to do.
    pub(super) fn enqueue(&mut self, key: Key) {
        if let Some(entry) = self.peers.get_mut(key) {
            self.queue.push(key, &mut entry.standing);
        }
    }

    /// This happened at the source of a peer with this place.
    #[inline]
    pub(super) fn note(&mut self, key: Key, place: usize, events: Ready) {
        if let Some(entry) = self.peers.get_mut(key) {
            entry.happened.note(place, events);
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

    /// Whether nothing of a peer is under way or timed: it may ask.
    #[inline]
    pub(super) fn is_at_rest(&self, key: Key) -> bool {
        self.peers.get(key).is_some_and(|entry| entry.is_at_rest)
    }

    /// Whether a peer asks in memory.
    #[inline]
    pub(super) fn is_asking(&self, key: Key) -> bool {
        self.peer(key).is_some_and(Peer::asks)
    }

    /// The peer in this place, if it asks in memory.
    #[inline]
    fn asking_at(&self, place: u32) -> Option<Key> {
        let key = self.peers.key_at(place)?;
        self.is_asking(key).then_some(key)
    }

    /// How many of so many looks at places beside the recent peers there are: none where looking costs a system call.
    #[inline]
    pub(super) fn looks_at_others(&self, looks: u32) -> u32 {
        match self.attention.is_in_memory() {
            true => looks.min(self.peers.places()),
            false => 0,
        }
    }

    /// The peer in the next place, if it asks in memory, and is none of the recent ones.
    #[inline]
    pub(super) fn next_asking(&mut self) -> Option<Key> {
        let places = self.peers.places();
        let place = self.attention.next_place(places);
        let key = self.peers.key_at(place)?;
        let entry = self.peers.get(key)?;
        let asks = !entry.is_recent && entry.peer.as_deref().is_some_and(Peer::asks);
        asks.then_some(key)
    }

    /// Decides which peers to spin for, since this happened.
    #[inline(always)]
    pub(super) fn choose_recent(&mut self, happened: &[Event]) {
        match self.attention.is_in_memory() {
            true => {
                let peers = happened.iter().filter_map(attention::peer_of);
                peers.for_each(|key| self.note_recent(key));
                if self.crowd.passes() {
                    self.count_again();
                }
            }
            false => self.attention.choose_recent(happened),
        }
    }

    /// A peer that asks in memory did so.
    pub(super) fn note_recent(&mut self, key: Key) {
        if let Some(entry) = self.peers.get_mut(key)
            && !std::mem::replace(&mut entry.is_recent, true)
        {
            self.attention.recent.note(key);
            self.crowd.note(&mut entry.counted);
        }
    }

    /// Begins to count those who ask anew, with those who asked lately.
    #[cold]
    fn count_again(&mut self) {
        self.crowd.count_again();
        for place in 0..self.attention.recent.len() {
            let key = self.attention.recent.get(place);
            if let Some(entry) = key.and_then(|key| self.peers.get_mut(key)) {
                self.crowd.note(&mut entry.counted);
            }
        }
    }

    /// Whether the recent peer in this place stays there, which has `asked` in this lap or not.
    #[inline]
    pub(super) fn stays_recent(&mut self, place: usize, asked: bool) -> bool {
        let recent = &mut self.attention.recent;
        if asked {
            recent.asked(place);
            return true;
        }
        let Some(key) = recent.was_silent(place) else {
            return true;
        };
        if let Some(entry) = self.peers.get_mut(key) {
            entry.is_recent = false;
        }
        false
    }

    /// Queues those who ask in memory: the recent ones, and some others.
    pub(super) fn queue_asking(&mut self) {
        if !self.attention.is_in_memory() {
            return;
        }
        for place in 0..self.attention.recent.len() {
            if let Some(key) = self.attention.recent.get(place)
                && self.is_asking(key)
            {
                self.enqueue(key);
            }
        }
        for _ in 0..self.looks_at_others(MOST_LOOKS) {
            if let Some(key) = self.next_asking() {
                self.enqueue(key);
            }
        }
    }

    /// Queues everybody who asks in memory.
    pub(super) fn queue_all_asking(&mut self) {
        for place in 0..self.peers.places() {
            if let Some(key) = self.asking_at(place) {
                self.enqueue(key);
            }
        }
    }

    /// Whether somebody asks in memory.
    pub(super) fn is_asked(&self) -> bool {
        (0..self.peers.places()).any(|place| self.asking_at(place).is_some())
    }

    /// Whether the thread is to spin now. While it counts the waits that it does not spin in, nobody needs to know
    /// its peer's CPU.
    #[inline]
    pub(super) fn begin_to_spin(&mut self) -> bool {
        let may_pay = self.attention.recent.len() > 0
            && (!self.attention.spin.may_spin() || !self.shares_cpu());
        may_pay && self.attention.spin.begin()
    }

    /// While those who asked lately run on this thread's CPU, they cannot ask before this thread sleeps. A few are looked at.
    #[inline]
    fn shares_cpu(&self) -> bool {
        const FEW: usize = 8;
        let own = cpu::current();
        let recent = &self.attention.recent;
        let mut keys = (0..recent.len().min(FEW)).filter_map(|place| recent.get(place));
        keys.all(|key| self.peer(key).and_then(Peer::cpu) == Some(own))
    }

    /// Whether there is a time at which something has to be done.
    #[inline]
    pub(super) fn is_timed(&self) -> bool {
        self.clock.next().is_some() || self.pause.until().is_some()
    }

    /// Long room was in use until now.
    #[cold]
    pub(super) fn put_off_trim(&mut self, now: Instant) {
        let at = self.trim.put_off(now);
        self.clock.sweep_by(at);
    }

    /// The next time at which something has to be done.
    pub(super) fn next_time(&self) -> Option<Instant> {
        let times = [self.clock.next(), self.pause.until()];
        times.into_iter().flatten().min()
    }

    /// How long the thread may sleep; `None`: until something happens.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let next = self.next_time()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    /// When a peer is too slow; `None` while it waits for its turn, or has it.
    pub(super) fn due(&self, key: Key, limits: &Limits) -> Option<Instant> {
        let entry = self.peers.get(key)?;
        let is_read = entry.peer.is_some() && !entry.standing.is_queued();
        entry.times.due(limits).filter(|_| is_read)
    }
}
