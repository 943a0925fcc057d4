//! The requests that are being asked, so that none is cut when the gateway ends.

use tokio::sync::watch;

/// How many requests are being asked.
#[derive(Default)]
pub(super) struct Running(watch::Sender<Count>);

#[derive(Default)]
struct Count {
    /// Are being asked.
    now: u64,
    /// Were answered, or failed, also those that were not asked.
    answered: u64,
    is_ending: bool,
}

/// One of them, which is answered when this is dropped.
pub(super) struct UntilAnswered<'a>(&'a Running);

impl Running {
    /// One more. `false`: no more are to be asked, and it fails.
    pub(super) fn begin(&self) -> bool {
        self.0.send_if_modified(|count| {
            match count.is_ending {
                true => count.answered += 1,
                false => count.now += 1,
            }
            !count.is_ending
        })
    }

    /// For one that has begun.
    pub(super) fn until_answered(&self) -> UntilAnswered<'_> {
        UntilAnswered(self)
    }

    /// How many were answered, or failed.
    pub(super) fn answered(&self) -> u64 {
        self.0.borrow().answered
    }

    /// No more begin. Waits until all are answered.
    pub(super) async fn end(&self) {
        self.0.send_modify(|count| count.is_ending = true);
        // The sender is right here.
        let _ = self.0.subscribe().wait_for(|count| count.now == 0).await;
    }
}

impl Drop for UntilAnswered<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| {
            count.now -= 1;
            count.answered += 1;
        });
    }
}
