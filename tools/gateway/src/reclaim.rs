//! When many connections have gone, their memory goes back to the system.
//!
//! Each has some 28 kB, most of them HTTP/2's. The allocator keeps what is freed among what is in use, so that a gateway once asked by many
//! would keep the memory of all of them.

use crate::sys;
use std::future::pending;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

/// Of fewer connections the memory is soon used again.
const MANY: u32 = 16;

/// After the last of them; others may go meanwhile.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections that have gone since memory was given back.
#[derive(Debug, Default)]
pub(crate) struct Reclaim {
    gone: u32,
    due: Option<Instant>,
}

impl Reclaim {
    /// One more connection has gone.
    pub(crate) fn gone(&mut self) {
        self.gone = self.gone.saturating_add(1);
        self.due = (self.gone >= MANY).then(|| Instant::now() + PAUSE);
    }

    /// Waits until it is time to give memory back: for ever, if few have gone.
    pub(crate) async fn is_due(&self) {
        match self.due {
            Some(due) => sleep_until(due).await,
            None => pending().await,
        }
    }

    /// Gives it back, on a thread that nobody waits for: it takes as long as there are heaps.
    pub(crate) fn give_back(&mut self) {
        *self = Self::default();
        drop(spawn_blocking(sys::give_memory_back));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{sleep, timeout};

    async fn is_due_within(reclaim: &Reclaim, time: Duration) -> bool {
        timeout(time, reclaim.is_due()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn memory_goes_back_when_many_have_gone_and_none_goes_any_more() {
        let mut reclaim = Reclaim::default();
        (1..MANY).for_each(|_| reclaim.gone());
        assert!(!is_due_within(&reclaim, Duration::from_secs(3600)).await);
        reclaim.gone();
        sleep(PAUSE / 2).await;
        reclaim.gone();
        assert!(
            !is_due_within(&reclaim, PAUSE * 3 / 4).await,
            "one has just gone"
        );
        assert!(is_due_within(&reclaim, PAUSE).await);
        reclaim.give_back();
        assert!(!is_due_within(&reclaim, Duration::from_secs(3600)).await);
    }
}
