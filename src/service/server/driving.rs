//! Servers that their host drives: one turn at a time, on whichever thread asks for it.

use super::{Core, Phase, Server};
use crate::error::{Error, Result, Status};
use crate::sys::{AsSource as _, Poller, Source, mutex, panic, thread};
use crate::transport::{Driven, Endpoint, Turn};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, TryLockError};
use std::thread::ThreadId;
use std::time::Duration;

/// How often whoever waits for the end of a turn looks whether it has ended, where its thread may be ended before.
const AGAIN: Duration = Duration::from_millis(1);

/// What is driven, and where. As long as there is one, the server is [`Phase::Driven`].
pub(super) struct Drive {
    endpoint: Arc<dyn Endpoint>,
    driven: Driven,
}

/// What a server has that its host drives.
#[derive(Default)]
pub(super) struct Driving {
    /// Held during a turn. Nothing before the first and after the last.
    driven: Mutex<Option<Drive>>,
    /// What the host watches.
    watched: OnceLock<Poller>,
    /// Who had the last turn, where the system may end a thread in the midst of one.
    driver: Mutex<Option<(ThreadId, thread::Mark)>>,
    /// It is known who has the turn that is under way.
    is_known: AtomicBool,
}

/// A turn that is under way.
struct Begun<'a>(&'a Driving);

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if thread::MAY_BE_ENDED {
            self.0.is_known.store(false, Ordering::SeqCst);
        }
    }
}

impl Driving {
    /// This thread has the turn, and ends it before it lets go of what is driven.
    #[inline]
    fn begin(&self) -> Begun<'_> {
        if thread::MAY_BE_ENDED {
            let this = std::thread::current().id();
            let mut driver = mutex::lock(&self.driver);
            if driver.as_ref().is_none_or(|(last, _)| *last != this) {
                *driver = Some((this, thread::Mark::here()));
            }
            self.is_known.store(true, Ordering::SeqCst);
        }
        Begun(self)
    }

    /// Whether the system has ended the thread that has the turn.
    fn is_lost(&self) -> bool {
        let driver = mutex::lock(&self.driver);
        let is_known = self.is_known.load(Ordering::SeqCst);
        is_known && driver.as_ref().is_some_and(|(_, mark)| mark.has_ended())
    }
}

impl Server {
    /// One turn on this thread: lets newcomers in, answers requests. Waits this long for something to do (zero: not at
    /// all; `None`: without limit); `false`: there was nothing.
    ///
    /// The first turn, or the first [`Server::source`], is what the beginning of [`Server::run`] is: from then on the
    /// host drives this server, which has no thread of its own, and neither runs nor starts any more. Turns never
    /// overlap: [`Status::Busy`].
    pub fn dispatch(&self, wait: Option<Duration>) -> Result<bool> {
        let core = &*self.0;
        core.check_owner_to_be()?;
        let mut driven = core.try_drive()?;
        let _begun = core.driving.begin();
        core.begin_driving(&mut driven)?;
        core.drive(&mut driven, wait)
    }

    /// What to watch for reading in an event loop of the host's: it is readable at the latest when a turn would do
    /// something, and once one that only looked has found nothing to do, it is not until something happens. It stays the
    /// same for the server's life, and readable once that has stopped.
    pub fn source(&self) -> Result<Source<'_>> {
        let core = &*self.0;
        core.check_owner_to_be()?;
        if core.driving.watched.get().is_none() {
            let mut driven = core.try_drive()?;
            core.begin_driving(&mut driven)?;
        }
        let watched = core.driving.watched.get();
        watched.map(Poller::as_source).ok_or_else(|| core.lost())
    }
}

impl Core {
    /// What is driven, unless another turn has it.
    fn try_drive(&self) -> Result<MutexGuard<'_, Option<Drive>>> {
        match self.driving.driven.try_lock() {
            Ok(driven) => Ok(driven),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if self.has_to_stop() => Err(self.stopped()),
            Err(TryLockError::WouldBlock) => {
                let what = "another dispatch of the server is under way";
                Err(self.failed(Status::Busy, what))
            }
        }
    }

    /// From now on this process drives the server, if it does not already; nobody else does, nor ever will.
    #[inline]
    fn begin_driving(&self, driven: &mut Option<Drive>) -> Result<()> {
        match driven {
            Some(_) => Ok(()),
            None => self.begin_to_drive(driven),
        }
    }

    #[cold]
    fn begin_to_drive(&self, driven: &mut Option<Drive>) -> Result<()> {
        let mut state = self.lock();
        match state.phase {
            Phase::Serving | Phase::Idle => {
                let what = "the server was run or started, and is not for dispatch any more";
                return Err(self.failed(Status::Busy, what));
            }
            Phase::Stopped => return Err(self.stopped()),
            Phase::Driven => return Err(self.lost()),
            Phase::Fresh => {}
        }
        let Some(endpoint) = state.endpoint.clone() else {
            return Err(self.stopped());
        };
        let event_loop = endpoint.event_loop().ok_or_else(|| {
            let what = "such a server waits for its one client, which no event loop is to do";
            self.failed(Status::Unsupported, what)
        })?;
        event_loop.check().map_err(|error| error.at(&self.name))?;
        self.adopt(&*endpoint)?;
        let begun = event_loop.begin(&self.task(false, &|| ()));
        let (begun, watched) =
            begun.map_err(|error| Error::os("starting to serve", &error).at(&self.name))?;
        *driven = Some(Drive {
            endpoint,
            driven: begun,
        });
        let _ = self.driving.watched.set(watched);
        state.phase = Phase::Driven;
        Ok(())
    }

    fn drive(&self, slot: &mut Option<Drive>, wait: Option<Duration>) -> Result<bool> {
        if !self.has_to_stop() {
            let turn = self.give_turn(slot, wait);
            if turn.is_err() {
                *slot = None;
            }
            match turn.map_err(|error| error.at(&self.name))? {
                Ok(Turn::Done) => return Ok(true),
                Ok(Turn::Nothing) => return Ok(false),
                Ok(Turn::Stop) => {}
                Err(error) => return Err(Error::os("serving", &error).at(&self.name)),
            }
        }
        self.end_driving(slot);
        self.end();
        Err(self.stopped())
    }

    /// A turn, after whose panic nothing is driven any more.
    fn give_turn(
        &self,
        slot: &mut Option<Drive>,
        wait: Option<Duration>,
    ) -> Result<io::Result<Turn>> {
        let Drive { endpoint, driven } = slot.as_mut().ok_or_else(|| self.lost())?;
        let event_loop = endpoint.event_loop().ok_or_else(|| self.lost())?;
        let task = self.task(false, &|| ());
        panic::catch(|| event_loop.turn(driven, &task, wait))
    }

    /// Waits for a turn that is under way, and ends every connection. Until what it gives is let go of, no other turn begins.
    pub(super) fn stop_driving(self: &Arc<Self>) -> Option<MutexGuard<'_, Option<Drive>>> {
        let mut driven = self.await_turn();
        match &mut driven {
            Some(driven) => self.end_driving(driven),
            // Whatever the turn left half done stays as it is, for as long as the process.
            None => std::mem::forget(Arc::clone(self)),
        }
        driven
    }

    /// Waits for a turn that is under way, and gives what was driven. `None`: the system has ended the turn's thread, and
    /// nobody knows how far that was.
    fn await_turn(&self) -> Option<MutexGuard<'_, Option<Drive>>> {
        if !thread::MAY_BE_ENDED {
            return Some(mutex::lock(&self.driving.driven));
        }
        loop {
            match self.driving.driven.try_lock() {
                Ok(driven) => return Some(driven),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if self.driving.is_lost() => return None,
                Err(TryLockError::WouldBlock) => std::thread::sleep(AGAIN),
            }
        }
    }

    /// Ends what was driven: every connection.
    pub(super) fn end_driving(&self, slot: &mut Option<Drive>) {
        let Some(Drive { endpoint, driven }) = slot.take() else {
            return;
        };
        if let Some(event_loop) = endpoint.event_loop() {
            // A bug of this library in it has ended them, too.
            let _ = panic::catch(|| event_loop.end(driven, &self.task(false, &|| ())));
        }
    }

    /// In a forked child: the parent's connections are let be. `false`: a thread had them at that moment.
    pub(super) fn forget_driven(&self) -> bool {
        let driven = self.driving.driven.try_lock();
        driven.is_ok_and(|mut driven| {
            if let Some(Drive { driven, .. }) = driven.take() {
                std::mem::forget(driven);
            }
            true
        })
    }

    /// A turn ended by a bug of this library.
    fn lost(&self) -> Error {
        self.failed(Status::Internal, "its connections were lost in a turn")
    }
}
