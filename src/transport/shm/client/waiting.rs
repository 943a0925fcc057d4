//! How a client waits for an answer: spinning, giving way to others, asleep.

use super::SharedChannel;
use crate::error::{Error, Result, Status};
use crate::transport::Deadline;
use crate::transport::channel::too_late;
use crate::transport::shm::slot::Woken;
use std::thread;
use std::time::{Duration, Instant};

/// How long a client sleeps before it looks whether the server still lives, and it was not stopped, which is to end its
/// calls within 50 ms.
pub(super) const SLICE: Duration = Duration::from_millis(40);

/// So often in a row a client gives way instead of sleeping.
pub(super) const YIELDS_IN_A_ROW: u32 = 4;

/// Who waits again so soon after an answer asks on and on.
const PAUSE: Duration = Duration::from_micros(50);

impl SharedChannel {
    /// Waits until the last request is answered.
    #[inline]
    pub(in crate::transport::shm) fn await_answer(&mut self, deadline: &Deadline) -> Result<()> {
        let Some(session) = &self.session else {
            return Err(Error::new(Status::Internal, "no request was sent"));
        };
        let slot = &session.slot;
        let is_answered = || slot.is_answered().then_some(());
        if is_answered().is_some() {
            return Ok(());
        }
        // While the server's thread shares this CPU, it cannot answer before this one sleeps.
        let is_here = self.spin.may_spin() && slot.shares_cpu();
        if !is_here && self.spin.until(is_answered).is_some() {
            return Ok(());
        }
        match slot.is_crowded() {
            false => self.sleep_until_answered(deadline),
            true => self.await_among_others(deadline),
        }
    }

    #[cold]
    fn await_among_others(&mut self, deadline: &Deadline) -> Result<()> {
        self.give_way();
        let answered = self.sleep_until_answered(deadline);
        self.waited = Some(Instant::now());
        answered
    }

    /// Lets others have this CPU, where many want it, and the server runs on it.
    ///
    /// A client that sleeps has to be woken, and whom the kernel wakes it often lets run at once in the server's place, who then
    /// keeps all others waiting. Now and then it sleeps all the same: a thread that is woken may be given another CPU. One that asks
    /// now and then sleeps each time: who gives way waits until all others have had a turn of the scheduler's, and who is woken does not.
    fn give_way(&mut self) {
        let session = self.session.as_ref();
        let shares_cpu = session.is_some_and(|session| session.slot.shares_cpu());
        let asks_on = || self.waited.is_some_and(|waited| waited.elapsed() < PAUSE);
        let may_yield = shares_cpu && !self.spin.is_off() && asks_on();
        if !may_yield || self.yields == YIELDS_IN_A_ROW {
            self.yields = 0;
            return;
        }
        self.yields += 1;
        thread::yield_now();
    }

    fn sleep_until_answered(&self, deadline: &Deadline) -> Result<()> {
        let Some(session) = &self.session else {
            return Err(self.nonsense());
        };
        let slice = |slept| next_slice(deadline, slept);
        Err(match session.slot.sleep(slice, || self.has_died()) {
            Woken::Answered => return Ok(()),
            Woken::Closed => self.ended(Status::Closed, "the server has stopped"),
            Woken::Died => self.ended(Status::PeerDied, "the server died before it answered"),
            Woken::TimedOut => too_late(&self.peer, deadline),
        })
    }
}

/// How long to sleep next, after so much sleep; `None`: there is no time left.
pub(super) fn next_slice(deadline: &Deadline, slept: Duration) -> Option<Duration> {
    let mut left = deadline.remaining();
    if !slept.is_zero() {
        left = left.min(unslept(deadline, slept));
    }
    let slice = left.map_or(SLICE, |left| left.min(SLICE));
    (!slice.is_zero()).then_some(slice)
}

/// The time left by how long was slept: in some sandboxes the clock stands still.
#[cold]
fn unslept(deadline: &Deadline, slept: Duration) -> Option<Duration> {
    let limit = deadline.limit()?;
    Some(limit.saturating_sub(slept))
}
