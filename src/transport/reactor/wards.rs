//! Other threads' shards that a thread looks after while those are inside a long handler.

#[cfg(test)]
mod tests;

use super::crew::Crew;
use super::desk::NOBODY;
use super::held::Held;
use super::relief;
use super::token::Token;
use crate::sys::AsSource;
use crate::sys::mutex::lock;
use crate::sys::ready::Want;
use std::io;
use std::sync::atomic::Ordering;

/// The shards that one thread looks after beside its own.
pub(super) struct Wards<'a> {
    crew: &'a Crew<'a>,
    /// The thread's number.
    index: usize,
    shards: Vec<usize>,
    is_busy: bool,
}

impl<'a> Wards<'a> {
    /// None yet.
    pub(super) fn new(crew: &'a Crew<'a>, index: usize) -> Self {
        Self {
            crew,
            index,
            shards: Vec::new(),
            is_busy: false,
        }
    }

    /// How many there are.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.shards.len()
    }

    /// Whether one of them had peers that wait for their turn when it was put down.
    #[inline]
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Begins to look after the shards that the thread was given.
    pub(super) fn take(&mut self) {
        let desk = self.crew.desk(self.index);
        // It is inside no turn, whatever the watch saw last. Two threads that looked after each other
        // would be two pollers inside of each other, which the kernel refuses (ELOOP).
        relief::dismiss_attendant(self.crew, desk);
        for index in std::mem::take(&mut *lock(&desk.wards)) {
            let ward = self.crew.desk(index);
            let token = Token::Ward(index).into();
            let result = desk.poller.add(ward.poller.as_source(), Want::READ, token);
            if result.is_err_and(|error| error.kind() != io::ErrorKind::AlreadyExists) {
                // The watch will find somebody else.
                let _ = ward.attendant.compare_exchange(
                    self.index,
                    NOBODY,
                    Ordering::SeqCst,
                    Ordering::SeqCst,
                );
            } else if !self.shards.contains(&index) {
                self.shards.push(index);
            }
        }
    }

    /// A round begins: how many there are, to be taken up from the last to the first.
    pub(super) fn begin_round(&mut self) -> usize {
        self.is_busy = false;
        self.shards.len()
    }

    /// Takes up the shard in this place of the list, if nobody has it in hand and it is still to be looked after.
    pub(super) fn take_up(&mut self, place: usize) -> Option<Held<'a>> {
        let index = *self.shards.get(place)?;
        let desk = self.crew.desk(index);
        if desk.is_attended_by(self.index) {
            return Held::try_take(self.crew, index);
        }
        // Its own thread is back, or about to be. Whoever ended it may have done so before this thread
        // began to watch.
        self.shards.swap_remove(place);
        relief::unwatch(self.crew, desk, self.index);
        None
    }

    /// Its turns in this round are over.
    pub(super) fn put_down(&mut self, ward: &Held<'a>) {
        let is_busy = ward.queue.is_busy();
        self.is_busy |= is_busy;
        if (is_busy || ward.is_timed()) && !ward.desk.is_attended_by(self.index) {
            ward.desk.bell.ring(); // Its own thread is back, but may not know of these, or of a time to come.
        }
    }

    /// Whether somebody asks in the memory of one.
    pub(super) fn ask(&self) -> bool {
        let mut shards = self.shards.iter();
        shards.any(|&index| Held::try_take(self.crew, index).is_some_and(|ward| ward.is_asked()))
    }
}
