//! A peer's turn: what happened since the last, and how it ended.

use crate::sys::ready::Ready;
use crate::transport::Cause;
use crate::transport::conversation::server::Half;

/// What happened at a peer's sources, by their places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Happened([Ready; 2]);

impl Default for Happened {
    fn default() -> Self {
        Self([Ready::NOTHING; 2])
    }
}

impl Happened {
    /// Only this, at the source with this place.
    #[inline]
    pub(super) fn one(place: usize, events: Ready) -> Self {
        let mut happened = Self::default();
        happened.note(place, events);
        happened
    }

    /// At the source with this place.
    #[inline]
    pub(crate) fn at(self, place: usize) -> Ready {
        self.0.get(place).copied().unwrap_or(Ready::NOTHING)
    }

    /// This happened at the source with this place, too.
    #[inline]
    pub(crate) fn note(&mut self, place: usize, events: Ready) {
        if let Some(at) = self.0.get_mut(place) {
            *at |= events;
        }
    }

    #[inline]
    pub(super) fn is_empty(self) -> bool {
        self.0.iter().all(|events| events.is_empty())
    }
}

/// How a peer's turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TurnEnd {
    /// Nothing is begun; `answered`: something was done.
    Idle { answered: bool },
    /// Half a request is there; `moved`: some bytes more than before, `is_new`: it is none that was there
    /// before, `length`: that of its body, as far as it is known.
    Partial {
        moved: bool,
        is_new: bool,
        length: u32,
    },
    /// An answer waits for room; `moved`: some bytes went further than before.
    Blocked { moved: bool },
    /// A request is there whose answer is to come, and until then no other is looked at; `answered`: something was done.
    Parked { answered: bool },
    /// Whole requests are left for the peer's next turn.
    Unfinished,
    /// The client has gone.
    Gone,
    /// The connection is to end.
    Dropped(Cause),
}

impl TurnEnd {
    /// This half of a request is there.
    pub(crate) fn partial(half: Half, moved: bool) -> Self {
        let Half { is_new, length } = half;
        Self::Partial {
            moved,
            is_new,
            length,
        }
    }
}
