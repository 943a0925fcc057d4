//! One thread gives peers their turns.

#[cfg(test)]
mod tests;

use super::crew::Crew;
use super::crowd::Crowd;
use super::desk::Desk;
use super::held::Held;
use super::pace::Pace;
use super::relief;
use super::slab::Key;
use super::work::Tools;
use super::{Happened, Peer, TurnEnd, Work};
use crate::sys::ready::Ready;
use crate::sys::thread;
use std::io;
use std::time::{Duration, Instant};

/// A turn that takes longer has a slow handler, unless the thread was off its CPU.
const SLOW: Duration = Duration::from_millis(5);

/// What one thread gives turns with.
pub(super) struct Turns<'a> {
    crew: &'a Crew<'a>,
    /// The thread's number, and its desk.
    index: usize,
    desk: &'a Desk,
    work: Work<'a>,
    /// How often this thread was taken off its CPU until that was looked at last.
    preemptions: thread::Times,
}

impl<'a> Turns<'a> {
    /// The turns that the thread with this number will give.
    pub(super) fn new(crew: &'a Crew<'a>, index: usize) -> io::Result<Self> {
        let (task, max_message) = (crew.task, crew.limits.max_message);
        Ok(Self {
            crew,
            index,
            desk: crew.desk(index),
            work: Work::new(task.answer, task.stop, max_message, task.tallies.begin())?,
            preemptions: 0,
        })
    }

    /// The turns that the first thread gives, with these tools, since others were given.
    pub(super) fn with(tools: Tools, crew: &'a Crew<'a>, preemptions: thread::Times) -> Self {
        Self {
            crew,
            index: 0,
            desk: crew.desk(0),
            work: Work::with(tools, crew.task.answer, crew.task.stop),
            preemptions,
        }
    }

    /// The tools that they were given with, for those that are given later.
    pub(super) fn into_tools(self) -> (Tools, thread::Times) {
        (self.work.into_tools(), self.preemptions)
    }

    /// Those who are given turns are many, or not.
    #[inline]
    pub(super) fn note_crowd(&mut self, crowd: &Crowd) {
        self.work.is_crowded = crowd.is_there();
    }

    /// How long the longest request was since that was asked last.
    #[inline]
    pub(super) fn take_longest(&mut self) -> usize {
        self.work.take_longest()
    }

    /// Sees to it, before the thread sleeps, that it wakes up to give long room back that was used.
    #[inline]
    pub(super) fn note_long_room(&mut self, shard: &mut Held<'a>) {
        if self.work.used_long_room() {
            shard.put_off_trim(Instant::now());
        }
    }

    /// Gives long room back, if it is time for that. A thread that looks after another's shard has the other's room not.
    pub(super) fn trim_if_due(&mut self, shard: &mut Held<'a>, now: Instant) {
        let Some(at) = shard.trim.next() else {
            return;
        };
        if shard.index != self.index {
            shard.put_off_trim(now);
        } else if shard.trim.strikes(now) {
            self.work.trim();
        } else {
            shard.clock.sweep_by(at);
        }
    }

    /// Gives queued peers their turns until it is time to see what else happened.
    pub(super) fn give_queued(&mut self, shard: &mut Held<'a>) {
        if !shard.queue.is_busy() {
            return;
        }
        let mut pace = Pace::new(Instant::now());
        while !self.work.stop.has_rung()
            && let Some(key) = shard.next_in_line()
        {
            let end = self.give(shard, key);
            let took = pace.turn_ended(Instant::now());
            // What is unfinished was charged before it came into the queue again.
            if end != Some(TurnEnd::Unfinished) {
                let is_slow = took >= SLOW && !self.was_preempted();
                shard.charge(key, self.work.done, is_slow);
            }
            if !pace.is_time_to_look() {
                continue;
            }
            if !shard.attention.is_in_memory() || pace.is_time_for_system_call() {
                return;
            }
            // Most of what happens shows in memory, which costs no system call to look at.
            shard.queue_asking();
            pace.looked();
        }
    }

    /// Whether this thread was taken off its CPU since that was asked last: then the clock says nothing
    /// of the turn.
    fn was_preempted(&mut self) -> bool {
        let before = std::mem::replace(&mut self.preemptions, thread::preemptions());
        self.preemptions != before
    }

    /// Gives a peer its turn, and draws the consequences.
    #[inline]
    pub(super) fn give(&mut self, shard: &mut Held<'a>, key: Key) -> Option<TurnEnd> {
        if self.crew.relief.is_some() {
            return self.give_apart(shard, key);
        }
        let happened = std::mem::take(&mut shard.peers.get_mut(key)?.happened);
        self.give_at_once(shard, key, happened)
    }

    /// Gives a peer its turn while nobody is in line, since this happened at its source with this place.
    #[inline]
    pub(super) fn give_lone(
        &mut self,
        shard: &mut Held<'a>,
        key: Key,
        place: usize,
        events: Ready,
    ) {
        if self.crew.relief.is_none() {
            self.give_at_once(shard, key, Happened::one(place, events));
        } else {
            shard.note(key, place, events); // It may have its turn on another thread.
            self.give_apart(shard, key);
        }
    }

    /// Gives a peer of this thread's alone its turn; this happened to it since the last.
    #[inline]
    fn give_at_once(
        &mut self,
        shard: &mut Held<'a>,
        key: Key,
        happened: Happened,
    ) -> Option<TurnEnd> {
        let entry = shard.peers.get_mut(key)?;
        self.work.done = 0;
        let end = entry.peer.as_mut()?.turn(happened, &mut self.work);
        if !matches!(end, TurnEnd::Idle { .. }) || !entry.is_at_rest {
            shard.settle(key, end, self.work.done);
        }
        Some(end)
    }

    /// Gives a peer its turn without holding the shard, so that another thread can go on with the
    /// others.
    fn give_apart(&mut self, shard: &mut Held<'a>, key: Key) -> Option<TurnEnd> {
        let relief = self.crew.relief.as_ref()?;
        let in_memory = shard.attention.is_in_memory();
        let entry = shard.peers.get_mut(key)?;
        let peer = entry.peer.as_ref()?;
        if in_memory && entry.happened.is_empty() && !peer.asks() {
            return None; // As most of those who are looked at while spinning.
        }
        let mut peer = entry.peer.take()?;
        let happened = std::mem::take(&mut entry.happened);
        self.work.done = 0;
        let (desk, place) = (self.desk, shard.desk);
        let end = shard.let_go(|| {
            desk.begin_turn(place, relief);
            let is_own = std::ptr::eq(desk, place);
            if !is_own && !place.is_attended_by(self.index) {
                place.bell.ring(); // Its own thread is back, and may not know who is in line.
            }
            let end = peer.turn(happened, &mut self.work);
            relief::end_turn(self.crew, desk);
            end
        });
        self.put_back(shard, key, peer, end);
        Some(end)
    }

    fn put_back(&mut self, shard: &mut Held<'a>, key: Key, peer: Box<dyn Peer>, end: TurnEnd) {
        let Some(entry) = shard.peers.get_mut(key) else {
            return shard.bid_farewell(peer); // The shard's own thread has stopped meanwhile.
        };
        entry.peer = Some(peer);
        let has_missed = !entry.happened.is_empty();
        shard.settle(key, end, self.work.done);
        // Whoever looked at it meanwhile found nothing, and may sleep by now.
        if has_missed || shard.attention.is_in_memory() && shard.is_asking(key) {
            shard.enqueue(key);
        }
    }
}
