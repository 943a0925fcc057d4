//! Waiting for completions: spinning, sleeping, and who has the state meanwhile.

use super::state::State;
use super::watch::Told;
use super::{Flight, Next};
use crate::error::{Error, Result};
use crate::service::lanes::Lanes;
use crate::sys::moment::Moment;
use crate::sys::mutex;
use crate::sys::wait::{LOOKS, LOOKS_AT_CLOCK};
use crate::transport::Deadline;
use std::sync::MutexGuard;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// How often one who spins looks whether others wait for the lock, some of whom have to be woken first.
const LOOKS_FOR_OTHERS: u32 = 1000;

impl Flight {
    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        match self.state.try_lock() {
            Ok(state) => state,
            Err(_) => self.wait_for_lock(),
        }
    }

    /// The lock, once no other thread waits for it; one that spins would have it all the time.
    fn lock_after_others(&self) -> MutexGuard<'_, State> {
        for _ in 0..LOOKS_FOR_OTHERS {
            if self.waiters.load(Relaxed) == 0 {
                break;
            }
            std::hint::spin_loop();
        }
        self.lock()
    }

    #[cold]
    fn wait_for_lock(&self) -> MutexGuard<'_, State> {
        self.waiters.fetch_add(1, Relaxed);
        let state = mutex::lock(&self.state);
        self.waiters.fetch_sub(1, Relaxed);
        state
    }

    /// Looks again and again, as long as that pays. Others may use the client meanwhile.
    pub(super) fn spin<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        answer: &mut [u8],
    ) -> (MutexGuard<'a, State>, Option<Next>) {
        if state.is_idle() || !state.spin.begin() {
            return (state, None);
        }
        // Most answers that are found at all are found before the clock is worth a look.
        if let Some(next) = look_often(&mut state, answer) {
            state.spin.succeeded(None);
            return (state, Some(next));
        }
        let (started, budget) = (Instant::now(), state.spin.budget());
        state.spinners += 1;
        for _ in 0..LOOKS_AT_CLOCK {
            drop(state);
            let now = Instant::now();
            state = self.lock_after_others();
            state.end_due_by(self.clock.at(now));
            if let Some(next) = look_often(&mut state, answer) {
                state.spinners -= 1;
                state.spin.succeeded(Some(started));
                return (state, Some(next));
            }
            if now - started >= budget {
                break;
            }
        }
        state.spinners -= 1;
        state.spin.failed();
        (state, None)
    }

    /// Sleeps until something happens. Others may use the client meanwhile.
    pub(super) fn sleep<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        lanes: &Lanes,
        deadline: &Deadline,
    ) -> Result<MutexGuard<'a, State>> {
        let watch = self.watch()?;
        state.sleepers += 1;
        self.settle(&mut state, lanes);
        drop(state);
        let told = watch.wait(deadline.remaining());
        let mut state = self.lock();
        state.sleepers -= 1;
        let told =
            told.map_err(|error| Error::os("wait for completions", &error).at(&self.peer))?;
        self.heed(&mut state, &told)?;
        // Others may rely on what this thread has just taken note of.
        self.settle(&mut state, lanes);
        Ok(state)
    }

    /// Whether nothing has happened that the watch tells of; if something has, it is seen to.
    pub(super) fn is_quiet(&self, state: &mut State, lanes: &Lanes) -> Result<bool> {
        self.settle(state, lanes);
        let Some(watch) = self.watch.get().filter(|_| state.is_watched) else {
            return Ok(!state.looks_now_and_then());
        };
        if state.has_known() {
            return Ok(false);
        }
        let told = watch.wait(Some(Duration::ZERO));
        let told =
            told.map_err(|error| Error::os("look for completions", &error).at(&self.peer))?;
        if !told.timer && told.lanes().next().is_none() {
            return Ok(true);
        }
        self.heed(state, &told)?;
        self.settle(state, lanes);
        Ok(false)
    }

    /// Takes note of what the watch told.
    fn heed(&self, state: &mut State, told: &Told) -> Result<()> {
        if told.timer
            && let Some(watch) = self.watch.get()
        {
            state.timer = Moment::NEVER;
            let set = watch.timer.set(None);
            set.map_err(|error| Error::os("set a timer", &error).at(&self.peer))?;
        }
        for lane in told.lanes() {
            state.look_at(lane);
        }
        Ok(())
    }
}

/// Takes a completion as soon as it is there, for a moment.
#[inline]
fn look_often(state: &mut State, answer: &mut [u8]) -> Option<Next> {
    for _ in 0..LOOKS {
        if let Some(next) = state.look(answer) {
            return Some(next);
        }
        std::hint::spin_loop();
    }
    None
}
