//! When a peer is too slow: how long half a request, an answer that nobody takes, or silence may last.

use super::{Cause, Limits, TurnEnd};
use std::time::{Duration, Instant};

/// What a frame may take longer for each MiB of it: a least rate for those who send large ones.
const TIME_A_MIB: Duration = Duration::from_secs(1);

/// A look that comes this much later than it should was kept off by this process (a handler, a
/// debugger, SIGSTOP), and so were the peers from being read.
const LATE: Duration = Duration::from_millis(100);

/// When the peers of a shard have to be looked through for one that is too slow.
#[derive(Debug, Default)]
pub(super) struct Clock {
    sweep_at: Option<Instant>,
    /// The last time that anybody looked, while there is something to look for.
    looked_at: Option<Instant>,
}

impl Clock {
    /// Some peer is too slow from then on, if nothing of it moves.
    pub(super) fn sweep_by(&mut self, due: Instant) {
        self.sweep_at = Some(self.sweep_at.map_or(due, |at| at.min(due)));
        self.looked_at.get_or_insert_with(Instant::now);
    }

    /// When the next look is due.
    #[inline]
    pub(super) fn next(&self) -> Option<Instant> {
        self.sweep_at
    }

    /// If a look is due, the time before it in which nobody read the peers, as far as can be told.
    pub(super) fn strike(&mut self, now: Instant) -> Option<Duration> {
        let before = self.looked_at.replace(now).unwrap_or(now);
        let at = self.sweep_at.filter(|at| *at <= now)?;
        *self = Self::default();
        let is_late = now - at >= LATE;
        Some(if is_late {
            now - before
        } else {
            Duration::ZERO
        })
    }
}

/// The times of a peer. None runs while it waits for its turn.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    /// Since when half a request or an unread answer has not moved.
    stuck_since: Option<Instant>,
    /// When the frame that is not whole began, and how long it may take.
    frame: Option<(Instant, Duration)>,
    /// Since when it asked nothing; kept only where there is an idle timeout.
    idle_since: Option<Instant>,
    /// It waits for an answer that is to come, and none of these runs.
    is_parked: bool,
    /// It does not take its answers, so it is not read from: whether it asks is not known.
    is_blocked: bool,
}

impl Times {
    /// Those of a newcomer.
    pub(crate) fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            idle_since: (!limits.idle_timeout.is_zero()).then_some(now),
            ..Self::default()
        }
    }

    /// Nothing of it is timed.
    #[inline]
    pub(crate) fn are_stopped(&self) -> bool {
        self.stuck_since.is_none() && self.frame.is_none() && self.idle_since.is_none()
    }

    /// Its turn ended so.
    pub(crate) fn note(&mut self, end: TurnEnd, limits: &Limits) {
        let now = Instant::now();
        let is_parked = matches!(end, TurnEnd::Parked { .. });
        let was_parked = std::mem::replace(&mut self.is_parked, is_parked);
        let is_blocked = matches!(end, TurnEnd::Blocked { .. });
        let was_blocked = std::mem::replace(&mut self.is_blocked, is_blocked);
        let has_moved = match end {
            TurnEnd::Partial { moved, .. } | TurnEnd::Blocked { moved } => moved,
            TurnEnd::Idle { answered } => answered,
            TurnEnd::Parked { .. } | TurnEnd::Unfinished | TurnEnd::Gone | TurnEnd::Dropped(_) => {
                true
            }
        };
        let has_moved = has_moved || was_parked || (was_blocked && !is_blocked);
        if has_moved {
            self.idle_since = self.idle_since.map(|_| now);
            self.stuck_since = None;
        }
        match end {
            TurnEnd::Partial { is_new, length, .. } => {
                self.stuck_since.get_or_insert(now);
                let began = self
                    .frame
                    .filter(|_| !is_new)
                    .map_or(now, |(began, _)| began);
                self.frame = Some((began, limits.stall_timeout + time_for(length)));
            }
            TurnEnd::Blocked { .. } => {
                self.stuck_since.get_or_insert(now);
                self.frame = None; // It is not read from.
            }
            TurnEnd::Idle { .. }
            | TurnEnd::Parked { .. }
            | TurnEnd::Unfinished
            | TurnEnd::Gone
            | TurnEnd::Dropped(_) => {
                self.stuck_since = None;
                self.frame = None;
            }
        }
    }

    /// From when on it is too slow, if nothing of it moves; `None`: it may take for ever.
    pub(crate) fn due(&self, limits: &Limits) -> Option<Instant> {
        if self.is_parked {
            return None;
        }
        let stuck = self.stuck_since.map(|since| since + limits.stall_timeout);
        let frame = self.frame.map(|(began, time)| began + time);
        let idle = self.idle_since.filter(|_| !self.is_blocked);
        let idle = idle.map(|since| since + limits.idle_timeout);
        [stuck, frame, idle].into_iter().flatten().min()
    }

    /// What it is too slow with.
    pub(crate) fn cause(&self, now: Instant, limits: &Limits) -> Cause {
        let others = Self {
            idle_since: None,
            ..*self
        };
        match others.due(limits) {
            Some(due) if due <= now && self.frame.is_some() => Cause::Stalled,
            Some(due) if due <= now => Cause::Unread,
            _ => Cause::Idle,
        }
    }

    /// Nobody read it for so long, which does not count.
    pub(super) fn postpone(&mut self, time: Duration) {
        let began = self.frame.as_mut().map(|(began, _)| began);
        let all = [self.stuck_since.as_mut(), began, self.idle_since.as_mut()];
        for since in all.into_iter().flatten() {
            *since += time;
        }
    }
}

/// What a frame with a body of this length may take beyond the stall timeout.
fn time_for(length: u32) -> Duration {
    TIME_A_MIB * length.div_ceil(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::ServerOptions;

    const STALL: Duration = Duration::from_secs(5);

    fn limits(idle_timeout: Duration) -> Limits {
        let options = ServerOptions {
            idle_timeout,
            ..ServerOptions::default()
        };
        Limits::new(&options, 1)
    }

    fn partial(moved: bool, is_new: bool, length: u32) -> TurnEnd {
        TurnEnd::Partial {
            moved,
            is_new,
            length,
        }
    }

    #[test]
    fn a_frame_that_drips_has_a_time_to_be_whole() {
        let limits = limits(Duration::ZERO);
        let mut times = Times::default();
        let began = Instant::now();
        times.note(partial(true, true, 0), &limits);
        let first = times.due(&limits).unwrap();
        assert!(first >= began + STALL);
        // Each byte that comes is progress, and the frame is due all the same.
        for _ in 0..1000 {
            times.note(partial(true, false, 0), &limits);
            assert_eq!(times.frame.map(|(began, time)| began + time), Some(first));
        }
        // Its length is known now, and gives it more time.
        times.note(partial(true, false, (1 << 20) + 1), &limits);
        let extended = times.frame.map(|(began, time)| began + time).unwrap();
        assert_eq!(extended, first + 2 * TIME_A_MIB);
        // The next one has a time of its own.
        times.note(partial(true, true, 0), &limits);
        assert!(times.frame.unwrap().0 + STALL >= first);
        times.note(TurnEnd::Idle { answered: true }, &limits);
        assert!(times.are_stopped());
        assert_eq!(times.due(&limits), None);
    }

    #[test]
    fn without_progress_it_is_due_however_long_the_frame() {
        let limits = limits(Duration::ZERO);
        let mut times = Times::default();
        times.note(partial(true, true, 64 << 20), &limits);
        let due = times.due(&limits).unwrap();
        times.note(partial(false, false, 64 << 20), &limits);
        assert_eq!(times.due(&limits), Some(due));
        assert!(times.frame.unwrap().1 == STALL + 64 * TIME_A_MIB);
    }

    #[test]
    fn no_time_runs_while_it_is_not_read() {
        let limits = limits(Duration::from_secs(1));
        let mut times = Times::new(&limits, Instant::now());
        times.note(partial(true, true, 9), &limits);
        times.note(TurnEnd::Blocked { moved: false }, &limits);
        assert!(times.frame.is_none());
        let due = times.due(&limits).unwrap();
        times.postpone(Duration::from_secs(3600));
        assert_eq!(times.due(&limits), Some(due + Duration::from_secs(3600)));
    }

    #[test]
    fn one_that_does_not_take_its_answers_is_stuck_and_not_idle() {
        let limits = limits(STALL / 2);
        let mut times = Times::new(&limits, Instant::now());
        let began = times.idle_since;
        times.note(TurnEnd::Blocked { moved: false }, &limits);
        let stuck = times.stuck_since.map(|since| since + limits.stall_timeout);
        assert_eq!(times.due(&limits), stuck);
        assert_eq!(times.cause(stuck.unwrap(), &limits), Cause::Unread);
        times.note(TurnEnd::Idle { answered: false }, &limits);
        assert!(times.idle_since > began, "it is idle from now on");
        assert_eq!(
            times.due(&limits),
            times.idle_since.map(|since| since + limits.idle_timeout)
        );
    }

    #[test]
    fn nothing_of_one_that_is_parked_is_timed() {
        let limits = limits(Duration::from_secs(1));
        let mut times = Times::new(&limits, Instant::now());
        let began = times.idle_since.unwrap();
        times.note(partial(true, true, 9), &limits);
        times.note(TurnEnd::Parked { answered: false }, &limits);
        assert_eq!(times.due(&limits), None);
        times.note(TurnEnd::Idle { answered: false }, &limits);
        assert!(times.idle_since.unwrap() > began, "it is idle from now on");
        assert_eq!(
            times.due(&limits),
            times.idle_since.map(|since| since + limits.idle_timeout)
        );
        let parked = times.idle_since;
        times.note(TurnEnd::Parked { answered: false }, &limits);
        times.note(TurnEnd::Blocked { moved: false }, &limits);
        assert!(times.due(&limits).is_some() && times.idle_since >= parked);
    }

    #[test]
    fn a_look_is_due_once_and_tells_for_how_long_nobody_looked() {
        let mut clock = Clock::default();
        let now = Instant::now() + STALL;
        clock.sweep_by(now + LATE);
        clock.sweep_by(now);
        assert_eq!(clock.next(), Some(now));
        assert_eq!(clock.strike(now - LATE), None);
        assert_eq!(clock.strike(now + LATE / 2), Some(Duration::ZERO));
        assert_eq!((clock.next(), clock.strike(now + LATE)), (None, None));
        // A thread that slept, or was off its CPU, since it looked last.
        clock.sweep_by(now);
        assert_eq!(clock.strike(now - LATE), None);
        assert_eq!(clock.strike(now + LATE), Some(2 * LATE));
    }

    #[test]
    fn what_one_is_too_slow_with_is_told_apart() {
        let limits = limits(Duration::from_secs(1));
        let mut times = Times::new(&limits, Instant::now());
        let now = Instant::now();
        let later = now + Duration::from_secs(2);
        assert_eq!(times.cause(later, &limits), Cause::Idle);
        times.note(partial(true, true, 9), &limits);
        assert_eq!(times.cause(later, &limits), Cause::Idle);
        let stalled = Instant::now() + STALL;
        assert_eq!(times.cause(stalled, &limits), Cause::Stalled);
        times.note(TurnEnd::Blocked { moved: false }, &limits);
        assert_eq!(times.cause(stalled, &limits), Cause::Unread);
    }

    #[test]
    fn any_time_that_runs_is_one() {
        let now = Some(Instant::now());
        let times = [
            Times::default(),
            Times {
                stuck_since: now,
                ..Times::default()
            },
            Times {
                frame: now.map(|now| (now, STALL)),
                ..Times::default()
            },
            Times {
                idle_since: now,
                ..Times::default()
            },
        ];
        let stopped = times.map(|times| times.are_stopped());
        assert_eq!(stopped, [true, false, false, false]);
    }
}
