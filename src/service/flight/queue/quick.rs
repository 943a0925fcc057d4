//! Calls that come and go without memory being asked for.

use super::{Call, Name, Queue};
use crate::sys::moment::Moment;

impl Queue {
    /// Whether one more call, whose frame has this length, finds room without its being made.
    #[inline]
    pub(in crate::service::flight) fn has_place(&self, length: usize) -> bool {
        self.frames.has_room(length) && self.calls.len() < self.calls.capacity()
    }

    /// Appends a call with a frame that `write` puts at the start of room; there is a place for it.
    #[inline]
    pub(in crate::service::flight) fn push_short<const N: usize>(
        &mut self,
        name: Name,
        write: impl FnOnce(&mut [u8; N]) -> usize,
        longest_answer: u32,
        due: Moment,
    ) {
        let length = self.frames.append_short(write);
        self.append(Call::new(name, length, longest_answer, due));
    }

    /// The call that the next answer belongs to, if that is asked for and the call is open.
    #[inline]
    pub(in crate::service::flight) fn awaits_first(&self) -> Option<Name> {
        let call = self.calls.front()?;
        let is_awaited = self.owed == 0 && self.sent > 0 && !call.is_over;
        is_awaited.then_some(call.name)
    }
}
