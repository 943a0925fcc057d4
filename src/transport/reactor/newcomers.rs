//! Letting newcomers in, and ending when nobody comes any more.

#[cfg(test)]
mod tests;

use super::held::Held;
use super::{Admission, Peer};
use crate::sys::mutex::lock;
use crate::transport::Visit;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Newcomers that are dealt with in one look; whoever else is at the door is reported again.
const NEWCOMERS_A_LOOK: usize = 8;

/// Lets in those who are at any door that the shard's thread watches.
pub(super) fn open_doors(shard: &mut Held<'_>) {
    for door in shard.crew.doors.watched_by(shard.index) {
        open_door(shard, door);
    }
}

/// Lets in those who are at the door, as many as the peers can wait for.
pub(super) fn open_door(shard: &mut Held<'_>, door: usize) {
    for _ in 0..NEWCOMERS_A_LOOK {
        if !let_in_next(shard, door) {
            return;
        }
    }
    if shard.crew.doors.is_for_first(door) {
        // An edge-triggered door does not say again that somebody is there.
        while let_in_next(shard, door) {}
    }
}

/// Opens doors again that were shut long enough.
pub(super) fn open_shut_doors(shard: &mut Held<'_>, now: Instant) -> io::Result<()> {
    if shard.pause.ends(now) {
        shard.crew.doors.watch(&shard.desk.poller, shard.index)?;
        // Somebody whose announcement was read may wait without a sign at the door.
        open_doors(shard);
    }
    Ok(())
}

/// Ends serving when the last client has gone and nobody is at the door.
pub(super) fn end_if_idle(shard: &mut Held<'_>) {
    let crew = shard.crew;
    for door in 0..crew.doors.count() {
        while crew.doors.are_idle() && let_in_next(shard, door) {}
    }
    if crew.doors.are_idle() {
        crew.over.ring();
    }
}

/// Deals with the next newcomer at the door; `false`: there is none, or none can be let in.
fn let_in_next(shard: &mut Held<'_>, door: usize) -> bool {
    match shard.crew.doors.admit(door) {
        Ok(Admission::Nobody) => return false,
        Ok(Admission::Refused(visitor, why)) => shard.tell(&visitor, Visit::Refused(why)),
        Ok(Admission::Vanished) => {}
        Ok(Admission::Left) => shard.may_be_idle = true,
        Ok(Admission::Peer(peer)) => welcome(shard, door, peer),
        Err(_) => {
            // Without this, whoever waits would keep the thread spinning.
            shard.crew.doors.unwatch(&shard.desk.poller);
            shard.pause.begin(Instant::now());
            return false;
        }
    }
    true
}

/// Takes a newcomer in, or leaves it to the least busy thread.
fn welcome(shard: &mut Held<'_>, door: usize, peer: Box<dyn Peer>) {
    let crew = shard.crew;
    shard.tell(peer.visitor(), Visit::Came);
    let desk = match crew.doors.is_for_first(door) {
        true => shard.desk,
        false => crew.least_busy(shard.index),
    };
    let mut newcomers = lock(&desk.newcomers);
    if std::ptr::eq(desk, shard.desk) || newcomers.try_reserve(1).is_err() {
        drop(newcomers);
        shard.desk.clients.fetch_add(1, Ordering::SeqCst);
        return shard.take_in(peer);
    }
    desk.clients.fetch_add(1, Ordering::SeqCst);
    newcomers.push(peer);
    drop(newcomers);
    desk.bell.ring();
    if let Some(relief) = &crew.relief {
        relief.wake(); // That desk's thread may be inside a long handler.
    }
}
