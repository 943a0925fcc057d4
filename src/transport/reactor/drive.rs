//! A server that its host drives, turn by turn, on whichever thread asks for one.
//!
//! Between two turns nobody holds anything of the server's. So what lasts ([`Driven`]) is lent to a crew of one for the time of a
//! turn, and not moved. The host watches the poller, in which there are a bell and a timer, too: edge-triggered sources do not tell
//! again of what a turn left, and times pass without a sign.

#[cfg(test)]
mod tests;

use super::crew::{Base, Crew};
use super::held::Held;
use super::pace::{TIME_A_LOOK, TURNS_A_LOOK};
use super::token::Token;
use super::turns::Turns;
use super::work::Tools;
use super::worker::{Next, Worker};
use super::{Limits, Listener, waiting};
use crate::error::{Error, Result, Status};
use crate::sys::ready::Want;
use crate::sys::{AsSource, Bell, Event, Poller, Timer, thread};
use crate::transport::Task;
use std::io;
use std::time::{Duration, Instant};

/// Events taken from the kernel in one turn: the others are still told.
const EVENTS_A_TURN: usize = 32;

/// What can be driven: newcomers and their limits.
pub struct EventLoop<'a> {
    listener: &'a dyn Listener,
    limits: &'a Limits,
}

/// What a driven server has between its turns.
pub struct Driven {
    base: Base,
    /// Nothing during a turn.
    tools: Option<Tools>,
    preemptions: thread::Times,
    reminder: Reminder,
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Something was done.
    Done,
    /// There was nothing to do.
    Nothing,
    /// It is to stop.
    Stop,
}

impl<'a> EventLoop<'a> {
    pub(crate) fn new(listener: &'a dyn Listener, limits: &'a Limits) -> Self {
        Self { listener, limits }
    }

    /// Fails where it cannot be driven by one thread of the host's.
    pub(crate) fn check(&self) -> Result<()> {
        match self.limits.workers {
            Some(workers @ 2..) => {
                let context = format!(
                    "workers {workers}: a server that its host drives has one thread, the host's"
                );
                Err(Error::new(Status::InvalidArgument, context))
            }
            _ => Ok(()),
        }
    }

    /// Begins; gives, too, what the host watches.
    pub(crate) fn begin(&self, task: &Task<'_>) -> io::Result<(Driven, Poller)> {
        let base = Base::new(self.listener, self.limits, task.answer, 1)?;
        let crew = Crew::at(&base, self.listener, self.limits, task);
        let reminder = Reminder::new(&crew.desk(0).poller)?;
        let turns = Worker::new(&crew, 0)?.into_turns();
        let (tools, preemptions) = turns.into_tools();
        let watched = crew.desk(0).poller.duplicate()?;
        let driven = Driven {
            tools: Some(tools),
            preemptions,
            reminder,
            base,
        };
        Ok((driven, watched))
    }

    /// A turn, which waits this long for something to do (zero: not at all; `None`: without limit). After a panic, it is
    /// of no use any more.
    pub(crate) fn turn(
        &self,
        driven: &mut Driven,
        task: &Task<'_>,
        wait: Option<Duration>,
    ) -> io::Result<Turn> {
        let Driven {
            base,
            tools,
            preemptions,
            reminder,
        } = driven;
        let crew = Crew::at(base, self.listener, self.limits, task);
        let taken = tools.take().expect("no two turns overlap");
        let mut worker = Worker::with(Turns::with(taken, &crew, *preemptions), &crew, 0);
        let mut shard = Held::take(&crew, 0);
        reminder.begin_turn(&shard);
        let turn = worker.turn(&mut shard, reminder, wait);
        worker.turns.note_long_room(&mut shard);
        let ended = reminder.end_turn(&mut shard);
        drop(shard);
        let given_back = worker.into_turns().into_tools();
        (*tools, *preemptions) = (Some(given_back.0), given_back.1);
        turn.and_then(|turn| ended.map(|()| turn))
    }

    /// Ends every connection.
    pub(crate) fn end(&self, driven: Driven, task: &Task<'_>) {
        let crew = Crew::at(&driven.base, self.listener, self.limits, task);
        Held::take(&crew, 0).farewell();
    }
}

impl<'a> Worker<'a> {
    /// Waits for something to do, and does it.
    fn turn(
        &mut self,
        shard: &mut Held<'a>,
        reminder: &mut Reminder,
        wait: Option<Duration>,
    ) -> io::Result<Turn> {
        let clients = shard.crew.doors.clients();
        let only_looks = wait == Some(Duration::ZERO);
        if only_looks && !shard.queue.is_busy() && reminder.may_expect() {
            // The poller is asked what else there is by a later turn, for which it stays ready.
            if waiting::serve_expected(&mut self.turns, shard) {
                return Ok(Turn::Done);
            }
        }
        let mut events = [Event::EMPTY; EVENTS_A_TURN];
        let wait = wait.filter(|_| !only_looks);
        let until = wait.and_then(|wait| Instant::now().checked_add(wait));
        loop {
            let had_work =
                shard.queue.is_busy() || !only_looks && waiting::spin(&mut self.turns, shard);
            if !had_work {
                self.turns.note_long_room(shard);
            }
            let left = match had_work || only_looks {
                true => Some(Duration::ZERO),
                false => until.map(|until| until.saturating_duration_since(Instant::now())),
            };
            let count = waiting::wait_at_most(shard, &mut events, left)?;
            let had_work = had_work || shard.queue.is_busy();
            let happened = events.get(..count).unwrap_or_default();
            reminder.asked();
            let is_told = reminder.note(happened);
            if self.go_on_apart(shard, happened)? == Next::End {
                return Ok(Turn::Stop);
            }
            // Whoever came in a lone event is in the queue.
            self.turns.give_queued(shard);
            if reminder.has_come {
                reminder.set_timer(shard.next_time())?; // Else it would end each wait at once.
            }
            if had_work || is_told || shard.crew.doors.clients() != clients {
                self.serve_until_asleep(shard, reminder);
                return Ok(Turn::Done);
            }
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(Turn::Nothing);
            }
        }
    }

    /// Serves, for a while, those who ask in memory before the server counts as asleep: they do not ring, and a turn for each
    /// would take the host two system calls.
    fn serve_until_asleep(&mut self, shard: &mut Held<'a>, reminder: &mut Reminder) {
        let mut began: Option<Instant> = None;
        while shard.attention.is_in_memory() && !reminder.falls_asleep(shard) {
            match began {
                None => began = Some(Instant::now()),
                Some(began) if began.elapsed() >= TIME_A_LOOK => return,
                Some(_) => {}
            }
            reminder.wakes_up(shard);
            self.turns.give_queued(shard);
        }
    }
}

/// Sees to it that the poller is ready when there is something to do of which no other source tells.
struct Reminder {
    /// Rings while work is left.
    bell: Bell,
    is_ringing: bool,
    /// Its time comes no later than the next at which something is due.
    timer: Timer,
    set_to: Option<Instant>,
    has_come: bool,
    /// The server counts as asleep, so that peers that ask in memory ring.
    is_counted: bool,
    /// Turns since the poller was asked what happened.
    turns: u32,
}

impl Reminder {
    fn new(poller: &Poller) -> io::Result<Self> {
        let (bell, timer) = (Bell::new()?, Timer::new()?);
        poller.add(bell.as_source(), Want::READ, Token::Again.into())?;
        poller.add(timer.as_source(), Want::READ, Token::Time.into())?;
        Ok(Self {
            bell,
            is_ringing: false,
            timer,
            set_to: None,
            has_come: false,
            is_counted: false,
            turns: 0,
        })
    }

    /// A turn begins: the host is awake.
    fn begin_turn(&mut self, shard: &Held<'_>) {
        self.turns += 1;
        self.wakes_up(shard);
    }

    /// The server counts as asleep no more.
    fn wakes_up(&mut self, shard: &Held<'_>) {
        if std::mem::take(&mut self.is_counted)
            && let Some(sleepers) = shard.crew.doors.sleepers()
        {
            sleepers.leave();
        }
    }

    /// Counts the server as asleep; `false`: it is not to sleep, since somebody asked before.
    ///
    /// Whoever asked before it is counted did not ring, and is found; whoever asks later rings.
    fn falls_asleep(&mut self, shard: &mut Held<'_>) -> bool {
        if !self.is_counted
            && !shard.queue.is_busy()
            && let Some(sleepers) = shard.crew.doors.sleepers()
        {
            sleepers.enter();
            self.is_counted = true;
            shard.queue_all_asking();
        }
        !shard.queue.is_busy()
    }

    /// Whether a turn may be given without the poller being asked: now and then it is.
    fn may_expect(&self) -> bool {
        self.turns < TURNS_A_LOOK
    }

    /// The poller was asked.
    fn asked(&mut self) {
        self.turns = 0;
    }

    /// Takes note of a time that has come; whether anything else happened.
    fn note(&mut self, happened: &[Event]) -> bool {
        let mut is_told = false;
        for event in happened {
            match Token::from(event.token()) {
                Token::Time => self.has_come = true,
                Token::Again => {}
                _ => is_told = true,
            }
        }
        is_told
    }

    /// A turn ends: the host may sleep from now on.
    fn end_turn(&mut self, shard: &mut Held<'_>) -> io::Result<()> {
        let has_work = !self.falls_asleep(shard);
        match (has_work, self.is_ringing) {
            (true, false) => self.bell.ring(),
            (false, true) => self.bell.silence(),
            _ => {}
        }
        self.is_ringing = has_work;
        self.set_timer(shard.next_time())
    }

    /// Sets the timer where its time is not to come by then: it costs nothing that it comes before.
    fn set_timer(&mut self, next: Option<Instant>) -> io::Result<()> {
        let is_sooner = next.is_some_and(|next| self.set_to.is_none_or(|set_to| next < set_to));
        if self.has_come || is_sooner {
            let now = Instant::now();
            self.timer
                .set(next.map(|next| next.saturating_duration_since(now)))?;
            (self.set_to, self.has_come) = (next, false);
        }
        Ok(())
    }
}
