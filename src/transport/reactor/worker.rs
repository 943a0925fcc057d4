//! One thread of a server: waits, lets newcomers in, gives its peers their turns.

#[cfg(test)]
pub(super) mod stage;
#[cfg(test)]
mod tests;

use super::attention::LAPS_LAST;
use super::clock::Times;
use super::crew::{Crew, Desk, lock};
use super::queue::Standing;
use super::shard::{Entry, Held, Shard};
use super::slab::Key;
use super::token::Token;
use super::{Happened, Peer, TurnEnd, Work};
use crate::error::Error;
use crate::sys::ready::Want;
use crate::sys::wait::Spin;
use crate::sys::{AsSource, Event, Poller, thread};
use crate::transport::Visit;
use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Events taken from the kernel at once.
const EVENTS: usize = 128;

/// After so many turns, or so much time, it is time to see what else happened.
const TURNS_A_LOOK: u32 = 8;
const TIME_A_LOOK: Duration = Duration::from_micros(40);
/// A turn that takes longer has a slow handler, unless the thread was off its CPU.
const SLOW: Duration = Duration::from_millis(5);

/// One thread of a server.
pub(super) struct Worker<'a> {
    pub(super) crew: &'a Crew<'a>,
    pub(super) work: Work<'a>,
    pub(super) index: usize,
    pub(super) spin: Spin,
    /// Peers ask in memory.
    pub(super) polls_memory: bool,
    /// Other threads' shards that this one looks after.
    pub(super) wards: Vec<usize>,
    /// One of them has peers that wait for their turn.
    pub(super) is_ward_busy: bool,
    /// How often this thread was taken off its CPU until that was looked at last.
    preemptions: thread::Times,
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
        let worker = Self {
            crew,
            work: Work::new(crew.task.answer, crew.task.stop, crew.limits.max_message)?,
            index,
            spin: Spin::new(crew.limits.spin),
            polls_memory: crew.listener.sleepers().is_some(),
            wards: Vec::new(),
            is_ward_busy: false,
            preemptions: 0,
        };
        let desk = worker.desk();
        let stop = Token::Stop.into();
        desk.poller
            .add(crew.task.stop.as_source(), Want::READ, stop)?;
        desk.poller.add(crew.over.as_source(), Want::READ, stop)?;
        desk.poller.add(
            desk.bell.as_source(),
            Want::READ | Want::EDGE,
            Token::Desk.into(),
        )?;
        worker.watch_doors()?;
        Ok(worker)
    }

    /// Serves until told to stop.
    pub(super) fn run(mut self) {
        let mut shard = Held::take(&self.desk().shard);
        if let Err(error) = self.serve(&mut shard) {
            self.crew.fail(Error::os("waiting for clients", &error));
        }
        for place in 0..shard.peers.places() {
            let key = shard.peers.key_at(place);
            if let Some(entry) = key.and_then(|key| shard.peers.remove(key)) {
                // One that has its turn on another thread is told by that one.
                if let Some(mut peer) = entry.peer {
                    peer.farewell();
                }
                self.crew.task.answer.note(Visit::Left);
            }
        }
    }

    fn serve(&mut self, shard: &mut Held<'a>) -> io::Result<()> {
        let mut events = [Event::EMPTY; EVENTS];
        // Announcements may lie at an edge-triggered door since before this thread watched it.
        self.open_doors(shard)?;
        shard.may_be_idle = false;
        self.end_if_idle(shard)?;
        loop {
            let must_look = shard.queue.is_busy() || self.is_ward_busy || self.spin(shard);
            if shard.queue.is_busy() {
                self.queue_asking(shard);
            }
            let count = self.wait(shard, &mut events, must_look)?;
            if self.go_on(shard, events.get(..count).unwrap_or_default())? == Next::End {
                return Ok(());
            }
            if !self.wards.is_empty() {
                shard.let_go(|| self.look_after_wards())?;
            }
        }
    }

    /// Deals with what happened, and gives turns.
    #[inline]
    pub(super) fn go_on(&mut self, shard: &mut Held<'a>, happened: &[Event]) -> io::Result<Next> {
        let polls_memory = self.polls_memory;
        let place: &mut Shard = shard;
        place.attention.choose_recent(happened, polls_memory);
        let is_lone = happened.len() == 1 && !place.queue.is_busy();
        for event in happened {
            if self.handle(shard, event, is_lone)? == Next::End {
                return Ok(Next::End);
            }
        }
        // One that has just had its turn waits until all have been looked at.
        if !is_lone {
            self.give_turns(shard);
        }
        if shard.clock.next().is_some() || shard.shut_until.is_some() {
            self.keep_time(shard)?;
        }
        if std::mem::take(&mut shard.may_be_idle) {
            self.end_if_idle(shard)?;
        }
        Ok(Next::Continue)
    }

    fn handle(&mut self, shard: &mut Held<'a>, event: &Event, is_lone: bool) -> io::Result<Next> {
        match Token::from(event.token()) {
            Token::Stop => return Ok(Next::End),
            Token::Desk => {
                let desk = self.crew.desk(shard.index);
                let newcomers = std::mem::take(&mut *lock(&desk.newcomers));
                for peer in newcomers {
                    self.take_in(shard, peer);
                }
                self.take_wards(shard);
            }
            Token::Door(door) => self.open_door(shard, door)?,
            Token::Peer(key, watch) => {
                if is_lone && self.crew.relief.is_none() {
                    self.turn_now(shard, key, Happened::one(watch, event.ready()));
                    return Ok(Next::Continue);
                }
                if let Some(entry) = shard.peers.get_mut(key) {
                    entry.happened.note(watch, event.ready());
                }
                if is_lone {
                    self.turn(shard, key);
                } else {
                    shard.enqueue(key);
                }
            }
            Token::Ward(_) => {} // All are looked after in each round.
        }
        Ok(Next::Continue)
    }

    /// Gives queued peers their turns until it is time to see what else happened.
    fn give_turns(&mut self, shard: &mut Held<'a>) {
        if !shard.queue.is_busy() {
            return;
        }
        let first = Instant::now();
        let (mut began, mut looked) = (first, first);
        let mut turns = 0;
        while !self.crew.task.stop.has_rung()
            && let Some(key) = shard.next_in_line()
        {
            let end = self.turn(shard, key);
            let now = Instant::now();
            let took = now - began;
            began = now;
            // What is unfinished was charged before it came into the queue again.
            let is_unfinished = end == Some(TurnEnd::Unfinished);
            if !is_unfinished {
                let is_slow = took >= SLOW && !self.was_preempted();
                shard.charge(key, self.work.done, is_slow);
            }
            turns += 1;
            if turns < TURNS_A_LOOK && now - looked < TIME_A_LOOK {
                continue;
            }
            if !self.polls_memory || now - first >= LAPS_LAST {
                return;
            }
            // Most of what happens shows in memory, which costs no system call to look at.
            self.queue_asking(shard);
            (turns, looked) = (0, now);
        }
    }

    /// Whether this thread was taken off its CPU since that was asked last: then the clock says nothing
    /// of the turn.
    fn was_preempted(&mut self) -> bool {
        let before = std::mem::replace(&mut self.preemptions, thread::preemptions());
        self.preemptions != before
    }

    /// Gives a peer its turn, and draws the consequences.
    #[inline]
    pub(super) fn turn(&mut self, shard: &mut Held<'a>, key: Key) -> Option<TurnEnd> {
        if self.crew.relief.is_some() {
            return self.turn_apart(shard, key);
        }
        let happened = std::mem::take(&mut shard.peers.get_mut(key)?.happened);
        self.turn_now(shard, key, happened)
    }

    /// Gives a peer of this thread's alone its turn; this happened to it since the last.
    #[inline]
    fn turn_now(&mut self, shard: &mut Held<'a>, key: Key, happened: Happened) -> Option<TurnEnd> {
        let entry = shard.peers.get_mut(key)?;
        self.work.done = 0;
        let end = entry.peer.as_mut()?.turn(happened, &mut self.work);
        if !matches!(end, TurnEnd::Idle { .. }) || !entry.is_at_rest {
            self.settle(shard, key, end);
        }
        Some(end)
    }

    /// This thread's desk.
    pub(super) fn desk(&self) -> &'a Desk {
        self.crew.desk(self.index)
    }

    /// What the peers of a shard are watched by.
    pub(super) fn poller(&self, shard: &Held<'_>) -> &'a Poller {
        &self.crew.desk(shard.index).poller
    }

    fn watch(&self, shard: &mut Held<'_>, key: Key) -> io::Result<()> {
        let poller = self.poller(shard);
        let peer = shard
            .peers
            .get_mut(key)
            .and_then(|entry| entry.peer.as_ref());
        let watches = peer.map(|peer| peer.watches(false)).unwrap_or_default();
        for (place, watch) in watches.into_iter().enumerate() {
            if let Some((fd, interest)) = watch {
                poller.add(fd, interest, Token::Peer(key, place).into())?;
            }
        }
        Ok(())
    }

    /// Watches a peer for what it waits for now that it is blocked, or is not any more.
    fn watch_again(&self, shard: &mut Held<'_>, key: Key, is_blocked: bool) -> io::Result<()> {
        let poller = self.poller(shard);
        let Some(peer) = shard
            .peers
            .get_mut(key)
            .and_then(|entry| entry.peer.as_ref())
        else {
            return Ok(());
        };
        let before = peer.watches(!is_blocked);
        let now = peer.watches(is_blocked);
        for (place, change) in before.into_iter().zip(now).enumerate() {
            let token = Token::Peer(key, place).into();
            match change {
                (None, None) => {}
                (Some((fd, _)), None) => poller.remove(fd)?,
                (None, Some((fd, interest))) => poller.add(fd, interest, token)?,
                (Some(_), Some((fd, interest))) => poller.change(fd, interest, token)?,
            }
        }
        Ok(())
    }

    /// Watches a peer that counts as one of the shard's already.
    pub(super) fn take_in(&mut self, shard: &mut Held<'a>, peer: Box<dyn Peer>) {
        let times = Times::new(self.crew.limits, Instant::now());
        let due = times.due(self.crew.limits);
        if let Some(due) = due {
            shard.clock.sweep_by(due);
        }
        let inserted = shard.peers.insert(Entry {
            peer: Some(peer),
            standing: Standing::default(),
            happened: Happened::default(),
            is_blocked: false,
            is_at_rest: due.is_none(),
            times,
        });
        let Ok(key) = inserted else {
            return self.has_left(shard); // There is no memory for one more.
        };
        let peers = shard.peers.places() as usize;
        if shard.queue.reserve(peers).is_ok() && self.watch(shard, key).is_ok() {
            shard.enqueue(key); // It may have asked before it was watched.
        } else {
            self.dismiss(shard, key);
        }
    }

    /// Draws the consequences of a turn that ended so. None follow from one that was [`TurnEnd::Idle`], if
    /// the peer was at rest.
    pub(super) fn settle(&mut self, shard: &mut Held<'a>, key: Key, end: TurnEnd) {
        if end == TurnEnd::Gone {
            return self.dismiss(shard, key);
        }
        if end == TurnEnd::Unfinished {
            shard.charge(key, self.work.done, true);
            shard.enqueue(key);
        }
        let Some(entry) = shard.peers.get_mut(key) else {
            return;
        };
        entry.times.note(end, self.crew.limits);
        let due = entry.times.due(self.crew.limits);
        let is_blocked = matches!(end, TurnEnd::Blocked { .. });
        let has_changed = std::mem::replace(&mut entry.is_blocked, is_blocked) != is_blocked;
        entry.is_at_rest = due.is_none();
        if let Some(due) = due {
            shard.clock.sweep_by(due);
        }
        if has_changed && self.watch_again(shard, key, is_blocked).is_err() {
            self.dismiss(shard, key);
        }
    }

    /// Forgets a peer; its descriptors leave the poller as they close.
    pub(super) fn dismiss(&mut self, shard: &mut Held<'a>, key: Key) {
        let Some(entry) = shard.peers.remove(key) else {
            return;
        };
        if let Some(peer) = &entry.peer {
            for (fd, _) in peer.watches(entry.is_blocked).into_iter().flatten() {
                // A copy in a process forked by hand would keep it in the poller.
                let _ = self.poller(shard).remove(fd);
            }
        }
        if entry.standing.is_queued() {
            shard.queue.forget(key);
        }
        drop(entry);
        shard.attention.recent.forget(key);
        self.has_left(shard);
    }

    /// A peer that counted as one of the shard's is none any more.
    fn has_left(&self, shard: &mut Held<'_>) {
        self.crew.task.answer.note(Visit::Left);
        let desk = self.crew.desk(shard.index);
        desk.clients.fetch_sub(1, Ordering::Relaxed);
        self.crew.clients.fetch_sub(1, Ordering::Relaxed);
        shard.may_be_idle = true;
    }
}
