//! Threads that are inside a long handler are relieved: a free one looks after their peers.
//!
//! Only a server with a handler of the user's and several threads needs it. Its threads hold their
//! shard only between turns, so that another can take it up meanwhile. One more thread, which runs no
//! handler, sees once a millisecond whether a turn goes on for longer than that; it sleeps while
//! nothing is served.

#[cfg(test)]
mod tests;

use super::crew::{Crew, Desk, NOBODY, lock};
use super::shard::Held;
use super::slab::Key;
use super::spin::is_asking;
use super::token::Token;
use super::watch::Watch;
use super::worker::Worker;
use super::{Peer, TurnEnd};
use crate::sys::ready::Want;
use crate::sys::{AsSource, Event};
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Events of a ward taken at once.
const EVENTS: usize = 32;

/// Watches over the turns of the crew until serving ends.
pub(super) fn watch(crew: &Crew<'_>, watch: &Watch) {
    let mut turns = vec![0; crew.desks.len()];
    watch.keep(|| look(crew, &mut turns));
}

/// Looks at every turn, hands over the shards of those whose turn is the same as last time, and
/// says whether there was any turn since.
fn look(crew: &Crew<'_>, turns: &mut [u32]) -> bool {
    let mut is_active = false;
    let mut long = Vec::new();
    for (desk, seen) in crew.desks.iter().zip(turns) {
        let turn = desk.turn.load(Ordering::SeqCst);
        let is_inside = turn % 2 == 1;
        is_active |= is_inside || turn != *seen;
        long.push(is_inside && turn == *seen);
        *seen = turn;
    }
    let is_long = |index: usize| long.get(index).copied().unwrap_or(false);
    for index in (0..crew.desks.len()).filter(|&index| is_long(index)) {
        let attendant = crew.desk(index).attendant.load(Ordering::SeqCst);
        if attendant == NOBODY || is_long(attendant) {
            let free = (0..crew.desks.len()).filter(|&other| !is_long(other));
            if let Some(free) = best(crew, free) {
                hand_over(crew, index, free);
            }
        }
    }
    is_active
}

/// One that sleeps, or else one that serves.
fn best(crew: &Crew<'_>, mut free: impl Iterator<Item = usize> + Clone) -> Option<usize> {
    let staffed = |index: &usize| crew.desk(*index).is_staffed.load(Ordering::Relaxed);
    let mut sleeping = free.clone();
    sleeping
        .find(|index| staffed(index) && crew.desk(*index).is_asleep.load(Ordering::Relaxed))
        .or_else(|| free.find(staffed))
}

/// Has the thread `to` look after the shard with this number.
fn hand_over(crew: &Crew<'_>, index: usize, to: usize) {
    let desk = crew.desk(index);
    let before = desk.attendant.swap(to, Ordering::SeqCst);
    desk.unwatch(crew, before);
    let attendant = crew.desk(to);
    lock(&attendant.wards).push(index);
    attendant.bell.ring();
}

impl Desk {
    /// The thread whose desk it is begins a turn of a peer from the shard of the desk `place`, which it has
    /// let go of.
    fn begin_turn(&self, place: &Desk, relief: &Watch) {
        self.turn.fetch_add(1, Ordering::SeqCst);
        // Somebody who waits for this thread, or will, is what a relief is for.
        if place.clients.load(Ordering::SeqCst) > 1 {
            relief.wake();
        }
    }

    /// The turn is over.
    fn end_turn(&self, crew: &Crew<'_>) {
        self.turn.fetch_add(1, Ordering::SeqCst);
        self.dismiss_attendant(crew);
    }

    /// The thread serves its shard itself.
    fn dismiss_attendant(&self, crew: &Crew<'_>) {
        if self.attendant.load(Ordering::SeqCst) != NOBODY {
            let attendant = self.attendant.swap(NOBODY, Ordering::SeqCst);
            self.unwatch(crew, attendant);
        }
    }

    /// That thread is not woken by the shard's peers any more. It may not have been yet.
    fn unwatch(&self, crew: &Crew<'_>, attendant: usize) {
        if attendant != NOBODY {
            let _ = crew.desk(attendant).poller.remove(self.poller.as_source());
        }
    }
}

impl<'a> Worker<'a> {
    /// Gives a peer its turn without holding the shard, so that another thread can go on with the
    /// others.
    pub(super) fn turn_apart(&mut self, shard: &mut Held<'a>, key: Key) -> Option<TurnEnd> {
        let relief = self.crew.relief.as_ref()?;
        let entry = shard.peers.get_mut(key)?;
        let peer = entry.peer.as_ref()?;
        if self.polls_memory && entry.happened.is_empty() && !peer.asks() {
            return None; // As most of those who are looked at while spinning.
        }
        let mut peer = entry.peer.take()?;
        let happened = std::mem::take(&mut entry.happened);
        self.work.done = 0;
        let desk = self.desk();
        let place = self.crew.desk(shard.index);
        let end = shard.let_go(|| {
            desk.begin_turn(place, relief);
            let is_own = std::ptr::eq(desk, place);
            if !is_own && place.attendant.load(Ordering::SeqCst) != self.index {
                place.bell.ring(); // Its own thread is back, and may not know who is in line.
            }
            let end = peer.turn(happened, &mut self.work);
            desk.end_turn(self.crew);
            end
        });
        self.put_back(shard, key, peer, end);
        Some(end)
    }

    fn put_back(&mut self, shard: &mut Held<'a>, key: Key, mut peer: Box<dyn Peer>, end: TurnEnd) {
        let Some(entry) = shard.peers.get_mut(key) else {
            peer.farewell(); // The shard's own thread has stopped meanwhile.
            return;
        };
        entry.peer = Some(peer);
        let has_missed = !entry.happened.is_empty();
        self.settle(shard, key, end);
        // Whoever looked at it meanwhile found nothing, and may sleep by now.
        if has_missed || self.polls_memory && is_asking(shard, key) {
            shard.enqueue(key);
        }
    }

    /// Begins to look after the shards that this thread was given.
    pub(super) fn take_wards(&mut self, shard: &Held<'a>) {
        if shard.index != self.index {
            return; // What another thread was given is given to somebody else in time.
        }
        // It is inside no turn, whatever the watch saw last. Two threads that looked after each other
        // would be two pollers inside of each other, which the kernel refuses (ELOOP).
        self.desk().dismiss_attendant(self.crew);
        for index in std::mem::take(&mut *lock(&self.desk().wards)) {
            let ward = self.crew.desk(index);
            let token = Token::Ward(index).into();
            let fd = ward.poller.as_source();
            let result = self.desk().poller.add(fd, Want::READ, token);
            if result.is_err_and(|error| error.kind() != io::ErrorKind::AlreadyExists) {
                // The watch will find somebody else.
                let _ = ward.attendant.compare_exchange(
                    self.index,
                    NOBODY,
                    Ordering::SeqCst,
                    Ordering::SeqCst,
                );
            } else if !self.wards.contains(&index) {
                self.wards.push(index);
            }
        }
    }

    /// A round for each shard that this thread looks after. Its own one is not held meanwhile.
    pub(super) fn look_after_wards(&mut self) -> io::Result<()> {
        self.is_ward_busy = false;
        for place in (0..self.wards.len()).rev() {
            let Some(&index) = self.wards.get(place) else {
                continue;
            };
            let desk = self.crew.desk(index);
            // Its own thread is back, or about to be.
            if desk.attendant.load(Ordering::SeqCst) != self.index {
                self.wards.swap_remove(place);
                // Whoever ended it may have done so before this thread began to watch.
                desk.unwatch(self.crew, self.index);
                continue;
            }
            if let Some(mut ward) = Held::try_take(&desk.shard) {
                self.round(&mut ward)?;
                if ward.queue.is_busy() {
                    self.is_ward_busy = true;
                    if desk.attendant.load(Ordering::SeqCst) != self.index {
                        desk.bell.ring(); // Its own thread is back, but may not know of these.
                    }
                }
            }
        }
        Ok(())
    }

    fn round(&mut self, ward: &mut Held<'a>) -> io::Result<()> {
        self.queue_asking(ward);
        let mut events = [Event::EMPTY; EVENTS];
        let count = self.poller(ward).wait(&mut events, Some(Duration::ZERO))?;
        self.go_on(ward, events.get(..count).unwrap_or_default())?;
        Ok(())
    }

    /// Whether somebody asks in the memory of a shard that this thread looks after.
    pub(super) fn wards_ask(&self) -> bool {
        self.wards.iter().any(|&index| {
            Held::try_take(&self.crew.desk(index).shard).is_some_and(|mut ward| {
                let mut places = 0..ward.peers.places();
                places.any(|place| {
                    let key = ward.peers.key_at(place);
                    key.is_some_and(|key| is_asking(&mut ward, key))
                })
            })
        })
    }
}
