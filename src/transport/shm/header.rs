//! The page that all clients of a server read.

use super::layout::{ABILITIES, SLEEPERS};
use crate::sys::atomic::{Atomic, Memory, Word};
use crate::sys::line::Page;
use crate::transport::reactor::Sleepers;
use std::sync::atomic::Ordering;

/// It counts the threads of the server that sleep, and says what the server can do.
pub(super) struct Header<P>(pub(super) P);

impl<P: Page> Header<P> {
    /// How many threads of the server sleep.
    #[inline]
    pub(super) fn sleepers(&self) -> &<P::Memory as Memory>::Word {
        &self.0.line(SLEEPERS).word
    }

    /// Nobody sleeps, whatever stood there when the server was last killed or stopped.
    pub(super) fn reset(&self) {
        self.sleepers().store(0, Ordering::SeqCst);
    }

    /// Says what the server can do, before any client has the page.
    pub(super) fn set_abilities(&self, abilities: u32) {
        let word = &self.0.line(ABILITIES).word;
        word.store(abilities, Ordering::Release);
    }

    /// Whether the server can do this.
    pub(super) fn has_ability(&self, ability: u32) -> bool {
        self.0.line(ABILITIES).word.load(Ordering::Acquire) & ability != 0
    }
}

impl<P: Page> Sleepers for Header<P> {
    fn enter(&self) {
        self.sleepers().fetch_add(1, Ordering::SeqCst);
    }

    fn leave(&self) {
        self.sleepers().fetch_sub(1, Ordering::SeqCst);
    }
}
