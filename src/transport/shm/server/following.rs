//! Long requests that are copied out while their clients put them in.
//!
//! So the two copies take the time of one. That is an offer of the client's: a server that does not follow, or not to the end,
//! copies the whole request once it is there.

use super::{COPIED, SharedPeer};
use crate::protocol::frame::PREFIX;
use crate::sys::cpu;
use crate::transport::Cause;
use crate::transport::deferral::Manner;
use crate::transport::reactor::{TurnEnd, Work};
use crate::transport::shm::layout::{self, INLINE};
use crate::transport::shm::slot::Seen;
use std::{hint, io, mem};

/// A server looks for more bytes so often, some tens of microseconds, and once more for so many that came. A look takes about ten times
/// as long as copying those, so that a client which fills slowly keeps the server for no longer than that.
const LOOKS: usize = 2000;
const BYTES_A_LOOK: usize = 64;

impl<M: Manner> SharedPeer<M> {
    /// Copies the request out that its client is putting into the buffer, and answers it if it is published meanwhile.
    #[cold]
    pub(super) fn follow(&mut self, work: &mut Work<'_>) -> io::Result<TurnEnd> {
        let seen = self.copy_ahead(work);
        self.is_ahead = seen == Seen::Request;
        let end = match seen {
            Seen::Request => self.answer(work),
            Seen::Nonsense => Ok(TurnEnd::Dropped(Cause::Malformed)),
            Seen::Nothing | Seen::Filling => Ok(TurnEnd::Idle { answered: false }),
        };
        // The client may have published another request than it had announced.
        let was_used = seen == Seen::Request && !mem::take(&mut self.is_ahead);
        if !was_used {
            self.leave_copy(&mut work.spare);
        }
        end
    }

    /// Copies it; what is seen then.
    pub(super) fn copy_ahead(&mut self, work: &mut Work<'_>) -> Seen {
        let slot = &self.shared.slot;
        let length = slot.prefix() as usize;
        let place = match slot.kind() {
            layout::BATCH => 0,
            _ => PREFIX,
        };
        let fits = length > INLINE && length <= self.max_message as usize;
        // One that shares this CPU puts nothing in before this thread sleeps.
        if !self.follows || !fits || slot.cpu() == cpu::current() {
            return Seen::Nothing;
        }
        if self
            .make_room(place..place + length, &mut work.spare)
            .is_err()
        {
            return Seen::Nothing; // There may be room when it has to be copied.
        }
        self.copy_while_filled(length, work)
    }

    fn copy_while_filled(&mut self, length: usize, work: &mut Work<'_>) -> Seen {
        let (slot, Some(buffer)) = (&mut self.shared.slot, &mut self.buffer) else {
            return Seen::Nothing; // It has not asked for one.
        };
        let place = slot.place();
        let copy = self.copy.get_mut(self.copied.clone()).expect(COPIED);
        let (mut seen, mut done, mut looks) = (Seen::Nothing, 0, LOOKS);
        while seen == Seen::Nothing && looks > 0 {
            looks -= 1;
            hint::spin_loop();
            let filled = slot.filled().min(length);
            if let Some(piece) = copy.get_mut(done..filled).filter(|piece| !piece.is_empty()) {
                if buffer.take(place.saturating_add(done), piece).is_err() {
                    break; // If it publishes that, copying it out fails again.
                }
                looks += piece.len() / BYTES_A_LOOK;
                done = filled;
            }
            if done == length {
                seen = slot.look();
            }
        }
        if seen != Seen::Request {
            // Else who announces again and again would count as one that asks little, and go before those who do.
            work.count(0, LOOKS * BYTES_A_LOOK + done);
        }
        seen
    }
}
