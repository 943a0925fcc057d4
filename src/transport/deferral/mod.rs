//! Answers that come later: what a connection and whoever has the reply to its request know of each other.
//!
//! A connection has one request at most whose answer is to come; meanwhile it is parked. Its side is a [`Parking`];
//! the other is a [`Promise`], which any thread may have, and which may outlive connection and server.

mod standing;
#[cfg(test)]
mod tests;

use super::conversation::outbox::Outbox;
use super::{Answer, Written};
use crate::error::{Error, Result, Status};
use crate::protocol::frame::Notice;
use crate::sys::mutex::lock;
use crate::sys::room::Room;
use crate::sys::{fork, lent};
use standing::{NUMBERS, Phase, Standing};
use std::fmt;
use std::ptr;
use std::sync::{Arc, Mutex};

/// What has requests answered now or later.
pub trait Defers: Sync {
    /// Hands over the request with this body, and the promise to answer it.
    fn ask(&self, body: &[u8], promise: Promise);

    /// Is told that a promise was broken, and why.
    fn has_failed(&self, why: &[u8]);
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

/// The connection's side.
pub(crate) struct Parking {
    deferral: Arc<Deferral>,
    /// The number of the last request.
    number: u32,
    is_parked: bool,
    is_given_up: bool,
}

/// How requests of a connection are answered.
pub(crate) trait Manner: Send {
    /// Whether an answer is to come, before which no further request is looked at.
    fn is_parked(&self) -> bool;

    /// Whether it is parked, and the answer has not come.
    fn awaits_answer(&self) -> bool;

    /// Has a request answered, and appends the answer to `out`, or is parked.
    fn answer(&mut self, answer: &dyn Answer, body: &[u8], out: &mut Outbox);

    /// If it is parked, and the answer has come, appends it to `out`; whether that was so.
    fn resume(&mut self, answer: &dyn Answer, out: &mut Outbox) -> bool;

    /// Nobody is left to read answers.
    fn give_up(&mut self);

    /// Whether an answer is to come that nobody is left to read.
    fn is_given_up(&self) -> bool;
}

/// Every request is answered at once.
pub(crate) struct Prompt;

impl Manner for Prompt {
    #[inline(always)]
    fn is_parked(&self) -> bool {
        false
    }

    #[inline(always)]
    fn awaits_answer(&self) -> bool {
        false
    }

    #[inline(always)]
    fn answer(&mut self, answer: &dyn Answer, body: &[u8], out: &mut Outbox) {
        out.append(|room| answer.answer(body, room));
    }

    #[inline(always)]
    fn resume(&mut self, _answer: &dyn Answer, _out: &mut Outbox) -> bool {
        false
    }

    #[inline(always)]
    fn give_up(&mut self) {}

    #[inline(always)]
    fn is_given_up(&self) -> bool {
        false
    }
}

/// Otherwise a bug is at hand.
const DEFERS: &str = "only what defers is given a parking";

impl Parking {
    /// Of the connection with this number; answers to it are up to `longest` bytes long.
    pub(crate) fn new(waker: Arc<dyn Wake>, connection: usize, longest: u32) -> Self {
        Self {
            deferral: Arc::new(Deferral {
                standing: Standing::default(),
                kept: Mutex::default(),
                waker,
                connection,
                owner: fork::generation(),
                longest,
            }),
            number: 0,
            is_parked: false,
            is_given_up: false,
        }
    }

    /// What became of a request that was just handed over; `None`: it is parked.
    fn ask(&mut self, defers: &dyn Defers, body: &[u8], room: &mut [u8]) -> Option<Written> {
        self.number = (self.number + 1) % NUMBERS;
        self.deferral.standing.begin(self.number);
        let promise = Promise::new(Arc::clone(&self.deferral), self.number);
        let owner = self.deferral.owner_of_room(self.number);
        if let Some(length) = lent::lend(owner, room, || defers.ask(body, promise)) {
            return Some(u32::try_from(length).map_err(|_| Notice::HandlerFailed));
        }
        self.is_parked = self.deferral.standing.park(self.number);
        (!self.is_parked).then(|| self.take(defers, room))
    }

    /// Takes the answer, which has come.
    fn take(&mut self, defers: &dyn Defers, room: &mut [u8]) -> Written {
        self.is_parked = false;
        self.deferral.standing.end(self.number);
        match lock(&self.deferral.kept).take() {
            Some(Kept::Answer(answer)) => {
                let place = room.get_mut(..answer.len()).ok_or(Notice::HandlerFailed)?;
                place.copy_from_slice(&answer);
                u32::try_from(answer.len()).map_err(|_| Notice::HandlerFailed)
            }
            Some(Kept::Failure(why)) => {
                defers.has_failed(&why);
                Err(Notice::HandlerFailed)
            }
            None => Err(Notice::HandlerFailed),
        }
    }
}

impl Manner for Parking {
    fn is_parked(&self) -> bool {
        self.is_parked
    }

    fn awaits_answer(&self) -> bool {
        self.is_parked && self.deferral.standing.phase(self.number) != Phase::Kept
    }

    fn answer(&mut self, answer: &dyn Answer, body: &[u8], out: &mut Outbox) {
        let defers = answer.deferring().expect(DEFERS);
        out.append_if_written(|room| self.ask(defers, body, room));
    }

    fn resume(&mut self, answer: &dyn Answer, out: &mut Outbox) -> bool {
        let has_come = self.is_parked && !self.awaits_answer();
        if has_come {
            let defers = answer.deferring().expect(DEFERS);
            out.append(|room| self.take(defers, room));
        }
        has_come
    }

    fn give_up(&mut self) {
        self.is_given_up = true;
    }

    fn is_given_up(&self) -> bool {
        self.is_given_up
    }
}

impl Drop for Parking {
    fn drop(&mut self) {
        let reason = match self.deferral.waker.has_ended() {
            true => Phase::Stopped,
            false => Phase::Closed,
        };
        self.deferral.standing.lose(self.number, reason);
    }
}

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
        if self.deferral.write(self.number, answer) {
            return Ok(());
        }
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

impl Deferral {
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

    /// Who has the room for an answer while the request with this number is with its handler.
    #[inline]
    fn owner_of_room(&self, number: u32) -> usize {
        ptr::from_ref(self).addr() | usize::from(Self::tag(number))
    }

    /// Writes the answer right to where it goes, if this thread is inside of the handler of its request.
    #[inline]
    pub(crate) fn write(&self, number: u32, answer: &[u8]) -> bool {
        let is_written =
            self.owner == fork::generation() && lent::write(self.owner_of_room(number), answer);
        if is_written {
            self.standing.end(number);
        }
        is_written
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
