//! When answers are on their way.

use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(1);

/// A server sends an answer at its thread's next turn. What it has not sent after so long is for clients that went just as they were
/// given it, of which nobody is told.
const TURN: Duration = Duration::from_secs(5);

/// Waits until no answers are `unsent`, or those that are will never be sent.
pub(super) async fn settled(unsent: impl Fn() -> u64) {
    let mut least = unsent();
    let mut since = Instant::now();
    while least > 0 && since.elapsed() < TURN {
        sleep(LOOK).await;
        let now = unsent();
        if now < least {
            least = now;
            since = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test(start_paused = true)]
    async fn what_will_never_be_sent_is_not_awaited() {
        let looks = Cell::new(0);
        // Others ask meanwhile, and are answered.
        settled(|| {
            looks.set(looks.get() + 1);
            1 + looks.get() % 2
        })
        .await;
        assert!(looks.get() > 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_sent_one_after_another_is_awaited() {
        let began = Instant::now();
        let each = TURN / 2;
        let is_unsent = |number: &u32| began.elapsed() < each * *number;
        let unsent = || (1..=10).filter(is_unsent).count() as u64;
        settled(unsent).await;
        assert_eq!(unsent(), 0);
        assert!(began.elapsed() < 10 * each + TURN / 4);
    }
}
