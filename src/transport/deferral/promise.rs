//! The right to answer a request, which any thread may have.

use super::standing::Phase;
use super::{Deferral, Kept, outstanding};
use crate::error::{Error, Result, Status};
use crate::sys::mutex::lock;
use crate::sys::room::Room;
use std::sync::Arc;

/// The promise to answer one request, to be kept or broken once.
#[derive(Debug)]
pub struct Promise {
    deferral: Arc<Deferral>,
    number: u32,
}

impl Promise {
    /// To answer the request with this number.
    pub(crate) fn new(deferral: Arc<Deferral>, number: u32) -> Self {
        Self { deferral, number }
    }

    /// What it is about, and the number of the request.
    pub(crate) fn into_parts(self) -> (Arc<Deferral>, u32) {
        (self.deferral, self.number)
    }

    /// Answers the request, whenever its connection is served next. Never waits.
    pub(crate) fn keep(self, answer: &[u8]) -> Result<()> {
        let Self { deferral, number } = self;
        match deferral.write(number, answer) {
            Ok(()) => Ok(()),
            Err(deferral) => Self::new(deferral, number).keep_later(answer),
        }
    }

    fn keep_later(self, answer: &[u8]) -> Result<()> {
        let longest = self.deferral.longest;
        if answer.len() > longest as usize {
            let length = answer.len();
            let context = format!("an answer of {length} bytes, and max_message is {longest}");
            return Err(self.break_for(Error::new(Status::TooLarge, context)));
        }
        match Room::copy_of(answer) {
            Ok(answer) => self.end(Kept::Answer(answer)),
            Err(lack) => {
                let context = format!("an answer of {} bytes: {lack}", answer.len());
                Err(self.break_for(Error::new(Status::System, context)))
            }
        }
    }

    /// Tells the client that the request will not be answered, and the server's side why.
    pub(crate) fn break_off(self, why: &[u8]) -> Result<()> {
        // Without memory for the reason, there is none.
        self.end(Kept::Failure(Room::copy_of(why).unwrap_or_default()))
    }

    /// Whether somebody waits for the answer, as far as is known.
    pub(crate) fn check(&self) -> Result<()> {
        self.deferral.check(self.number)
    }

    /// Breaks it for this failure, unless a graver one comes before.
    fn break_for(self, failure: Error) -> Error {
        let ended = self.break_off(failure.context().as_bytes());
        ended.err().unwrap_or(failure)
    }

    fn end(self, kept: Kept) -> Result<()> {
        let Self { deferral, number } = self;
        if let Err(forked) = deferral.check_owner() {
            deferral.standing.end(number);
            return Err(forked);
        }
        let mut place = lock(&deferral.kept); // Whoever takes it waits until it is there.
        let before = deferral.standing.keep(number);
        if matches!(before, Phase::Inside | Phase::Parked) {
            *place = Some(kept);
        }
        drop(place);
        if before == Phase::Parked {
            deferral.waker.wake(deferral.connection);
        }
        outstanding(before)
    }
}
