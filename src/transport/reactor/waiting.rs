//! How a thread waits for requests: looking without sleeping as long as that pays, and then asleep.

#[cfg(test)]
mod tests;

use super::held::Held;
use super::pace::{LAPS_LAST, Stopwatch};
use super::slab::Key;
use super::turns::Turns;
use super::wards::Wards;
use super::{TurnEnd, sleep_counted};
use crate::sys::Event;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Looks for requests without sleeping, as long as that pays. `true`: work came up, or is left, and it is
/// time to see, without sleeping either, what else happened.
#[inline(always)]
pub(super) fn spin<'a>(turns: &mut Turns<'a>, shard: &mut Held<'a>) -> bool {
    shard.begin_to_spin() && spin_while_it_pays(turns, shard)
}

fn spin_while_it_pays<'a>(turns: &mut Turns<'a>, shard: &mut Held<'a>) -> bool {
    let (mut laps, mut idle) = (Stopwatch::new(), Stopwatch::new());
    loop {
        if lap(turns, shard) {
            match idle.is_new() {
                true => shard.attention.spin.found_at_once(),
                false => {
                    shard.attention.spin.succeeded(idle.began);
                    idle = Stopwatch::new();
                }
            }
            if shard.queue.is_busy() || laps.passes(LAPS_LAST) {
                return true;
            }
            continue;
        }
        match turns.take_longest() {
            0 => {}
            bytes => shard.attention.spin.allow_for(bytes),
        }
        if idle.passes(shard.attention.spin.budget()) {
            shard.attention.spin.failed();
            // An attendant may have seen that a peer asks which had its turn here just then.
            return shard.queue.is_busy();
        }
        std::hint::spin_loop();
    }
}

/// Serves the recent peers once; where looking costs no system call, also some others. Whether there was work.
fn lap<'a>(turns: &mut Turns<'a>, shard: &mut Held<'a>) -> bool {
    let (mut found, mut place) = (0, 0);
    while let Some(key) = shard.attention.recent.get(place) {
        let asked = serve_if_asking(turns, shard, key);
        found += u32::from(asked);
        // Another one may have come into this place.
        if shard.attention.recent.get(place) == Some(key) && shard.stays_recent(place, asked) {
            place += 1;
        }
    }
    let looks = shard.attention.looks();
    for _ in 0..shard.looks_at_others(looks) {
        if let Some(key) = shard.next_asking()
            && serve_if_asking(turns, shard, key)
        {
            shard.note_recent(key);
            found += 1;
        }
    }
    shard.attention.lapped(found);
    found > 0
}

/// A turn for a peer that nobody is queued before; whether there was work.
fn serve_if_asking<'a>(turns: &mut Turns<'a>, shard: &mut Held<'a>, key: Key) -> bool {
    matches!(
        turns.give(shard, key),
        Some(
            TurnEnd::Idle { answered: true }
                | TurnEnd::Parked { answered: true }
                | TurnEnd::Partial { moved: true, .. }
                | TurnEnd::Blocked { moved: true }
                | TurnEnd::Unfinished
        )
    )
}

/// A turn for the one peer that is spun for, without asking the system whether anything happened, where looking costs a
/// system call either way; whether there was work. What the system has to tell stays with it, and is told later.
pub(super) fn serve_expected<'a>(turns: &mut Turns<'a>, shard: &mut Held<'a>) -> bool {
    if shard.attention.is_in_memory() {
        return false; // The system keeps telling of a ring until it is asked.
    }
    let expected = shard.attention.recent.get(0);
    expected.is_some_and(|key| shard.is_at_rest(key) && serve_if_asking(turns, shard, key))
}

/// Sleeps until something happens to the thread whose shard this is; with `must_look`, only looks.
pub(super) fn wait(
    shard: &mut Held<'_>,
    wards: &Wards<'_>,
    events: &mut [Event],
    must_look: bool,
) -> io::Result<usize> {
    if must_look {
        return shard.desk.poller.wait(events, Some(Duration::ZERO));
    }
    let timeout = shard.time_left();
    if !shard.attention.is_in_memory() && shard.crew.relief.is_none() {
        return shard.desk.poller.wait(events, timeout);
    }
    let Some(sleepers) = shard.crew.doors.sleepers() else {
        return sleep(shard, events, timeout);
    };
    sleep_counted(
        sleepers,
        shard,
        |shard| {
            shard.queue_all_asking();
            shard.queue.is_busy() || wards.ask()
        },
        |shard, has_work| {
            let timeout = if has_work {
                Some(Duration::ZERO)
            } else {
                timeout
            };
            sleep(shard, events, timeout)
        },
    )
}

/// Sleeps until something happens to the only thread that there is, for this long at most (`None`: without limit).
pub(super) fn wait_at_most(
    shard: &mut Held<'_>,
    events: &mut [Event],
    limit: Option<Duration>,
) -> io::Result<usize> {
    let timeout = [limit, shard.time_left()].into_iter().flatten().min();
    let sleepers = shard.crew.doors.sleepers();
    let Some(sleepers) = sleepers.filter(|_| limit != Some(Duration::ZERO)) else {
        return shard.desk.poller.wait(events, timeout);
    };
    sleep_counted(
        sleepers,
        shard,
        |shard| {
            shard.queue_all_asking();
            shard.queue.is_busy()
        },
        |shard, has_work| {
            let timeout = match has_work {
                true => Some(Duration::ZERO),
                false => timeout,
            };
            shard.desk.poller.wait(events, timeout)
        },
    )
}

/// Sleeps; where another thread may look after the shard, without holding it.
#[inline(always)]
fn sleep(
    shard: &mut Held<'_>,
    events: &mut [Event],
    timeout: Option<Duration>,
) -> io::Result<usize> {
    match shard.crew.relief {
        None => shard.desk.poller.wait(events, timeout),
        Some(_) => sleep_apart(shard, events, timeout),
    }
}

fn sleep_apart(
    shard: &mut Held<'_>,
    events: &mut [Event],
    timeout: Option<Duration>,
) -> io::Result<usize> {
    let desk = shard.desk;
    desk.is_asleep.store(true, Ordering::Relaxed);
    let result = shard.let_go(|| desk.poller.wait(events, timeout));
    desk.is_asleep.store(false, Ordering::Relaxed);
    result
}
