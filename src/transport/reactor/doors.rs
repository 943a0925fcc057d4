//! Letting newcomers in, and ending when nobody comes any more.

#[cfg(test)]
mod tests;

use super::crew::lock;
use super::shard::Held;
use super::token::Token;
use super::worker::Worker;
use super::{Admission, DoorWatch, Peer};
use crate::sys::ready::Want;
use crate::transport::Visit;
use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a door stays shut after this process could not let anybody in.
const DOOR_PAUSE: Duration = Duration::from_millis(20);

/// Newcomers that are dealt with in one look; whoever else is at the door is reported again.
const NEWCOMERS_A_LOOK: usize = 8;

impl<'a> Worker<'a> {
    /// Watches the doors for this thread's shard.
    pub(super) fn watch_doors(&self) -> io::Result<()> {
        self.watch_doors_of(self.index)
    }

    fn watch_doors_of(&self, index: usize) -> io::Result<()> {
        let poller = &self.crew.desk(index).poller;
        for (number, door) in self.crew.listener.doors().into_iter().enumerate() {
            let interest = match door.watch {
                DoorWatch::ByAll => Want::READ | Want::SHARED,
                DoorWatch::ByFirst => Want::READ | Want::EDGE,
            };
            if index == 0 || door.watch == DoorWatch::ByAll {
                poller.add(door.source, interest, Token::Door(number).into())?;
            }
        }
        Ok(())
    }

    /// Lets in those who are at any door.
    pub(super) fn open_doors(&mut self, shard: &mut Held<'a>) -> io::Result<()> {
        let doors: Vec<_> = self
            .crew
            .listener
            .doors()
            .iter()
            .map(|door| door.watch)
            .collect();
        for (number, watch) in doors.into_iter().enumerate() {
            if shard.index == 0 || watch == DoorWatch::ByAll {
                self.open_door(shard, number)?;
            }
        }
        Ok(())
    }

    /// Lets in those who are at the door, as many as the peers can wait for.
    pub(super) fn open_door(&mut self, shard: &mut Held<'a>, door: usize) -> io::Result<()> {
        for _ in 0..NEWCOMERS_A_LOOK {
            if !self.let_in_next(shard, door)? {
                return Ok(());
            }
        }
        if self.stays_here(door) {
            // An edge-triggered door does not say again that somebody is there.
            while self.let_in_next(shard, door)? {}
        }
        Ok(())
    }

    /// Deals with the next newcomer at the door; `false`: there is none, or none can be let in.
    fn let_in_next(&mut self, shard: &mut Held<'a>, door: usize) -> io::Result<bool> {
        let Ok(admission) = self.crew.admit(door) else {
            self.shut_doors(shard);
            return Ok(false);
        };
        match admission {
            Admission::Nobody => return Ok(false),
            Admission::TurnedAway => self.crew.task.answer.note(Visit::TurnedAway),
            Admission::Left => {
                self.crew.have_come.store(true, Ordering::Relaxed);
                shard.may_be_idle = true;
            }
            Admission::Peer(peer) => self.welcome(shard, door, peer),
        }
        Ok(true)
    }

    /// Whether whoever comes to this door stays with the thread that lets them in.
    fn stays_here(&self, door: usize) -> bool {
        let doors = self.crew.listener.doors();
        doors
            .get(door)
            .is_some_and(|door| door.watch == DoorWatch::ByFirst)
    }

    fn welcome(&mut self, shard: &mut Held<'a>, door: usize, peer: Box<dyn Peer>) {
        self.crew.task.answer.note(Visit::Came);
        self.crew.have_come.store(true, Ordering::Relaxed);
        let own = self.crew.desk(shard.index);
        let desk = if self.stays_here(door) {
            own
        } else {
            self.crew.least_busy(shard.index)
        };
        let mut newcomers = lock(&desk.newcomers);
        if std::ptr::eq(desk, own) || newcomers.try_reserve(1).is_err() {
            drop(newcomers);
            own.clients.fetch_add(1, Ordering::SeqCst);
            return self.take_in(shard, peer);
        }
        desk.clients.fetch_add(1, Ordering::SeqCst);
        newcomers.push(peer);
        drop(newcomers);
        desk.bell.ring();
        if let Some(relief) = &self.crew.relief {
            relief.wake(); // That desk's thread may be inside a long handler.
        }
    }

    /// Nobody can be let in for now: without this, whoever waits would keep the thread spinning.
    fn shut_doors(&self, shard: &mut Held<'a>) {
        for door in self.crew.listener.doors() {
            // A door that this thread does not watch is not in its poller.
            let _ = self.poller(shard).remove(door.source);
        }
        shard.shut_until = Some(Instant::now() + DOOR_PAUSE);
    }

    /// Opens doors again that were shut long enough.
    pub(super) fn open_shut_doors(&mut self, shard: &mut Held<'a>, now: Instant) -> io::Result<()> {
        if shard.shut_until.is_none_or(|at| at > now) {
            return Ok(());
        }
        shard.shut_until = None;
        self.watch_doors_of(shard.index)?;
        // Somebody whose announcement was read may wait without a sign at the door.
        self.open_doors(shard)
    }

    /// Ends serving when the last client has gone and nobody is at the door.
    pub(super) fn end_if_idle(&mut self, shard: &mut Held<'a>) -> io::Result<()> {
        for door in 0..self.crew.listener.doors().len() {
            while self.crew.is_idle() && self.let_in_next(shard, door)? {}
        }
        if self.crew.is_idle() {
            self.crew.over.ring();
        }
        Ok(())
    }
}
