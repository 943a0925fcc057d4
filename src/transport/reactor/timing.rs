//! Peers that are too slow, and doors that open again.

use super::worker::Worker;
use std::io;
use std::time::{Duration, Instant};

/// Half a request, or an answer that nobody reads, may rest this long before the peer is dropped.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

impl Worker<'_> {
    pub(super) fn sweep_by(&mut self, due: Instant) {
        self.sweep_at = Some(self.sweep_at.map_or(due, |at| at.min(due)));
    }

    /// How long this thread may sleep; `None`: until something happens.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let next = [self.sweep_at, self.shut_until]
            .into_iter()
            .flatten()
            .min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    pub(super) fn keep_time(&mut self) -> io::Result<()> {
        if self.sweep_at.is_none() && self.shut_until.is_none() {
            return Ok(());
        }
        let now = Instant::now();
        if self.sweep_at.is_some_and(|at| at <= now) {
            self.sweep(now);
        }
        if self.shut_until.is_some_and(|at| at <= now) {
            self.shut_until = None;
            self.watch_doors()?;
            // Somebody whose announcement was read may wait without a sign at the door.
            self.open_doors()?;
        }
        Ok(())
    }

    /// Drops the peers that are too slow, and finds when the next one will be.
    fn sweep(&mut self, now: Instant) {
        self.sweep_at = None;
        let idle_timeout = self.crew.limits.idle_timeout;
        for key in self.peers.keys() {
            let Some(entry) = self.peers.get_mut(key) else {
                continue;
            };
            let stuck_until = entry.stuck_since.map(|since| since + PATIENCE);
            let idle_until = entry.active_at.map(|since| since + idle_timeout);
            match [stuck_until, idle_until].into_iter().flatten().min() {
                Some(due) if due <= now => {
                    entry.peer.farewell();
                    self.dismiss(key);
                }
                Some(due) => self.sweep_by(due),
                None => {}
            }
        }
    }
}
