//! Messages of any kind, answered by a function of the user's.

use super::user_code::UserCode;
use crate::protocol::frame::Notice;
use crate::sys::place::Place;
use crate::transport::{Answer, InPlace, Visit, Visitor, Written};
use std::sync::Arc;

/// The type of a function behind [`Handler::Bytes`](super::Handler::Bytes).
pub type BytesFunction = dyn Fn(&[u8], &mut [u8]) -> Option<usize> + Send + Sync;

/// The type of a function behind [`Handler::InPlace`](super::Handler::InPlace).
pub type InPlaceFunction = dyn Fn(InPlace, &mut [u8]) -> Option<usize> + Send + Sync;

/// A function of the user's, as it takes bodies.
pub(super) trait Function: Send + Sync {
    /// It reads a body where the client may change it meanwhile.
    const READS_IN_PLACE: bool;

    /// Answers a body that nobody changes.
    fn call(&self, body: &[u8], room: &mut [u8]) -> Option<usize>;

    /// Answers one where it lies, if it reads such.
    fn call_in_place(&self, body: InPlace, room: &mut [u8]) -> Option<usize>;
}

impl Function for BytesFunction {
    const READS_IN_PLACE: bool = false;

    #[inline]
    fn call(&self, body: &[u8], room: &mut [u8]) -> Option<usize> {
        self(body, room)
    }

    fn call_in_place(&self, _body: InPlace, _room: &mut [u8]) -> Option<usize> {
        None
    }
}

impl Function for InPlaceFunction {
    const READS_IN_PLACE: bool = true;

    #[inline]
    fn call(&self, body: &[u8], room: &mut [u8]) -> Option<usize> {
        let (place, length) = (Place::of(body), body.len());
        self(InPlace { place, length }, room)
    }

    fn call_in_place(&self, body: InPlace, room: &mut [u8]) -> Option<usize> {
        self(body, room)
    }
}

/// Hands bodies over as they are.
pub(super) struct Bytes<F: ?Sized> {
    pub(super) function: Box<F>,
    pub(super) user_code: Arc<UserCode>,
}

impl<F: Function + ?Sized> Answer for Bytes<F> {
    #[inline]
    fn answer(&self, from: &Visitor, body: &[u8], room: &mut [u8]) -> Written {
        let capacity = room.len();
        self.written(from, capacity, || self.function.call(body, room))
    }

    fn answer_in_place(&self, from: &Visitor, body: InPlace, room: &mut [u8]) -> Option<Written> {
        let capacity = room.len();
        F::READS_IN_PLACE
            .then(|| self.written(from, capacity, || self.function.call_in_place(body, room)))
    }

    fn too_large(&self, _room: &mut [u8]) -> Written {
        Err(Notice::TooLarge)
    }

    fn longest_answer(&self, max_message: u32) -> u32 {
        max_message
    }

    fn takes_aligned(&self) -> bool {
        true
    }

    fn is_for_many_threads(&self) -> bool {
        false
    }

    fn note(&self, visitor: &Visitor, visit: Visit) {
        self.user_code.note(visitor, visit);
    }
}

impl<F: ?Sized> Bytes<F> {
    /// What became of room of this capacity, to whose start the user's function writes in `call`.
    #[inline(always)]
    fn written(
        &self,
        from: &Visitor,
        capacity: usize,
        call: impl FnOnce() -> Option<usize>,
    ) -> Written {
        let user_code = &*self.user_code;
        let answered = user_code.call(from, call);
        let length = answered.flatten();
        let length = length.filter(|length| *length <= capacity);
        let length = length.and_then(|length| u32::try_from(length).ok());
        user_code.has_answered(from, length.is_none());
        length.ok_or(Notice::HandlerFailed)
    }
}
