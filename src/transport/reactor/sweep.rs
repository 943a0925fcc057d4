//! Dropping peers that are too slow.

#[cfg(test)]
mod tests;

use super::Limits;
use super::shard::Held;
use super::slab::Key;
use super::worker::Worker;
use std::io;
use std::time::{Duration, Instant};

impl<'a> Worker<'a> {
    /// Drops the peers that are too slow, and opens doors again.
    pub(super) fn keep_time(&mut self, shard: &mut Held<'a>) -> io::Result<()> {
        let now = Instant::now();
        if let Some(unread) = shard.clock.strike(now) {
            self.sweep(shard, now, unread);
        }
        self.open_shut_doors(shard, now)
    }

    /// Drops the peers that are too slow, and finds when the next one will be.
    fn sweep(&mut self, shard: &mut Held<'a>, now: Instant, unread: Duration) {
        let limits = self.crew.limits;
        for place in 0..shard.peers.places() {
            let Some(key) = shard.peers.key_at(place) else {
                continue;
            };
            if let Some(entry) = shard.peers.get_mut(key) {
                entry.times.postpone(unread);
            }
            if is_due(shard, key, limits, now) {
                // What has come meanwhile counts.
                self.turn(shard, key);
            }
            if is_due(shard, key, limits, now) {
                let entry = shard.peers.get_mut(key);
                if let Some(peer) = entry.and_then(|entry| entry.peer.as_mut()) {
                    peer.farewell();
                }
                self.dismiss(shard, key);
            } else if let Some(due) = due(shard, key, limits) {
                shard.clock.sweep_by(due);
            }
        }
    }
}

/// Whether a peer that waits for no turn is too slow.
fn is_due(shard: &mut Held<'_>, key: Key, limits: &Limits, now: Instant) -> bool {
    due(shard, key, limits).is_some_and(|due| due <= now)
}

/// When a peer is too slow; `None` while it waits for its turn, or has it.
fn due(shard: &mut Held<'_>, key: Key, limits: &Limits) -> Option<Instant> {
    let entry = shard.peers.get_mut(key)?;
    let is_read = entry.peer.is_some() && !entry.standing.is_queued();
    entry.times.due(limits).filter(|_| is_read)
}
