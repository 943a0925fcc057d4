//! Answers that come later: what a connection and whoever has the reply to its request know of each other.
//!
//! A connection has one request at most whose answer is to come; meanwhile it is parked. Its side is a [`Parking`];
//! the other is a [`Promise`], which any thread may have, and which may outlive connection and server.

mod parking;
mod promise;
mod standing;
#[cfg(test)]
pub(super) mod tests;

pub(crate) use parking::{Body, Manner, Parking, Prompt, Service};
pub use promise::Promise;

use crate::error::{Error, Result, Status};
use crate::sys::room::Room;
use crate::sys::{fork, lent};
use crate::transport::Visitor;
use standing::{Phase, Standing};
use std::fmt;
use std::sync::{Arc, Mutex};

/// What has requests answered now or later.
pub trait Defers: Sync {
    /// Hands over the request with this body, which is `from` this client, and the promise to answer it.
    fn ask(&self, from: &Visitor, body: &[u8], promise: Promise);

    /// Is told that a promise to this client was broken, and why.
    fn has_failed(&self, from: &Visitor, why: &[u8]);
}

/// Who is told that an answer has come for a connection that is parked.
pub(crate) trait Wake: Send + Sync {
    /// It has come for the connection with this number. Never waits.
    fn wake(&self, connection: usize);

    /// Whether serving has ended.
    fn has_ended(&self) -> bool;
}

/// What a connection and its replies share. Its place in memory leaves bits of its address for a part of a request's
/// number.
#[repr(align(256))]
pub struct Deferral {
    standing: Standing,
    kept: Mutex<Option<Kept>>,
    waker: Arc<dyn Wake>,
    connection: usize,
    /// The generation (fork.rs) of the process that serves.
    owner: u32,
    /// The longest answer, in bytes.
    longest: u32,
}

/// What came of a promise.
enum Kept {
    Answer(Room),
    /// None will come, for this reason.
    Failure(Room),
}

impl Deferral {
    /// Of the connection with this number.
    fn new(waker: Arc<dyn Wake>, connection: usize, longest: u32) -> Self {
        Self {
            standing: Standing::default(),
            kept: Mutex::default(),
            waker,
            connection,
            owner: fork::generation(),
            longest,
        }
    }

    /// The part of a request's number by which C tells it from others of its connection.
    pub(crate) fn tag(number: u32) -> u8 {
        let [lowest, ..] = number.to_le_bytes();
        lowest
    }

    /// The number of the last request, if it has this tag; else one that is over.
    pub(crate) fn number(&self, tag: u8) -> u32 {
        let number = self.standing.number();
        match Self::tag(number) == tag {
            true => number,
            false => tag.into(),
        }
    }

    /// Whether somebody waits for the answer to the request with this number, as far as is known.
    pub(crate) fn check(&self, number: u32) -> Result<()> {
        self.check_owner()?;
        outstanding(self.standing.phase(number))
    }

    /// Whether the reply to it was not ended.
    pub(crate) fn check_is_out(&self, number: u32) -> Result<()> {
        match self.standing.phase(number) {
            over @ (Phase::Free | Phase::Kept) => outstanding(over),
            _ => Ok(()),
        }
    }

    /// Writes the answer right to where it goes, if this thread is inside of the handler of its request; else it comes back.
    #[inline]
    pub(crate) fn write(
        self: Arc<Self>,
        number: u32,
        answer: &[u8],
    ) -> std::result::Result<(), Arc<Self>> {
        if self.owner != fork::generation() {
            return Err(self);
        }
        let end = |deferral: &Self| deferral.standing.end(number);
        lent::write(self, Self::tag(number), answer, end)
    }

    fn check_owner(&self) -> Result<()> {
        if self.owner == fork::generation() {
            return Ok(());
        }
        let context = "the reply belongs to the process that this one was forked from";
        Err(Error::new(Status::Forked, context))
    }
}

/// Whether an answer can still go to a request that is so far.
fn outstanding(phase: Phase) -> Result<()> {
    let (status, context) = match phase {
        Phase::Inside | Phase::Parked => return Ok(()),
        Phase::Closed => (Status::Closed, "the client that asked has gone"),
        Phase::Stopped => (Status::Stopped, "the server was stopped"),
        Phase::Free | Phase::Kept => (
            Status::InvalidArgument,
            "the reply was ended before, as each is once",
        ),
    };
    Err(Error::new(status, context))
}

impl fmt::Debug for Deferral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.standing)
    }
}
