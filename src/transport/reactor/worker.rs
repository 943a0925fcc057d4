//! One thread of a server: waits, lets newcomers in, gives its peers their turns.

#[cfg(test)]
mod tests;

use super::crew::Crew;
use super::held::Held;
use super::shard::Shard;
use super::token::Token;
use super::turns::Turns;
use super::wards::Wards;
use super::{newcomers, sweep, waiting};
use crate::error::Error;
use crate::sys::ready::Want;
use crate::sys::{AsSource, Event};
use std::io;
use std::time::{Duration, Instant};

/// Events taken from the kernel at once: the thread's own, and those of a ward.
const EVENTS: usize = 128;
const EVENTS_OF_A_WARD: usize = 32;

/// One thread of a server.
pub(super) struct Worker<'a> {
    crew: &'a Crew<'a>,
    index: usize,
    pub(super) turns: Turns<'a>,
    wards: Wards<'a>,
}

/// Whether a thread goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Continue,
    End,
}

impl<'a> Worker<'a> {
    /// The thread with this number; it watches already, so that what fails, fails here.
    pub(super) fn new(crew: &'a Crew<'a>, index: usize) -> io::Result<Self> {
        let turns = Turns::new(crew, index)?;
        Self::watch(crew, index)?;
        Ok(Self::with(turns, crew, index))
    }

    /// The thread with this number, which gives these turns, and watches already.
    pub(super) fn with(turns: Turns<'a>, crew: &'a Crew<'a>, index: usize) -> Self {
        Self {
            crew,
            index,
            turns,
            wards: Wards::new(crew, index),
        }
    }

    /// Has the thread with this number watch what is not a peer.
    fn watch(crew: &Crew<'_>, index: usize) -> io::Result<()> {
        let desk = crew.desk(index);
        let (poller, stop) = (&desk.poller, Token::Stop.into());
        poller.add(crew.task.stop.as_source(), Want::READ, stop)?;
        poller.add(crew.over.as_source(), Want::READ, stop)?;
        let rung = Want::READ | Want::EDGE;
        poller.add(desk.bell.as_source(), rung, Token::Desk.into())?;
        crew.doors.watch(poller, index)
    }

    /// The turns that it gave.
    pub(super) fn into_turns(self) -> Turns<'a> {
        self.turns
    }

    /// Serves until told to stop.
    pub(super) fn run(mut self) {
        let mut shard = Held::take(self.crew, self.index);
        if let Err(error) = self.serve(&mut shard) {
            self.crew.fail(Error::os("waiting for clients", &error));
        }
        shard.farewell();
    }

    fn serve(&mut self, shard: &mut Held<'a>) -> io::Result<()> {
        let mut events = [Event::EMPTY; EVENTS];
        // Announcements may lie at an edge-triggered door since before this thread watched it.
        newcomers::open_doors(shard);
        shard.may_be_idle = false;
        newcomers::end_if_idle(shard);
        loop {
            let must_look = shard.queue.is_busy()
                || self.wards.is_busy()
                || waiting::spin(&mut self.turns, shard);
            if shard.queue.is_busy() {
                shard.queue_asking();
            }
            if !must_look {
                self.turns.note_long_room(shard);
            }
            let count = waiting::wait(shard, &self.wards, &mut events, must_look)?;
            if self.go_on(shard, events.get(..count).unwrap_or_default())? == Next::End {
                return Ok(());
            }
            if self.wards.count() > 0 {
                shard.let_go(|| self.look_after_wards())?;
            }
        }
    }

    /// Deals with what happened to a shard, and gives turns.
    ///
    /// It is inlined into the loop, and what it does into it, though others call them, too: 60 instructions of each wake-up.
    #[inline(always)]
    fn go_on(&mut self, shard: &mut Held<'a>, happened: &[Event]) -> io::Result<Next> {
        let place: &mut Shard = shard;
        place.choose_recent(happened);
        self.turns.note_crowd(&place.crowd);
        let is_lone = happened.len() == 1 && !place.queue.is_busy();
        for event in happened {
            if self.handle(shard, event, is_lone) == Next::End {
                return Ok(Next::End);
            }
        }
        // One that has just had its turn waits until all have been looked at.
        if !is_lone {
            self.turns.give_queued(shard);
        }
        if shard.is_timed() {
            let now = Instant::now();
            sweep::sweep_if_due(&mut self.turns, shard, now);
            newcomers::open_shut_doors(shard, now)?;
        }
        if std::mem::take(&mut shard.may_be_idle) {
            newcomers::end_if_idle(shard);
        }
        Ok(Next::Continue)
    }

    /// The same for those who do so less often.
    pub(super) fn go_on_apart(
        &mut self,
        shard: &mut Held<'a>,
        happened: &[Event],
    ) -> io::Result<Next> {
        self.go_on(shard, happened)
    }

    /// Deals with an event; a lone one is dealt with wholly, others put peers in line.
    #[inline(always)]
    fn handle(&mut self, shard: &mut Held<'a>, event: &Event, is_lone: bool) -> Next {
        match Token::from(event.token()) {
            Token::Stop => return Next::End,
            Token::Desk => {
                shard.take_in_newcomers();
                shard.recall_parked();
                // What another thread was given is given to somebody else in time.
                if shard.index == self.index {
                    self.wards.take();
                }
                if is_lone {
                    self.turns.give_queued(shard);
                }
            }
            Token::Door(door) => newcomers::open_door(shard, door),
            Token::Peer(key, place) if is_lone => {
                self.turns.give_lone(shard, key, place, event.ready());
            }
            Token::Peer(key, place) => {
                shard.note(key, place, event.ready());
                shard.enqueue(key);
            }
            Token::Again | Token::Time => {} // It is looked at what there is to do.
            Token::Ward(_) => {}             // All are looked after in each round.
        }
        Next::Continue
    }

    /// A round for each shard that this thread looks after. Its own one is not held meanwhile.
    fn look_after_wards(&mut self) -> io::Result<()> {
        for place in (0..self.wards.begin_round()).rev() {
            if let Some(mut ward) = self.wards.take_up(place) {
                self.round(&mut ward)?;
                self.wards.put_down(&ward);
            }
        }
        Ok(())
    }

    fn round(&mut self, ward: &mut Held<'a>) -> io::Result<()> {
        ward.queue_asking();
        let mut events = [Event::EMPTY; EVENTS_OF_A_WARD];
        let count = ward.desk.poller.wait(&mut events, Some(Duration::ZERO))?;
        self.go_on_apart(ward, events.get(..count).unwrap_or_default())?;
        Ok(())
    }
}
