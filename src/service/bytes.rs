//! Messages of any kind, answered by a function of the user's.

use super::user_code::UserCode;
use crate::protocol::frame::Notice;
use crate::transport::{Answer, Visit, Visitor, Written};
use std::sync::Arc;

/// The type of a function behind [`Handler::Bytes`](super::Handler::Bytes).
pub type BytesFunction = dyn Fn(&[u8], &mut [u8]) -> Option<usize> + Send + Sync;

/// Hands bodies over as they are.
pub(super) struct Bytes {
    pub(super) function: Box<BytesFunction>,
    pub(super) user_code: Arc<UserCode>,
}

impl Answer for Bytes {
    #[inline]
    fn answer(&self, from: &Visitor, body: &[u8], room: &mut [u8]) -> Written {
        let user_code = &*self.user_code;
        let capacity = room.len();
        let answered = user_code.call(from, || (self.function)(body, room));
        let length = answered.flatten();
        let length = length.filter(|length| *length <= capacity);
        let length = length.and_then(|length| u32::try_from(length).ok());
        user_code.has_answered(from, length.is_none());
        length.ok_or(Notice::HandlerFailed)
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
