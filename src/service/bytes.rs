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

/// Hands bodies over as they are.
pub(super) struct Bytes {
    pub(super) function: Box<BytesFunction>,
    pub(super) user_code: Arc<UserCode>,
}

impl Answer for Bytes {
    #[inline]
    fn answer(&self, from: &Visitor, body: &[u8], room: &mut [u8]) -> Written {
        let capacity = room.len();
        written(&self.user_code, from, capacity, || {
            (self.function)(body, room)
        })
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

/// Hands bodies over where they lie.
pub(super) struct BytesInPlace {
    pub(super) function: Box<InPlaceFunction>,
    pub(super) user_code: Arc<UserCode>,
}

impl Answer for BytesInPlace {
    #[inline]
    fn answer(&self, from: &Visitor, body: &[u8], room: &mut [u8]) -> Written {
        let body = InPlace {
            place: Place::of(body),
            length: body.len(),
        };
        let capacity = room.len();
        written(&self.user_code, from, capacity, || {
            (self.function)(body, room)
        })
    }

    fn answer_in_place(&self, from: &Visitor, body: InPlace, room: &mut [u8]) -> Option<Written> {
        let capacity = room.len();
        Some(written(&self.user_code, from, capacity, || {
            (self.function)(body, room)
        }))
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

/// What became of room of this capacity, to whose start `function` of the user's writes.
#[inline(always)]
fn written(
    user_code: &UserCode,
    from: &Visitor,
    capacity: usize,
    function: impl FnOnce() -> Option<usize>,
) -> Written {
    let answered = user_code.call(from, function);
    let length = answered.flatten();
    let length = length.filter(|length| *length <= capacity);
    let length = length.and_then(|length| u32::try_from(length).ok());
    user_code.has_answered(from, length.is_none());
    length.ok_or(Notice::HandlerFailed)
}
