//! Letting newcomers in, and ending when nobody comes any more.

use super::crew::lock;
use super::token::Token;
use super::worker::Worker;
use super::{Admission, DoorWatch, Peer};
use crate::sys::unix::epoll::Interest;
use crate::transport::Visit;
use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a door stays shut after this process could not let anybody in.
const DOOR_PAUSE: Duration = Duration::from_millis(20);

impl Worker<'_> {
    pub(super) fn watch_doors(&self) -> io::Result<()> {
        for (number, door) in self.crew.listener.doors().into_iter().enumerate() {
            let interest = match door.watch {
                DoorWatch::ByAll => Interest::EPOLLIN | Interest::EPOLLEXCLUSIVE,
                DoorWatch::ByFirst => Interest::EPOLLIN | Interest::EPOLLET,
            };
            if self.index == 0 || door.watch == DoorWatch::ByAll {
                self.poller
                    .add(door.fd, interest, Token::Door(number).into())?;
            }
        }
        Ok(())
    }

    /// Lets in whoever is at any door.
    pub(super) fn open_doors(&mut self) -> io::Result<()> {
        let doors: Vec<_> = self
            .crew
            .listener
            .doors()
            .iter()
            .map(|door| door.watch)
            .collect();
        for (number, watch) in doors.into_iter().enumerate() {
            if self.index == 0 || watch == DoorWatch::ByAll {
                self.open_door(number)?;
            }
        }
        Ok(())
    }

    /// Lets in whoever is at the door.
    pub(super) fn open_door(&mut self, door: usize) -> io::Result<()> {
        loop {
            let Ok(admission) = self.crew.admit(door) else {
                return self.shut_doors();
            };
            match admission {
                Admission::Nobody => return Ok(()),
                Admission::TurnedAway => self.crew.task.answer.note(Visit::TurnedAway),
                Admission::Left => {
                    self.crew.have_come.store(true, Ordering::Relaxed);
                    self.may_be_idle = true;
                }
                Admission::Peer(peer) => self.welcome(door, peer)?,
            }
        }
    }

    fn welcome(&mut self, door: usize, peer: Box<dyn Peer>) -> io::Result<()> {
        self.crew.task.answer.note(Visit::Came);
        self.crew.have_come.store(true, Ordering::Relaxed);
        let stays = self
            .crew
            .listener
            .doors()
            .get(door)
            .is_some_and(|door| door.watch == DoorWatch::ByFirst);
        let desk = if stays {
            self.desk()
        } else {
            self.crew.least_busy(self.index)
        };
        desk.clients.fetch_add(1, Ordering::Relaxed);
        if std::ptr::eq(desk, self.desk()) {
            return self.take_in(peer);
        }
        lock(&desk.newcomers).push(peer);
        desk.bell.ring();
        Ok(())
    }

    /// Nobody can be let in for now: without this, whoever waits would keep the thread spinning.
    fn shut_doors(&mut self) -> io::Result<()> {
        for door in self.crew.listener.doors() {
            // A door that this thread does not watch is not in its poller.
            let _ = self.poller.remove(door.fd);
        }
        self.shut_until = Some(Instant::now() + DOOR_PAUSE);
        Ok(())
    }

    /// Ends serving when the last client has gone and nobody is at the door.
    pub(super) fn end_if_idle(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.may_be_idle) || !self.crew.is_idle() {
            return Ok(());
        }
        self.open_doors()?;
        if self.crew.is_idle() {
            self.crew.over.ring();
        }
        Ok(())
    }
}
