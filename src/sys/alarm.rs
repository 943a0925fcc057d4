//! Who sleeps until a word of shared memory changes, and who wakes them.

use super::atomic::Memory;
use std::time::Duration;

/// Wakes the one who sleeps on a word: the word itself is only an atomic, so that whoever waits by other
/// means, in another loop or on another system, is woken by those.
///
/// A waker has changed the word before it wakes. So a sleep has to end at once, or never begin, if the word is another
/// already.
pub(crate) trait Alarm<M: Memory> {
    /// Sleeps while `word` is `expected`, until it is woken or `timeout` is over. It may return early; `true`: it slept
    /// for all of that time.
    fn wait(&self, word: &M::Word, expected: u32, timeout: Duration) -> bool;

    /// Wakes the sleeper on `word`.
    fn wake(&self, word: &M::Word);
}
