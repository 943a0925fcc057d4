//! Where the request of a connection stands whose answer may come later: one word, which the connection's thread and
//! whoever has the reply change.

use crate::sys::atomic::Word;
use std::sync::atomic::{AtomicU32, Ordering};

#[cfg(test)]
#[cfg(loom)]
mod model;

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Phase {
    /// There is none, or it was answered.
    Free,
    /// Its handler is running.
    Inside,
    /// Its handler has returned without an answer.
    Parked,
    /// Its answer is there.
    Kept,
    /// The connection has gone without an answer.
    Closed,
    /// The server has stopped without an answer.
    Stopped,
}

/// The word: the number of the connection's last request, and its phase.
#[derive(Debug, Default)]
pub(super) struct Standing<W = AtomicU32>(W);

const PHASES: [Phase; 6] = [
    Phase::Free,
    Phase::Inside,
    Phase::Parked,
    Phase::Kept,
    Phase::Closed,
    Phase::Stopped,
];

/// The bits of the phase.
const BITS: u32 = 3;

/// Numbers of requests go round after so many.
pub(super) const NUMBERS: u32 = 1 << (u32::BITS - BITS);

#[inline]
fn word(number: u32, phase: Phase) -> u32 {
    number << BITS | phase as u32
}

fn phase(word: u32) -> Phase {
    let phase = PHASES.get((word % (1 << BITS)) as usize);
    phase.copied().unwrap_or(Phase::Free)
}

impl<W: Word> Standing<W> {
    /// The handler gets the request with this number. Nobody has the right to answer one.
    #[inline]
    pub(super) fn begin(&self, number: u32) {
        self.0.store(word(number, Phase::Inside), Ordering::Relaxed);
    }

    /// It was answered where it was asked.
    #[inline]
    pub(super) fn end(&self, number: u32) {
        self.0.store(word(number, Phase::Free), Ordering::Relaxed);
    }

    /// The handler has returned; `false`: the answer is there already.
    pub(super) fn park(&self, number: u32) -> bool {
        let (inside, parked) = (word(number, Phase::Inside), word(number, Phase::Parked));
        self.0.replace(inside, parked, Ordering::AcqRel)
    }

    /// The answer was put where the connection will look. Gives how far the request was: only one that was
    /// [`Phase::Inside`] or [`Phase::Parked`] takes it.
    pub(super) fn keep(&self, number: u32) -> Phase {
        loop {
            let before = self.phase(number);
            let after = match before {
                Phase::Inside | Phase::Parked => Phase::Kept,
                Phase::Closed | Phase::Stopped => Phase::Free,
                Phase::Free | Phase::Kept => return before,
            };
            let (old, new) = (word(number, before), word(number, after));
            if self.0.replace(old, new, Ordering::AcqRel) {
                return before;
            }
        }
    }

    /// The connection goes, for this reason; whoever has yet to answer learns it.
    pub(super) fn lose(&self, number: u32, reason: Phase) {
        loop {
            let before = self.phase(number);
            let is_out = matches!(before, Phase::Inside | Phase::Parked);
            let lost = word(number, reason);
            if !is_out || self.0.replace(word(number, before), lost, Ordering::AcqRel) {
                return;
            }
        }
    }

    /// The number of the last request.
    pub(super) fn number(&self) -> u32 {
        self.0.load(Ordering::Acquire) >> BITS
    }

    /// How far the request with this number is; once another has begun, it is over.
    #[inline]
    pub(super) fn phase(&self, number: u32) -> Phase {
        let now = self.0.load(Ordering::Acquire);
        match now >> BITS == number {
            true => phase(now),
            false => Phase::Free,
        }
    }
}
