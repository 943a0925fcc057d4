//! Where the calls are: under way, answered, over; and what is known of them.

use super::aloft::{Aloft, Done, Taken};
use super::queue::Name;
use super::watch::Watch;
use super::{Completion, Next};
use crate::error::Error;
use crate::sys::wait::Spin;
use crate::transport::{Armed, ClientOptions};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use std::{io, mem};

/// How often one who does not wait, and does not watch either, asks whether the server has died.
const SLICE: Duration = Duration::from_millis(50);

/// How often a connection is looked at that no watch tells of.
const LOOK: Duration = Duration::from_millis(1);

/// Where the calls of a client are that nobody waits for.
pub(super) struct State {
    /// The number given last.
    pub(super) last: u64,
    pub(super) aloft: Option<Aloft>,
    pub(super) done: VecDeque<Done>,
    pub(super) spin: Spin,
    /// Threads that sleep until there is a completion.
    pub(super) sleepers: usize,
    /// The host watches.
    pub(super) is_watched: bool,
    is_rung: bool,
    /// When the timer's time comes.
    pub(super) timer: Option<Instant>,
    /// When the connection was looked at last without being watched.
    looked: Option<Instant>,
}

impl State {
    pub(super) fn new(options: &ClientOptions) -> Self {
        Self {
            last: 0,
            aloft: None,
            done: VecDeque::new(),
            spin: Spin::new(options.spin),
            sleepers: 0,
            is_watched: false,
            is_rung: false,
            timer: None,
            looked: None,
        }
    }

    /// Whether no call is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.aloft.as_ref().is_none_or(Aloft::is_quiet)
    }

    /// Whether a call is still to be told of.
    pub(super) fn has_open(&self) -> bool {
        !self.done.is_empty() || self.aloft.as_ref().is_some_and(Aloft::is_open)
    }

    /// Lets the bell ring, or be silent.
    pub(super) fn ring(&mut self, watch: &Watch, has_known: bool) {
        if has_known != mem::replace(&mut self.is_rung, has_known) {
            match has_known {
                true => watch.bell.ring(),
                false => watch.bell.silence(),
            }
        }
    }

    /// The connection has ended, for this reason.
    pub(super) fn fail(&mut self, error: &Error) {
        if let Some(aloft) = &mut self.aloft {
            aloft.fail(error, &mut self.done);
        }
    }

    /// Looks what a connection that nobody watches has to tell besides answers, if that was not done of late; whether
    /// that was the end of calls.
    pub(super) fn looks_now_and_then(&mut self) -> bool {
        let now = Instant::now();
        let is_time = self.looked.is_none_or(|looked| now - looked >= SLICE);
        if self.is_idle() || !is_time {
            return false;
        }
        self.looked = Some(now);
        self.look_at_connection();
        !self.done.is_empty()
    }

    /// Takes a completion that is there.
    pub(super) fn look(&mut self, answer: &mut [u8]) -> Option<Next> {
        if self.done.is_empty() {
            self.send();
            let done = &mut self.done;
            let taken = self
                .aloft
                .as_mut()
                .and_then(|aloft| aloft.take(answer, done));
            match taken {
                Some(Taken::Whole(Name { id, tag }, length)) => {
                    let outcome = Ok(length);
                    return Some(Next::Completion(Completion { id, tag, outcome }));
                }
                Some(Taken::Kept(length)) => return Some(Next::NoRoom(length)),
                None => self.send(), // An answer to a call that is over may have made room.
            }
            self.end_due();
        }
        let Done { name, error } = self.done.pop_front()?;
        Some(Next::Completion(Completion {
            id: name.id,
            tag: name.tag,
            outcome: Err(error),
        }))
    }

    /// Sends what can be sent at once.
    pub(super) fn send(&mut self) {
        if let Some(aloft) = &mut self.aloft {
            aloft.send(&mut self.done);
        }
    }

    /// Drops the answers that have come, where no call is open.
    pub(super) fn drop_late(&mut self) {
        self.send();
        if let Some(aloft) = &mut self.aloft {
            let _ = aloft.take(&mut [], &mut self.done);
        }
    }

    /// Ends the calls whose time is over.
    fn end_due(&mut self) {
        if let Some(aloft) = &mut self.aloft {
            aloft.end_due(&mut self.done);
        }
    }

    /// Arms the watches of the connection.
    pub(super) fn arm(&mut self) -> Armed {
        match &mut self.aloft {
            Some(aloft) if aloft.end().is_none() => aloft.arm(),
            _ => Armed::Watched,
        }
    }

    /// The watch told of something at the connection.
    pub(super) fn look_at_connection(&mut self) {
        if let Some(aloft) = &mut self.aloft {
            aloft.look(&mut self.done);
        }
    }

    /// Whether there is a completion that no watch tells of.
    pub(super) fn has_known(&self) -> bool {
        !self.done.is_empty() || self.aloft.as_ref().is_some_and(Aloft::has_arrived)
    }

    /// Lets the timer's time come when that of the next call is over, or when the connection is to be looked at again.
    pub(super) fn set_timer(&mut self, watch: &Watch, armed: Armed) -> io::Result<()> {
        let now = Instant::now();
        let look = (armed == Armed::Unwatched).then(|| now + LOOK);
        let due = self.aloft.as_ref().and_then(|aloft| aloft.queue.next_due());
        let Some(due) = due.into_iter().chain(look).min() else {
            return Ok(());
        };
        if self.timer.is_none_or(|timer| due < timer) {
            watch.timer.set(Some(due.saturating_duration_since(now)))?;
            self.timer = Some(due);
        }
        Ok(())
    }
}
