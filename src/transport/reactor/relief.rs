//! Threads that are inside a long handler are relieved: a free one looks after their peers.
//!
//! Only a server with a handler of the user's and several threads needs it. Its threads hold their
//! shard only between turns, so that another can take it up meanwhile. One more thread, which runs no
//! handler, sees once a millisecond whether a turn goes on for longer than that; it sleeps while
//! nothing is served.

#[cfg(test)]
mod tests;

use super::crew::Crew;
use super::desk::{Desk, NOBODY};
use super::watch::Watch;
use crate::sys::AsSource;
use crate::sys::mutex::lock;
use std::sync::atomic::Ordering;

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
pub(super) fn hand_over(crew: &Crew<'_>, index: usize, to: usize) {
    let desk = crew.desk(index);
    let before = desk.attendant.swap(to, Ordering::SeqCst);
    unwatch(crew, desk, before);
    let attendant = crew.desk(to);
    lock(&attendant.wards).push(index);
    attendant.bell.ring();
}

/// The turn of the thread whose desk it is, is over.
pub(super) fn end_turn(crew: &Crew<'_>, desk: &Desk) {
    desk.turn.fetch_add(1, Ordering::SeqCst);
    dismiss_attendant(crew, desk);
}

/// The thread whose desk it is serves its shard itself.
pub(super) fn dismiss_attendant(crew: &Crew<'_>, desk: &Desk) {
    if !desk.is_attended_by(NOBODY) {
        let attendant = desk.attendant.swap(NOBODY, Ordering::SeqCst);
        unwatch(crew, desk, attendant);
    }
}

/// That thread is not woken by the shard's peers any more. It may not have been yet.
pub(super) fn unwatch(crew: &Crew<'_>, desk: &Desk, attendant: usize) {
    if attendant != NOBODY {
        let _ = crew.desk(attendant).poller.remove(desk.poller.as_source());
    }
}
