//! What a host's own event loop watches of a client, and what a thread that waits for completions sleeps on.

use crate::sys::ready::Want;
use crate::sys::{AsSource, Bell, Event, Poller, Source, Timer};
use crate::transport::{Channel, Opening, WATCHES, Watches};
use std::io;
use std::time::Duration;

/// The token of the bell and of the timer; those of a connection are beyond.
const BELL: u64 = 0;
const TIMER: u64 = 1;
const CONNECTIONS: u64 = 2;

/// The token of a connection's place.
fn token(lane: usize, place: usize) -> u64 {
    CONNECTIONS + (lane * WATCHES + place) as u64
}

/// Whose connection's token this is.
fn lane(token: u64) -> Option<usize> {
    let number = usize::try_from(token.checked_sub(CONNECTIONS)?).ok()?;
    Some(number / WATCHES)
}

/// As many happenings are told at once; others are told by the next wait.
const AT_ONCE: usize = 16;

/// One source that is ready whenever there may be a completion to take: as long as one of those in it is.
pub(super) struct Watch {
    poller: Poller,
    /// Rings as long as there is a completion that nothing else tells of.
    pub(super) bell: Bell,
    /// Its time comes when that of a call is over.
    pub(super) timer: Timer,
}

/// What happened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    /// At the connections of these lanes.
    lanes: [Option<usize>; AT_ONCE],
    /// A time has come.
    pub(super) timer: bool,
}

impl Told {
    /// The lanes at whose connections something happened.
    pub(super) fn lanes(&self) -> impl Iterator<Item = usize> {
        self.lanes.into_iter().flatten()
    }
}

impl Watch {
    pub(super) fn new() -> io::Result<Self> {
        let watch = Self {
            poller: Poller::new()?,
            bell: Bell::new()?,
            timer: Timer::new()?,
        };
        let read = Want::READ;
        watch.poller.add(watch.bell.as_source(), read, BELL)?;
        watch.poller.add(watch.timer.as_source(), read, TIMER)?;
        Ok(watch)
    }

    /// Waits until something happens; zero: only looks.
    pub(super) fn wait(&self, time: Option<Duration>) -> io::Result<Told> {
        let mut events = [Event::EMPTY; AT_ONCE];
        let count = self.poller.wait(&mut events, time)?;
        let mut told = Told::default();
        for (event, told_of) in events.iter().take(count).zip(&mut told.lanes) {
            match event.token() {
                BELL => {}
                TIMER => told.timer = true,
                token => *told_of = lane(token),
            }
        }
        Ok(told)
    }
}

impl AsSource for Watch {
    fn as_source(&self) -> Source<'_> {
        self.poller.as_source()
    }
}

/// A connection that is being made, which the watch has.
#[derive(Debug)]
pub(super) struct Connecting {
    pub(super) lane: usize,
    opening: Opening,
    is_watched: bool,
}

impl Connecting {
    pub(super) fn new(lane: usize, opening: Opening) -> Self {
        Self {
            lane,
            opening,
            is_watched: false,
        }
    }

    /// How long until it is given up.
    pub(super) fn remaining(&self) -> Option<Duration> {
        self.opening.deadline().remaining()
    }

    /// Watches for more to know.
    pub(super) fn watch(&mut self, watch: &Watch) -> io::Result<()> {
        if !self.is_watched {
            let source = self.opening.source();
            watch.poller.add(source, Want::WRITE, token(self.lane, 0))?;
            self.is_watched = true;
        }
        Ok(())
    }

    /// It is watched no more.
    pub(super) fn end(self, watch: Option<&Watch>) -> Opening {
        if let Some(watch) = watch.filter(|_| self.is_watched) {
            // It fails only where it is not in it.
            let _ = watch.poller.remove(self.opening.source());
        }
        self.opening
    }
}

/// What a watch has of a connection, place by place.
#[derive(Debug, Default)]
pub(super) struct Watched([Option<Want>; WATCHES]);

impl Watched {
    /// Watches the connection as it has to be now.
    pub(super) fn renew(
        &mut self,
        watch: &Watch,
        lane: usize,
        channel: &dyn Channel,
        for_room: bool,
    ) -> io::Result<()> {
        let Watches(wanted) = channel.watches(for_room);
        let places = self.0.iter_mut().zip(wanted).zip(0..);
        for ((has, wanted), place) in places {
            let token = token(lane, place);
            match (*has, wanted) {
                (None, Some((source, want))) => watch.poller.add(source, want, token)?,
                (Some(had), Some((source, want))) if had != want => {
                    watch.poller.change(source, want, token)?;
                }
                // What is not named any more was closed, or is named again to be taken out.
                _ => {}
            }
            *has = wanted.map(|(_, want)| want);
        }
        Ok(())
    }

    /// Watches it no more.
    pub(super) fn end(&mut self, watch: &Watch, channel: &dyn Channel) {
        let Watches(all) = channel.watches(true);
        for (has, source) in self.0.iter_mut().zip(all) {
            if let (Some(_), Some((source, _))) = (has.take(), source) {
                // It fails only where it is not in it.
                let _ = watch.poller.remove(source);
            }
        }
    }
}
