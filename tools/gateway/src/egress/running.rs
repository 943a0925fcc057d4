//! The requests that are being asked, so that none is cut when the gateway ends.

use tokio::sync::watch;

/// How many requests are being asked.
#[derive(Default)]
pub(super) struct Running(watch::Sender<Count>);

#[derive(Default)]
struct Count {
    /// Are being asked.
    now: u64,
    /// Were given an answer, or a failure, that their clients were there for; also those that were not asked.
    given: u64,
    is_ending: bool,
}

/// One of them, which is over when this is dropped.
pub(super) struct UntilAnswered<'a> {
    running: &'a Running,
    is_given: bool,
}

impl Running {
    /// One more. `false`: no more are to be asked, and it fails.
    pub(super) fn begin(&self) -> bool {
        self.0.send_if_modified(|count| {
            match count.is_ending {
                true => count.given += 1,
                false => count.now += 1,
            }
            !count.is_ending
        })
    }

    /// For one that has begun.
    pub(super) fn until_answered(&self) -> UntilAnswered<'_> {
        UntilAnswered {
            running: self,
            is_given: false,
        }
    }

    /// How many answers and failures were given to clients that were there.
    pub(super) fn given(&self) -> u64 {
        self.0.borrow().given
    }

    /// No more begin. Waits until all are over.
    pub(super) async fn end(&self) {
        self.0.send_modify(|count| count.is_ending = true);
        // The sender is right here.
        let _ = self.0.subscribe().wait_for(|count| count.now == 0).await;
    }
}

impl UntilAnswered<'_> {
    /// Its client is there, and is given what came of it.
    pub(super) fn is_given(&mut self) {
        self.is_given = true;
    }
}

impl Drop for UntilAnswered<'_> {
    fn drop(&mut self) {
        self.running.0.send_modify(|count| {
            count.now -= 1;
            count.given += u64::from(self.is_given);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_was_there_for_is_not_awaited() {
        let running = Running::default();
        assert!(running.begin() && running.begin());
        running.until_answered().is_given();
        drop(running.until_answered());
        assert_eq!(running.given(), 1);
    }

    #[tokio::test]
    async fn what_comes_after_the_end_fails_and_is_given_that() {
        let running = Running::default();
        running.end().await;
        assert!(!running.begin());
        assert_eq!(running.given(), 1);
    }
}
