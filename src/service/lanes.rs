//! The connections of a client, and whose each of them is.

mod threads;
mod waiting;

use super::calls::Calls;
use crate::error::{Error, Result, Status};
use crate::sys::{Hangup, mutex};
use crate::transport::{Begun, Deadline, Dial, Opening};
use std::mem;
use std::sync::{Mutex, MutexGuard, TryLockError, TryLockResult};
use std::time::{Duration, Instant};
use threads::thread_number;
pub(super) use waiting::{Waiter, Waiting};

/// Whose a connection is. Whoever calls over it has the lane locked.
pub(super) enum Lane {
    /// There is none: it is made when it is needed.
    Vacant,
    /// The next call's, which has it to itself.
    Free(Calls),
    /// That of calls which nobody waits for.
    InFlight,
    /// The server refused it, with this error and then, and it is done without.
    Lost(Error, Instant),
}

/// Where connections are made anew, one that could not be is tried again after this time. Until then calls do with the
/// others, or fail: a server that is full would be asked again and again.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

impl Lane {
    /// The calls of its connection, which nobody else has.
    #[inline]
    pub(super) fn calls(&mut self) -> Result<&mut Calls> {
        match self {
            Self::Free(calls) => Ok(calls),
            _ => Err(lost()),
        }
    }
}

/// There is a bug: a lane has no connection where it has to have one.
#[cold]
pub(super) fn lost() -> Error {
    Error::new(Status::Internal, "a connection is lost").not_executed()
}

/// A lane, and what ends the waits on its connection.
struct Berth {
    lane: Mutex<Lane>,
    hangup: Hangup,
}

/// How lanes are shared, and made anew.
struct Sharing {
    /// How connections are made; `None`: the only one is there already.
    dial: Option<Dial>,
    /// Where calls wait for a lane; `None`: one that finds none fails.
    waiting: Option<Waiting>,
    /// A lost connection is made anew.
    reconnects: bool,
}

/// The lanes of a client.
pub(super) struct Lanes {
    berths: Box<[Berth]>,
    /// `None`: there is one connection, which is there from the start.
    sharing: Option<Sharing>,
}

/// A lane for a call.
pub(super) enum Found<'a> {
    /// This one's connection is free.
    Free(usize, MutexGuard<'a, Lane>),
    /// This one has no connection yet. The others are as is said.
    Vacant(usize, MutexGuard<'a, Lane>, Seen),
    /// None; they are as is said.
    None(Seen),
}

/// What lanes were found to be over which nothing can be called now.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// A call has one.
    pub(super) is_taken: bool,
    /// Calls that nobody waits for have one.
    pub(super) is_in_flight: bool,
    /// One was lost, for this reason.
    pub(super) lost: Option<Error>,
}

impl Seen {
    /// Whether there is a connection to wait for.
    pub(super) fn has_living(&self) -> bool {
        self.is_taken || self.is_in_flight
    }
}

impl Lanes {
    /// One lane, with this connection.
    pub(super) fn one(calls: Calls) -> Self {
        Self::new(1, None, Some(calls))
    }

    /// As many as the options say. The first has this connection, if it is given; others are made when they are needed.
    pub(super) fn many(dial: Dial, first: Option<Calls>) -> Self {
        let options = dial.options();
        let count = match dial.is_for_many() {
            true => options.connections.max(1),
            false => 1,
        };
        let sharing = Sharing {
            waiting: (options.connections > 0).then(Waiting::default),
            reconnects: options.reconnect,
            dial: Some(dial),
        };
        Self::new(count, Some(sharing), first)
    }

    /// One, with this connection, for which calls wait.
    pub(super) fn awaited(calls: Calls) -> Self {
        let sharing = Sharing {
            waiting: Some(Waiting::default()),
            reconnects: false,
            dial: None,
        };
        Self::new(1, Some(sharing), Some(calls))
    }

    fn new(count: u32, sharing: Option<Sharing>, first: Option<Calls>) -> Self {
        let berth = |_| Berth {
            lane: Mutex::new(Lane::Vacant),
            hangup: Hangup::new(),
        };
        let lanes = Self {
            berths: (0..count).map(berth).collect(),
            sharing,
        };
        if let (Some(calls), Some(berth)) = (first, lanes.berths.first()) {
            berth.fill(&mut mutex::lock(&berth.lane), calls);
        }
        lanes
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.berths.len()
    }

    /// Whether there is but one, whose connection is never made anew, and nobody waits for it.
    #[inline]
    pub(super) fn is_one(&self) -> bool {
        self.sharing.is_none()
    }

    /// The only lane, for this thread, where there is but one and its connection is never made anew.
    #[inline]
    pub(super) fn only(&self) -> Option<TryLockResult<MutexGuard<'_, Lane>>> {
        match (&self.sharing, self.berths.first()) {
            (None, Some(berth)) => Some(berth.lane.try_lock()),
            _ => None,
        }
    }

    /// Where calls wait for a lane, if they do.
    #[inline]
    pub(super) fn waiting(&self) -> Option<&Waiting> {
        self.sharing.as_ref()?.waiting.as_ref()
    }

    /// This lane, unless somebody has it.
    pub(super) fn lane(&self, number: usize) -> Option<MutexGuard<'_, Lane>> {
        self.berths.get(number)?.lane.try_lock().ok()
    }

    /// A lane for this thread. `land` gives back those in flight that are needed there no more.
    pub(super) fn find(&self, mut land: impl FnMut(usize) -> Landed) -> Found<'_> {
        let mut seen = Seen::default();
        let mut vacant = None;
        let from = thread_number() % self.berths.len().max(1);
        let (low, high) = self.berths.split_at(from);
        let numbered = (from..).zip(high).chain((0..).zip(low));
        for (number, berth) in numbered {
            let mut lane = match berth.lane.try_lock() {
                Ok(lane) => lane,
                Err(TryLockError::WouldBlock) => {
                    seen.is_taken = true;
                    continue;
                }
                Err(TryLockError::Poisoned(_)) => {
                    seen.lost = Some(panicked());
                    continue;
                }
            };
            if let Lane::InFlight = *lane {
                match land(number) {
                    Landed::Calls(calls) => *lane = Lane::Free(calls),
                    Landed::Nothing => berth.empty(&mut lane),
                    Landed::No => seen.is_in_flight = true,
                }
            }
            if self.is_to_be_made_anew(&mut lane) {
                berth.empty(&mut lane);
            }
            match &*lane {
                Lane::Free(Calls { end: None, .. }) => return Found::Free(number, lane),
                Lane::Free(Calls { end, .. }) => seen.lost.clone_from(end),
                Lane::Lost(error, _) => seen.lost = Some(error.clone()),
                Lane::Vacant if vacant.is_none() => vacant = Some((number, lane)),
                Lane::Vacant | Lane::InFlight => {}
            }
        }
        match vacant {
            // Those that were there have all gone, and none is made anew.
            Some(_) if seen.lost.is_some() && !seen.has_living() => Found::None(seen),
            Some((number, lane)) => Found::Vacant(number, lane, seen),
            None => Found::None(seen),
        }
    }

    /// Whether the connection was lost, and is made anew.
    fn is_to_be_made_anew(&self, lane: &mut Lane) -> bool {
        if !self.reconnects() {
            return false;
        }
        match lane {
            Lane::Free(calls) => !calls.is_alive(),
            Lane::Lost(_, since) => since.elapsed() >= PAUSE,
            Lane::Vacant | Lane::InFlight => false,
        }
    }

    /// Makes the connection of this lane, which is locked.
    pub(super) fn open(&self, number: usize, lane: &mut Lane, deadline: &Deadline) -> Result<()> {
        let dial = self.dial()?;
        let options = dial.options();
        let limit = match options.connect_timeout {
            Some(limit) => deadline.within(limit),
            None => Deadline::after(deadline.remaining()),
        };
        let channel = dial.connect(&limit).map_err(Error::not_executed)?;
        if let Some(berth) = self.berths.get(number) {
            berth.fill(lane, Calls::new(channel, options).on_trial());
        }
        Ok(())
    }

    /// The server refused the connection of this lane, which is locked; whether there may be others.
    pub(super) fn refused(&self, number: usize, lane: &mut Lane, error: &Error) -> bool {
        let Some(berth) = self.berths.get(number).filter(|_| self.sharing.is_some()) else {
            return false;
        };
        berth.empty(lane);
        let has_others = self.berths.len() > 1;
        if has_others || !self.reconnects() {
            *lane = Lane::Lost(error.clone(), Instant::now());
        }
        has_others
    }

    /// Whether a lost connection is made anew.
    pub(super) fn reconnects(&self) -> bool {
        let sharing = self.sharing.as_ref();
        sharing.is_some_and(|sharing| sharing.reconnects)
    }

    /// Whether a call has a lane, or could have one.
    pub(super) fn has_taken_or_free(&self) -> bool {
        self.berths.iter().any(|berth| match berth.lane.try_lock() {
            Ok(lane) => matches!(&*lane, Lane::Free(Calls { end: None, .. })),
            Err(_) => true,
        })
    }

    /// A lane for calls that nobody waits for, which is theirs from now on; one that has no connection only if it `may_open`
    /// one. `land` gives back those in flight that have ended.
    pub(super) fn take_off(&self, may_open: bool, land: impl FnMut(usize) -> Landed) -> Ground {
        match self.find(land) {
            Found::Free(number, mut lane) => match mem::replace(&mut *lane, Lane::InFlight) {
                Lane::Free(calls) => Ground::Calls(number, calls),
                _ => Ground::Theirs,
            },
            Found::Vacant(number, mut lane, seen) if may_open => match self.begin(number) {
                Ok(ground) => {
                    *lane = Lane::InFlight;
                    ground
                }
                Err(error) if !seen.has_living() => Ground::Lost(error),
                Err(_) => Ground::without(seen),
            },
            Found::Vacant(_, _, seen) | Found::None(seen) => Ground::without(seen),
        }
    }

    /// Begins to make the connection of this lane, without waiting.
    fn begin(&self, number: usize) -> Result<Ground> {
        let begun = self.dial()?.begin()?;
        self.begun(number, begun)
    }

    /// Goes on making the connection of this lane, which calls that nobody waits for have.
    pub(super) fn go_on(&self, number: usize, opening: Opening) -> Result<Ground> {
        let begun = self.dial()?.go_on(opening)?;
        self.begun(number, begun)
    }

    fn begun(&self, number: usize, begun: Begun) -> Result<Ground> {
        let channel = match begun {
            Begun::Connected(channel) => channel,
            Begun::Opening(opening) => return Ok(Ground::Opening(number, opening)),
        };
        if let Some(berth) = self.berths.get(number) {
            berth.hangup.watch(&channel.lifeline());
        }
        let options = self.dial()?.options();
        Ok(Ground::Calls(
            number,
            Calls::new(channel, options).on_trial(),
        ))
    }

    fn dial(&self) -> Result<&Dial> {
        let dial = self
            .sharing
            .as_ref()
            .and_then(|sharing| sharing.dial.as_ref());
        dial.ok_or_else(|| Error::new(Status::Internal, "no such connection is made"))
    }

    /// Ends whatever waits on any connection. Async-signal-safe.
    pub(super) fn hang_up(&self) {
        for berth in &self.berths {
            berth.hangup.hang_up();
        }
    }
}

/// What there is for calls that nobody waits for.
pub(super) enum Ground {
    /// The connection of this lane.
    Calls(usize, Calls),
    /// That which this lane will have.
    Opening(usize, Opening),
    /// Nothing: they have all that live.
    Theirs,
    /// Nothing as long as calls that are waited for have lanes.
    Taken,
    /// Nothing, for this reason.
    Lost(Error),
}

/// What comes back of a lane in flight.
pub(super) enum Landed {
    /// Its connection.
    Calls(Calls),
    /// It has none, since none could be made.
    Nothing,
    /// Nothing comes back: it is in flight.
    No,
}

impl Ground {
    fn without(seen: Seen) -> Self {
        match seen.lost {
            _ if seen.is_taken => Self::Taken,
            Some(error) if !seen.is_in_flight => Self::Lost(error),
            _ => Self::Theirs,
        }
    }
}

impl Berth {
    /// The lane has this connection.
    fn fill(&self, lane: &mut Lane, calls: Calls) {
        self.hangup.watch(&calls.channel.lifeline());
        *lane = Lane::Free(calls);
    }

    /// The lane has no connection any more.
    fn empty(&self, lane: &mut Lane) {
        self.hangup.forget();
        *lane = Lane::Vacant;
    }
}

/// Why a lane is of no use that a call has left by a panic.
pub(super) const PANICKED: &str = "an earlier call on this client panicked";

#[cold]
fn panicked() -> Error {
    Error::new(Status::Internal, PANICKED).not_executed()
}
