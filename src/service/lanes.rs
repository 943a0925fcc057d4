//! The connections of a client, and whose each of them is.

mod cell;
mod lending;
mod loaned;
#[cfg(test)]
mod tests;
mod threads;
mod waiting;

use super::calls::Calls;
use crate::error::{Error, Result, Status};
use crate::sys::try_lock::{Attendant, Untaken};
use crate::transport::{Begun, Deadline, Dial, Opening};
pub(super) use cell::{Lane, PANICKED, Taken, lost};
use cell::{LaneCell, Tried, panicked};
pub(super) use lending::{Lent, Returned};
use std::time::{Duration, Instant};
use std::{iter, mem};
use threads::thread_number;
pub(super) use waiting::{Waiter, Waiting};

/// Where connections are made anew, one that could not be is tried again after this time. Until then calls do with the
/// others, or fail: a server that is full would be asked again and again.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// How lanes are shared, and made anew.
struct Sharing {
    /// How connections are made; `None`: the only one is there already.
    dial: Option<Dial>,
    /// Calls wait for a lane; else one that finds none fails.
    is_awaited: bool,
    /// A lost connection is made anew.
    reconnects: bool,
}

/// The lanes of a client.
pub(super) struct Lanes {
    cells: Box<[LaneCell]>,
    /// Who waits for a lane.
    waiting: Waiting,
    /// `None`: there is one connection, which is there from the start.
    sharing: Option<Sharing>,
    /// Connections are looked at before they are used, since a lost one is made anew.
    are_looked_at: bool,
}

/// A lane for a call.
pub(super) enum Found<'a, A: Attendant> {
    /// This one's connection is free.
    Free(usize, Taken<'a, A>),
    /// This one has no connection yet. The others are as is said.
    Vacant(usize, Taken<'a, A>, Seen),
    /// None; they are as is said.
    None(Seen),
}

/// What lanes were found to be over which nothing can be called now.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// A call has one.
    pub(super) is_taken: bool,
    /// Calls that nobody waits for have so many.
    pub(super) in_flight: usize,
    /// One was lost, for this reason.
    pub(super) lost: Option<Error>,
}

impl Seen {
    /// Whether there is a connection to wait for.
    pub(super) fn has_living(&self) -> bool {
        self.is_taken || self.in_flight > 0
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
            is_awaited: options.connections > 0,
            reconnects: options.reconnect,
            dial: Some(dial),
        };
        Self::new(count, Some(sharing), first)
    }

    /// One, with this connection, for which calls wait.
    pub(super) fn awaited(calls: Calls) -> Self {
        let sharing = Sharing {
            is_awaited: true,
            reconnects: false,
            dial: None,
        };
        Self::new(1, Some(sharing), Some(calls))
    }

    fn new(count: u32, sharing: Option<Sharing>, first: Option<Calls>) -> Self {
        let first = first.map_or_else(LaneCell::new, LaneCell::with);
        let others = (1..count).map(|_| LaneCell::new());
        Self {
            cells: iter::once(first).chain(others).collect(),
            waiting: Waiting::default(),
            are_looked_at: sharing.as_ref().is_some_and(|sharing| sharing.reconnects),
            sharing,
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is but one, whose connection is never made anew, and nobody waits for it.
    #[inline]
    pub(super) fn is_one(&self) -> bool {
        self.sharing.is_none()
    }

    /// Where calls wait for a lane, if they do.
    #[inline]
    pub(super) fn waiting(&self) -> Option<&Waiting> {
        let sharing = self.sharing.as_ref()?;
        sharing.is_awaited.then_some(&self.waiting)
    }

    /// The only lane, where there is but one and its connection is never made anew.
    pub(super) fn only<'a, A: Attendant>(&'a self, attendant: &'a A) -> Option<Tried<'a, A>> {
        match (&self.sharing, self.cells.first()) {
            (None, Some(cell)) => Some(cell.lane.try_lock(attendant)),
            _ => None,
        }
    }

    /// The lane that this thread looks at first, if its connection is free and need not be looked at, and nobody goes first.
    #[inline]
    pub(super) fn own<'a, A: Attendant>(
        &'a self,
        attendant: &'a A,
    ) -> Option<(usize, Taken<'a, A>)> {
        if self.reconnects() || self.waiting.has_overdue() {
            return None;
        }
        let number = self.number_for_this_thread();
        let lane = self.cells.get(number)?.lane.try_lock(attendant).ok()?;
        lane.is_free().then_some((number, lane))
    }

    /// The number of the lane that this thread looks at first.
    #[inline]
    fn number_for_this_thread(&self) -> usize {
        match self.cells.len() {
            0 | 1 => 0,
            count => thread_number() % count,
        }
    }

    /// This lane, unless somebody has it.
    pub(super) fn lane(&self, number: usize) -> Option<Taken<'_, Waiting>> {
        let cell = self.cells.get(number)?;
        cell.lane.try_lock(&self.waiting).ok()
    }

    /// A lane for this thread. `give_back` gives back those in flight that are needed there no more. Whoever has one is asked for
    /// it if anybody waits.
    pub(super) fn find<'a, A: Attendant>(
        &'a self,
        attendant: &'a A,
        mut give_back: impl FnMut(usize) -> Returned,
    ) -> Found<'a, A> {
        let asks = self.waiting.is_awaited();
        let mut seen = Seen::default();
        let mut vacant = None;
        let from = self.number_for_this_thread();
        let (low, high) = self.cells.split_at(from);
        let numbered = (from..).zip(high).chain((0..).zip(low));
        for (number, cell) in numbered {
            let mut lane = match cell.take(asks, attendant) {
                Ok(lane) => lane,
                Err(Untaken::Busy) => {
                    seen.is_taken = true;
                    continue;
                }
                Err(Untaken::Poisoned) => {
                    seen.lost = Some(panicked());
                    continue;
                }
            };
            if let Lane::InFlight = *lane {
                match give_back(number) {
                    Returned::Calls(calls) => *lane = Lane::Free(calls),
                    Returned::Nothing => cell.empty(&mut lane),
                    Returned::No => seen.in_flight += 1,
                }
            }
            if self.is_to_be_made_anew(&mut lane) {
                cell.empty(&mut lane);
            }
            match &*lane {
                Lane::Free(Calls { end: None, .. }) => return Found::Free(number, lane),
                Lane::Free(Calls { end, .. }) => seen.lost.clone_from(end),
                Lane::Lost(error, _) => seen.lost = Some(error.clone()),
                Lane::Vacant if vacant.is_none() => vacant = Some((number, lane)),
                Lane::Loaned => seen.is_taken = true,
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
            Lane::Vacant | Lane::InFlight | Lane::Loaned => false,
        }
    }

    /// Makes the connection of this lane, which is locked, as long as it `is_wanted`.
    pub(super) fn open(
        &self,
        number: usize,
        lane: &mut Lane,
        is_wanted: &dyn Fn() -> bool,
        deadline: &Deadline,
    ) -> Result<()> {
        let dial = self.dial()?;
        let options = dial.options();
        let limit = match options.connect_timeout {
            Some(limit) => deadline.within(limit),
            None => Deadline::after(deadline.remaining()),
        };
        let channel = dial.connect_while(is_wanted, &limit);
        let channel = channel.map_err(Error::not_executed)?;
        if let Some(cell) = self.cells.get(number) {
            cell.fill(lane, Calls::new(channel, options).on_trial());
        }
        Ok(())
    }

    /// The server refused the connection of this lane, which is locked; whether there may be others.
    pub(super) fn refused(&self, number: usize, lane: &mut Lane, error: &Error) -> bool {
        let Some(cell) = self.cells.get(number).filter(|_| self.sharing.is_some()) else {
            return false;
        };
        cell.empty(lane);
        let has_others = self.cells.len() > 1;
        if has_others || !self.reconnects() {
            *lane = Lane::Lost(error.clone(), Instant::now());
        }
        has_others
    }

    /// Whether a lost connection is made anew.
    #[inline]
    pub(super) fn reconnects(&self) -> bool {
        self.are_looked_at
    }

    /// Whether a call has a lane, or could have one.
    pub(super) fn has_taken_or_free(&self) -> bool {
        let mut cells = self.cells.iter();
        cells.any(|cell| match cell.lane.try_lock(&self.waiting) {
            Ok(lane) => lane.is_free() || matches!(*lane, Lane::Loaned),
            Err(_) => true,
        })
    }

    /// A lane for calls that nobody waits for, which is theirs from now on; one that has no connection only if it `may_open`
    /// one. `give_back` gives back those in flight that have ended.
    pub(super) fn lend(&self, may_open: bool, give_back: impl FnMut(usize) -> Returned) -> Lent {
        match self.find(&self.waiting, give_back) {
            Found::Free(number, mut lane) => match mem::replace(&mut *lane, Lane::InFlight) {
                Lane::Free(calls) => Lent::Calls(number, calls),
                _ => Lent::Theirs,
            },
            Found::Vacant(number, mut lane, seen) if may_open => match self.begin(number) {
                Ok(lent) => {
                    *lane = Lane::InFlight;
                    lent
                }
                Err(error) if !seen.has_living() => Lent::Lost(error),
                Err(_) => Lent::without(seen),
            },
            Found::Vacant(_, _, seen) | Found::None(seen) => Lent::without(seen),
        }
    }

    /// Begins to make the connection of this lane, without waiting.
    fn begin(&self, number: usize) -> Result<Lent> {
        let begun = self.dial()?.begin()?;
        self.begun(number, begun)
    }

    /// Goes on making the connection of this lane, which calls that nobody waits for have.
    pub(super) fn go_on(&self, number: usize, opening: Opening) -> Result<Lent> {
        let begun = self.dial()?.go_on(opening)?;
        self.begun(number, begun)
    }

    fn begun(&self, number: usize, begun: Begun) -> Result<Lent> {
        let channel = match begun {
            Begun::Connected(channel) => channel,
            Begun::Opening(opening) => return Ok(Lent::Opening(number, opening)),
        };
        if let Some(cell) = self.cells.get(number) {
            cell.hangup.watch(&channel.lifeline());
        }
        let options = self.dial()?.options();
        Ok(Lent::Calls(number, Calls::new(channel, options).on_trial()))
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
        for cell in &self.cells {
            cell.hangup.hang_up();
        }
    }
}
