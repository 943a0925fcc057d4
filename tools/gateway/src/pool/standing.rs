//! Whether a server lets a connection in, as far as calls over it have found out.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// How long a connection that was refused is left alone, until one call tries it again.
const PAUSE: Duration = Duration::from_secs(1);

/// What is known of one connection.
#[derive(Debug)]
pub(super) struct Standing {
    /// When it was refused, or tried again, last; or [`HOPE`].
    word: AtomicU64,
    /// When time begins.
    began: Instant,
}

/// It was not refused.
const HOPE: u64 = 0;

/// What the milliseconds of a refusal begin at.
const REFUSED: u64 = 1;

impl Standing {
    pub(super) fn new() -> Self {
        Self {
            word: AtomicU64::new(HOPE),
            began: Instant::now(),
        }
    }

    /// The server is full.
    pub(super) fn refuse(&self) {
        self.word.store(self.now(), Relaxed);
    }

    /// It was let in, or may be next time.
    pub(super) fn hope(&self) {
        if self.is_refused() {
            self.word.store(HOPE, Relaxed);
        }
    }

    /// Whether the server was full when it was asked last.
    pub(super) fn is_refused(&self) -> bool {
        self.word.load(Relaxed) >= REFUSED
    }

    /// Whether one call, this one, may find out whether the server is still full.
    pub(super) fn may_try(&self) -> bool {
        self.may_try_at(self.now())
    }

    fn may_try_at(&self, now: u64) -> bool {
        let last = self.word.load(Relaxed);
        let is_over = last >= REFUSED && now >= last + as_number(PAUSE);
        is_over
            && self
                .word
                .compare_exchange(last, now, Relaxed, Relaxed)
                .is_ok()
    }

    fn now(&self) -> u64 {
        REFUSED + as_number(self.began.elapsed())
    }
}

fn as_number(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX - REFUSED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_tries_again_after_each_pause() {
        let standing = Standing::new();
        let pause = as_number(PAUSE);
        assert!(!standing.may_try_at(10 * pause));
        standing.refuse();
        assert!(standing.is_refused());
        let refused = standing.word.load(Relaxed);
        assert!(!standing.may_try_at(refused + pause - 1));
        assert!(standing.may_try_at(refused + pause));
        assert!(!standing.may_try_at(refused + pause));
        assert!(standing.is_refused(), "it is tried, and not known yet");
        assert!(standing.may_try_at(refused + 2 * pause));
        standing.hope();
        assert!(!standing.is_refused());
        assert!(!standing.may_try_at(refused + 9 * pause));
    }
}
