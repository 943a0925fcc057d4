//! A shard in a thread's hands: peers come to it, are watched, and go.

#[cfg(test)]
mod tests;

use super::clock::Times;
use super::crew::Crew;
use super::desk::Desk;
use super::shard::{Entry, Shard};
use super::slab::Key;
use super::token::Token;
use super::{Peer, TurnEnd};
use crate::sys::mutex::lock;
use crate::sys::ready::Ready;
use crate::transport::deferral::Parking;
use crate::transport::{Cause, Deadline, Visit, Visitor};
use std::collections::TryReserveError;
use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

/// Where a peer that was parked is told that its answer has come, as if its second source had said so: no stream reads
/// there, and shared memory is looked at without a system call.
const LATER: usize = 1;
/// How long those together may take that are being sent answers as serving ends, and how often they are looked at.
const GRACE: Duration = Duration::from_millis(100);
const LOOK: Duration = Duration::from_millis(1);
/// What becomes of a peer for whom nothing is left.
const NO_ROOM: Visit = Visit::Dropped(Cause::Shortage);

/// A shard in this thread's hands.
pub(super) struct Held<'a> {
    pub(super) crew: &'a Crew<'a>,
    /// Which share it is: the number of the thread that serves it.
    pub(super) index: usize,
    pub(super) desk: &'a Desk,
    /// Nothing only inside of [`Held::let_go`].
    guard: Option<MutexGuard<'a, Shard>>,
}

impl<'a> Held<'a> {
    /// Takes the shard with this number, from a thread that is about to let go of it if need be.
    pub(super) fn take(crew: &'a Crew<'a>, index: usize) -> Self {
        let desk = crew.desk(index);
        Self {
            crew,
            index,
            desk,
            guard: Some(lock(&desk.shard)),
        }
    }

    /// Takes the shard with this number, if nobody has it in hand.
    pub(super) fn try_take(crew: &'a Crew<'a>, index: usize) -> Option<Self> {
        let desk = crew.desk(index);
        let guard = match desk.shard.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(Self {
            crew,
            index,
            desk,
            guard,
        })
    }

    /// Lets go of the shard while `body` runs.
    pub(super) fn let_go<T>(&mut self, body: impl FnOnce() -> T) -> T {
        self.guard = None;
        let result = body();
        self.guard = Some(lock(&self.desk.shard));
        result
    }

    /// Watches a peer that counts as one of the shard's already.
    pub(super) fn take_in(&mut self, peer: Box<dyn Peer>) {
        let limits = self.crew.limits;
        let times = Times::new(limits, Instant::now());
        if let Some(due) = times.due(limits) {
            self.clock.sweep_by(due);
        }
        let visitor = *peer.visitor();
        let Ok(key) = self.peers.insert(Entry::new(peer, times)) else {
            return self.has_left(&visitor, NO_ROOM);
        };
        if self.reserve().is_ok() && self.defer(key).is_ok() && self.watch(key).is_ok() {
            self.enqueue(key); // It may have asked before it was watched.
        } else {
            self.dismiss(key, NO_ROOM);
        }
    }

    /// Makes room to note every peer.
    fn reserve(&mut self) -> Result<(), TryReserveError> {
        let peers = self.peers.places() as usize;
        self.queue.reserve(peers)?;
        match self.attention.is_in_memory() {
            true => self.attention.recent.reserve(peers),
            false => Ok(()), // One at a time is spun for.
        }
    }

    /// Takes in the newcomers that other threads left at the desk.
    pub(super) fn take_in_newcomers(&mut self) {
        let newcomers = std::mem::take(&mut *lock(&self.desk.newcomers));
        for peer in newcomers {
            self.take_in(peer);
        }
    }

    /// Lets the peer be parked, where answers may come later.
    fn defer(&mut self, key: Key) -> Result<(), TryReserveError> {
        let Some(recall) = &self.desk.recall else {
            return Ok(());
        };
        recall.reserve(self.peers.places())?;
        let longest = self.crew.limits.max_message;
        let parking = Parking::new(recall.clone(), key.index as usize, longest);
        if let Some(entry) = self.peers.get_mut(key) {
            entry.peer = entry.peer.take().map(|peer| peer.deferring(parking));
        }
        Ok(())
    }

    /// Puts the parked peers in line for which answers have come.
    pub(super) fn recall_parked(&mut self) {
        if let Some(recall) = &self.desk.recall {
            recall.take(|place| {
                if let Some(key) = self.peers.key_at(place) {
                    // It may have its turn on another thread, which then sees that there is more to do.
                    self.note(key, LATER, Ready::READABLE);
                    self.enqueue(key);
                }
            });
        }
    }

    /// Draws the consequences of a turn that ended so, and in which so much was done. None follow from one that
    /// was [`TurnEnd::Idle`], if the peer was at rest.
    pub(super) fn settle(&mut self, key: Key, end: TurnEnd, done: u32) {
        match end {
            TurnEnd::Gone => return self.dismiss(key, Visit::Left),
            TurnEnd::Dropped(why) => return self.dismiss(key, Visit::Dropped(why)),
            _ => {}
        }
        if end == TurnEnd::Unfinished {
            self.charge(key, done, true);
            self.enqueue(key);
        }
        let limits = self.crew.limits;
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        entry.times.note(end, limits);
        let due = entry.times.due(limits);
        let is_blocked = matches!(end, TurnEnd::Blocked { .. });
        let has_changed = std::mem::replace(&mut entry.is_blocked, is_blocked) != is_blocked;
        entry.is_at_rest = due.is_none() && !matches!(end, TurnEnd::Parked { .. });
        if let Some(due) = due {
            self.clock.sweep_by(due);
        }
        if has_changed && self.watch_again(key, is_blocked).is_err() {
            self.dismiss(key, NO_ROOM);
        }
    }

    fn watch(&self, key: Key) -> io::Result<()> {
        let watches = self.peer(key).map(|peer| peer.watches(false));
        for (place, watch) in watches.unwrap_or_default().into_iter().enumerate() {
            if let Some((source, want)) = watch {
                let token = Token::Peer(key, place).into();
                self.desk.poller.add(source, want, token)?;
            }
        }
        Ok(())
    }

    /// Watches a peer for what it waits for now that it is blocked, or is not any more.
    fn watch_again(&self, key: Key, is_blocked: bool) -> io::Result<()> {
        let Some(peer) = self.peer(key) else {
            return Ok(());
        };
        let poller = &self.desk.poller;
        let before = peer.watches(!is_blocked);
        let now = peer.watches(is_blocked);
        for (place, change) in before.into_iter().zip(now).enumerate() {
            let token = Token::Peer(key, place).into();
            match change {
                (None, None) => {}
                (Some((source, _)), None) => poller.remove(source)?,
                (None, Some((source, want))) => poller.add(source, want, token)?,
                (Some(_), Some((source, want))) => poller.change(source, want, token)?,
            }
        }
        Ok(())
    }

    /// Tells a peer that it is too slow, and forgets it.
    pub(super) fn expel(&mut self, key: Key, now: Instant) {
        let limits = self.crew.limits;
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        if let Some(peer) = &mut entry.peer {
            peer.farewell();
        }
        let why = entry.times.cause(now, limits);
        self.dismiss(key, Visit::Dropped(why));
    }

    /// Forgets a peer, which is in the shard, not in its turn; its sources leave the poller as they close.
    pub(super) fn dismiss(&mut self, key: Key, why: Visit) {
        let Some(entry) = self.peers.remove(key) else {
            return;
        };
        if entry.standing.is_queued() {
            self.queue.forget(key);
        }
        self.attention.recent.forget(key);
        if let Some(peer) = entry.peer {
            for (source, _) in peer.watches(entry.is_blocked).into_iter().flatten() {
                // A copy in a process forked by hand would keep it in the poller.
                let _ = self.desk.poller.remove(source);
            }
            let visitor = *peer.visitor();
            drop(peer);
            self.has_left(&visitor, why);
        }
    }

    /// A peer that counted as one of the shard's is none any more.
    fn has_left(&mut self, visitor: &Visitor, why: Visit) {
        self.desk.clients.fetch_sub(1, Ordering::Relaxed);
        self.crew.doors.let_out();
        self.may_be_idle = true;
        self.tell(visitor, why);
    }

    /// Says what happened to a client. Whoever is told may take its time, and keeps nobody from the shard.
    pub(super) fn tell(&mut self, visitor: &Visitor, visit: Visit) {
        let answer = self.crew.task.answer;
        self.let_go(|| answer.note(visitor, visit));
    }

    /// Serving ends: tells every peer, and forgets it.
    pub(super) fn farewell(&mut self) {
        if let Some(recall) = &self.desk.recall {
            recall.end();
        }
        let newcomers = std::mem::take(&mut *lock(&self.desk.newcomers));
        for peer in newcomers {
            self.bid_farewell(peer);
        }
        let grace = Deadline::after(Some(GRACE));
        while self.end_peers(|peer| peer.is_sending()) && !grace.has_passed() {
            self.let_go(|| thread::sleep(LOOK));
        }
        self.end_peers(|_| false);
    }

    /// Tells every peer but those that stay for a while, and forgets it; whether any stay.
    fn end_peers(&mut self, stays: impl Fn(&dyn Peer) -> bool) -> bool {
        let mut do_any_stay = false;
        for place in 0..self.peers.places() {
            let Some(key) = self.peers.key_at(place) else {
                continue;
            };
            let peer = self
                .peers
                .get_mut(key)
                .and_then(|entry| entry.peer.as_deref());
            if let Some(peer) = peer
                && stays(peer)
            {
                do_any_stay = true;
                continue;
            }
            // One that has its turn on another thread is told by that one.
            let entry = self.peers.remove(key);
            if let Some(peer) = entry.and_then(|entry| entry.peer) {
                self.bid_farewell(peer);
            }
        }
        do_any_stay
    }

    /// Serving ends: tells a peer that is in no shard any more.
    pub(super) fn bid_farewell(&mut self, mut peer: Box<dyn Peer>) {
        peer.farewell();
        self.tell(peer.visitor(), Visit::Ended);
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
