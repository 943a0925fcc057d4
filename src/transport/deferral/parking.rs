//! How requests of a connection are answered: at once, or when their answers come, for which it is parked.

use super::promise::Promise;
use super::standing::{NUMBERS, Phase};
use super::{Deferral, Kept, Wake};
use crate::protocol::frame::Notice;
use crate::sys::lent;
use crate::sys::mutex::lock;
use crate::transport::conversation::outbox::Outbox;
use crate::transport::{Answer, InPlace, Tally, Visitor, Written};
use std::sync::Arc;

/// What serves a client.
pub(crate) struct Service<'a> {
    /// The client.
    pub(crate) from: &'a Visitor,
    /// What answers.
    pub(crate) answer: &'a dyn Answer,
    /// What was answered.
    pub(crate) tally: &'a Tally,
}

impl Service<'_> {
    /// Has a request answered, and counts that.
    #[inline(always)]
    fn answer(&self, body: &[u8], room: &mut [u8]) -> Written {
        let written = self.answer.answer(self.from, body, room);
        self.tally.count(body.len(), written.unwrap_or(0));
        written
    }

    fn answer_in_place(&self, body: InPlace, room: &mut [u8]) -> Option<Written> {
        let written = self.answer.answer_in_place(self.from, body, room)?;
        self.tally.count(body.length, written.unwrap_or(0));
        Some(written)
    }
}

/// The body of a request.
#[derive(Clone, Copy)]
pub(crate) enum Body<'a> {
    /// Nobody else can change it.
    Copied(&'a [u8]),
    /// The client may change it meanwhile.
    InPlace(InPlace),
}

/// How requests of a connection are answered.
pub(crate) trait Manner: Send {
    /// Whether an answer is to come, before which no further request is looked at.
    fn is_parked(&self) -> bool;

    /// Whether it is parked, and the answer has not come.
    fn awaits_answer(&self) -> bool;

    /// Has a request answered, and appends the answer to `out`, or is parked.
    fn answer(&mut self, service: &Service<'_>, body: &[u8], out: &mut Outbox);

    /// Has a request answered into room of the transport's, and says what became of that, if answers come at once in this
    /// manner, and what answers takes such a body; else `None`, and nothing was asked.
    fn answer_into(
        &mut self,
        service: &Service<'_>,
        body: Body<'_>,
        room: &mut [u8],
    ) -> Option<Written>;

    /// If it is parked, and the answer has come, appends it to `out`; whether that was so.
    fn resume(&mut self, service: &Service<'_>, out: &mut Outbox) -> bool;

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
    fn answer(&mut self, service: &Service<'_>, body: &[u8], out: &mut Outbox) {
        out.append(|room| service.answer(body, room));
    }

    fn answer_into(
        &mut self,
        service: &Service<'_>,
        body: Body<'_>,
        room: &mut [u8],
    ) -> Option<Written> {
        match body {
            Body::Copied(body) => Some(service.answer(body, room)),
            Body::InPlace(body) => service.answer_in_place(body, room),
        }
    }

    #[inline(always)]
    fn resume(&mut self, _service: &Service<'_>, _out: &mut Outbox) -> bool {
        false
    }

    #[inline(always)]
    fn give_up(&mut self) {}

    #[inline(always)]
    fn is_given_up(&self) -> bool {
        false
    }
}

/// The connection's side.
pub(crate) struct Parking {
    pub(super) deferral: Arc<Deferral>,
    /// The reference for the next promise, where it need not be counted.
    spare: Option<Arc<Deferral>>,
    /// The number of the last request.
    pub(super) number: u32,
    /// The bytes of its body.
    length: usize,
    is_parked: bool,
    is_given_up: bool,
}

/// Otherwise a bug is at hand.
const DEFERS: &str = "only what defers is given a parking";

impl Parking {
    /// Of the connection with this number; answers to it are up to `longest` bytes long.
    pub(crate) fn new(waker: Arc<dyn Wake>, connection: usize, longest: u32) -> Self {
        Self {
            deferral: Arc::new(Deferral::new(waker, connection, longest)),
            spare: None,
            number: 0,
            length: 0,
            is_parked: false,
            is_given_up: false,
        }
    }

    /// What became of a request that was just handed over; `None`: it is parked.
    #[inline]
    fn ask(&mut self, service: &Service<'_>, body: &[u8], room: &mut [u8]) -> Option<Written> {
        self.number = (self.number + 1) % NUMBERS;
        self.length = body.len();
        self.deferral.standing.begin(self.number);
        let spare = self.spare.take();
        let handed = spare.unwrap_or_else(|| Arc::clone(&self.deferral));
        let promise = Promise::new(handed, self.number);
        let tag = Deferral::tag(self.number);
        let defers = service.answer.deferring().expect(DEFERS);
        let ask = || defers.ask(service.from, body, promise);
        if let Some((length, back)) = lent::lend(&self.deferral, tag, room, ask) {
            self.spare = Some(back);
            let written = u32::try_from(length).map_err(|_| Notice::HandlerFailed);
            service.tally.count(self.length, written.unwrap_or(0));
            return Some(written);
        }
        self.is_parked = self.deferral.standing.park(self.number);
        (!self.is_parked).then(|| self.take(service, room))
    }

    /// Takes the answer, which has come.
    #[cold]
    fn take(&mut self, service: &Service<'_>, room: &mut [u8]) -> Written {
        self.is_parked = false;
        self.deferral.standing.end(self.number);
        let kept = lock(&self.deferral.kept).take(); // An observer runs without the lock.
        let written = match kept {
            Some(Kept::Answer(answer)) => copy(&answer, room),
            Some(Kept::Failure(why)) => {
                let defers = service.answer.deferring().expect(DEFERS);
                defers.has_failed(service.from, &why);
                Err(Notice::HandlerFailed)
            }
            None => Err(Notice::HandlerFailed),
        };
        service.tally.count(self.length, written.unwrap_or(0));
        written
    }
}

/// Puts the answer into the room, which is as long as any.
fn copy(answer: &[u8], room: &mut [u8]) -> Written {
    let place = room.get_mut(..answer.len()).ok_or(Notice::HandlerFailed)?;
    place.copy_from_slice(answer);
    u32::try_from(answer.len()).map_err(|_| Notice::HandlerFailed)
}

impl Manner for Parking {
    fn is_parked(&self) -> bool {
        self.is_parked
    }

    fn awaits_answer(&self) -> bool {
        self.is_parked && self.deferral.standing.phase(self.number) != Phase::Kept
    }

    #[inline]
    fn answer(&mut self, service: &Service<'_>, body: &[u8], out: &mut Outbox) {
        out.append_if_written(|room| self.ask(service, body, room));
    }

    fn answer_into(
        &mut self,
        _service: &Service<'_>,
        _body: Body<'_>,
        _room: &mut [u8],
    ) -> Option<Written> {
        None
    }

    fn resume(&mut self, service: &Service<'_>, out: &mut Outbox) -> bool {
        let has_come = self.is_parked && !self.awaits_answer();
        if has_come {
            out.append(|room| self.take(service, room));
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
