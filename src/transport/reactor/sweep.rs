//! Dropping peers that are too slow, and giving room back that nobody needs.

#[cfg(test)]
mod tests;

use super::held::Held;
use super::turns::Turns;
use std::time::{Duration, Instant};

/// Drops the peers that are too slow, and trims, if it is time to look.
pub(super) fn sweep_if_due<'a>(turns: &mut Turns<'a>, shard: &mut Held<'a>, now: Instant) {
    if let Some(unread) = shard.clock.strike(now) {
        sweep(turns, shard, now, unread);
    }
}

/// Drops the peers that are too slow, and finds when the next one will be.
fn sweep<'a>(turns: &mut Turns<'a>, shard: &mut Held<'a>, now: Instant, unread: Duration) {
    let limits = shard.crew.limits;
    for place in 0..shard.peers.places() {
        let Some(key) = shard.peers.key_at(place) else {
            continue;
        };
        if let Some(entry) = shard.peers.get_mut(key) {
            entry.times.postpone(unread);
        }
        let is_due = |shard: &Held<'_>| shard.due(key, limits).is_some_and(|due| due <= now);
        if is_due(shard) {
            // What has come meanwhile counts.
            turns.give(shard, key);
        }
        if is_due(shard) {
            shard.expel(key, now);
        } else if let Some(due) = shard.due(key, limits) {
            shard.clock.sweep_by(due);
        }
    }
    turns.trim_if_due(shard, now);
}
