//! When a thread looks for requests without sleeping, and how it falls asleep.

#[cfg(test)]
mod tests;

use super::attention::{LAPS_LAST, LOOKS_A_LAP, Lap};
use super::shard::Held;
use super::slab::Key;
use super::worker::Worker;
use super::{TurnEnd, sleep_counted};
use crate::sys::{Event, cpu};
use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

impl<'a> Worker<'a> {
    /// Sleeps until something happens; with `must_look`, only looks.
    pub(super) fn wait(
        &mut self,
        shard: &mut Held<'a>,
        events: &mut [Event],
        must_look: bool,
    ) -> io::Result<usize> {
        if must_look {
            return self.desk().poller.wait(events, Some(Duration::ZERO));
        }
        let timeout = time_left(shard);
        if !self.polls_memory && self.crew.relief.is_none() {
            return self.desk().poller.wait(events, timeout);
        }
        let Some(sleepers) = self.crew.listener.sleepers() else {
            return self.sleep(shard, events, timeout);
        };
        let mut context = (self, shard);
        sleep_counted(
            sleepers,
            &mut context,
            |(worker, shard)| worker.look_at_all(shard),
            |(worker, shard), has_work| {
                let timeout = if has_work {
                    Some(Duration::ZERO)
                } else {
                    timeout
                };
                worker.sleep(shard, events, timeout)
            },
        )
    }

    #[inline]
    fn sleep(
        &self,
        shard: &mut Held<'_>,
        events: &mut [Event],
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let desk = self.desk();
        if self.crew.relief.is_none() {
            return desk.poller.wait(events, timeout);
        }
        desk.is_asleep.store(true, Ordering::Relaxed);
        let result = shard.let_go(|| desk.poller.wait(events, timeout));
        desk.is_asleep.store(false, Ordering::Relaxed);
        result
    }

    /// Looks for requests without sleeping, as long as that pays. `true`: work came up, and it is
    /// time to see, without sleeping either, what else happened.
    pub(super) fn spin(&mut self, shard: &mut Held<'a>) -> bool {
        // While one that may not spin counts its skipped waits, nobody needs to know its CPU.
        let may_spin =
            shard.attention.recent.len() > 0 && (!self.spin.may_spin() || !shares_cpu(shard));
        if !may_spin || !self.spin.begin() {
            return false;
        }
        let (mut laps, mut idle) = (Lap::new(), Lap::new());
        loop {
            if self.lap(shard) {
                self.spin.succeeded(idle.began);
                idle = Lap::new();
                if shard.queue.is_busy() || laps.passes(LAPS_LAST) {
                    return true;
                }
            } else if idle.passes(self.spin.budget()) {
                self.spin.failed();
                return false;
            } else {
                std::hint::spin_loop();
            }
        }
    }

    /// Serves the recent peers once; where looking costs no system call, also some others.
    fn lap(&mut self, shard: &mut Held<'a>) -> bool {
        let mut found = false;
        for place in 0..shard.attention.recent.len() {
            if let Some(key) = shard.attention.recent.get(place) {
                found |= self.serve_if_asking(shard, key);
            }
        }
        if self.polls_memory {
            let places = shard.peers.places();
            for _ in 0..LOOKS_A_LAP.min(places) {
                let place = shard.attention.next_place(places);
                if let Some(key) = asking_at(shard, place)
                    && self.serve_if_asking(shard, key)
                {
                    shard.attention.recent.note(key);
                    found = true;
                }
            }
        }
        found
    }

    /// A turn for a peer that nobody is queued before.
    fn serve_if_asking(&mut self, shard: &mut Held<'a>, key: Key) -> bool {
        matches!(
            self.turn(shard, key),
            Some(
                TurnEnd::Idle { answered: true }
                    | TurnEnd::Partial { moved: true, .. }
                    | TurnEnd::Blocked { moved: true }
                    | TurnEnd::Unfinished
            )
        )
    }

    /// Queues those who ask in memory: the recent ones, and some others.
    pub(super) fn queue_asking(&self, shard: &mut Held<'_>) {
        if !self.polls_memory {
            return;
        }
        for place in 0..shard.attention.recent.len() {
            if let Some(key) = shard.attention.recent.get(place)
                && is_asking(shard, key)
            {
                shard.enqueue(key);
            }
        }
        let places = shard.peers.places();
        for _ in 0..LOOKS_A_LAP.min(places) {
            let place = shard.attention.next_place(places);
            if let Some(key) = asking_at(shard, place) {
                shard.enqueue(key);
            }
        }
    }

    /// Queues everybody who asks in memory; whether there is somebody.
    fn look_at_all(&mut self, shard: &mut Held<'_>) -> bool {
        for place in 0..shard.peers.places() {
            if let Some(key) = asking_at(shard, place) {
                shard.enqueue(key);
            }
        }
        shard.queue.is_busy() || self.wards_ask()
    }
}

/// While the peer runs on this thread's CPU, it cannot ask anything before this thread sleeps.
fn shares_cpu(shard: &mut Held<'_>) -> bool {
    let latest = shard.attention.recent.get(0);
    let theirs = latest.and_then(|key| shard.peers.get_mut(key)?.peer.as_ref()?.cpu());
    theirs.is_some_and(|number| number == cpu::current())
}

/// Whether a peer asks in memory.
pub(super) fn is_asking(shard: &mut Held<'_>, key: Key) -> bool {
    shard
        .peers
        .get_mut(key)
        .and_then(|entry| entry.peer.as_ref())
        .is_some_and(|peer| peer.asks())
}

/// The peer in this place, if it asks in memory.
fn asking_at(shard: &mut Held<'_>, place: u32) -> Option<Key> {
    let key = shard.peers.key_at(place)?;
    is_asking(shard, key).then_some(key)
}

/// How long the shard's thread may sleep; `None`: until something happens.
fn time_left(shard: &Held<'_>) -> Option<Duration> {
    let next = [shard.clock.next(), shard.shut_until]
        .into_iter()
        .flatten()
        .min()?;
    Some(next.saturating_duration_since(Instant::now()))
}
