//! One thread of a server: waits, lets newcomers in, serves its peers.

use super::recent::Recent;
use super::slab::{Key, Slab};
use super::token::Token;
use super::{Admission, Crew, DoorWatch, Peer, Pumped, lock};
use crate::error::Error;
use crate::sys::unix::cpu;
use crate::sys::unix::epoll::{Event, Interest, Poller};
use crate::sys::wait::Spin;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Half a request, or an answer that nobody reads, may rest this long before the peer is dropped.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a door stays shut after this process could not let anybody in.
const DOOR_PAUSE: Duration = Duration::from_millis(20);
/// While one peer keeps this thread busy without sleeping, the others are looked at this often.
const TURN: Duration = Duration::from_micros(100);
/// Events taken from the kernel at once.
const EVENTS: usize = 128;
/// Other peers that it looks at in each lap.
const OTHERS_A_LAP: u32 = 16;

/// One thread of a server.
pub(super) struct Worker<'a> {
    crew: &'a Crew<'a>,
    index: usize,
    poller: Poller,
    peers: Slab<Entry>,
    spin: Spin,
    /// Peers to look at while spinning.
    recent: Recent,
    /// The next place to look at among the others.
    others: u32,
    /// When the peers have to be looked through for one that is too slow.
    sweep_at: Option<Instant>,
    /// Until when the doors are shut.
    shut_until: Option<Instant>,
    /// The last client may have gone.
    may_be_idle: bool,
}

struct Entry {
    peer: Box<dyn Peer>,
    is_blocked: bool,
    /// Since when half a request or an unread answer has not moved.
    stuck_since: Option<Instant>,
    /// Kept only where there is an idle timeout.
    active_at: Option<Instant>,
}

/// Whether a thread goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Continue,
    End,
}

impl<'a> Worker<'a> {
    /// The thread with this number; it watches already, so that what fails, fails here.
    pub(super) fn new(crew: &'a Crew<'a>, index: usize) -> io::Result<Self> {
        let worker = Self {
            crew,
            index,
            poller: Poller::new()?,
            peers: Slab::new(),
            spin: Spin::new(crew.limits.spin),
            recent: Recent::new(),
            others: 0,
            sweep_at: None,
            shut_until: None,
            may_be_idle: false,
        };
        let poller = &worker.poller;
        poller.add(crew.stop.as_fd(), Interest::EPOLLIN, Token::Stop.into())?;
        poller.add(crew.over.as_fd(), Interest::EPOLLIN, Token::Stop.into())?;
        poller.add(
            worker.desk().bell.as_fd(),
            Interest::EPOLLIN | Interest::EPOLLET,
            Token::Desk.into(),
        )?;
        worker.watch_doors()?;
        Ok(worker)
    }

    /// Its number.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// Serves until told to stop.
    pub(super) fn run(mut self) {
        if let Err(error) = self.serve() {
            self.crew.fail(Error::os("waiting for clients", &error));
        }
        for key in self.peers.keys() {
            if let Some(mut entry) = self.peers.remove(key) {
                entry.peer.farewell();
            }
        }
        for mut peer in std::mem::take(&mut *lock(&self.desk().newcomers)) {
            peer.farewell();
        }
    }

    fn serve(&mut self) -> io::Result<()> {
        let mut events = [Event::empty(); EVENTS];
        // Announcements may lie at an edge-triggered door since before this thread watched it.
        self.open_doors()?;
        loop {
            let must_look = self.spin();
            let count = self.wait(&mut events, must_look)?;
            let happened = events.get(..count).unwrap_or_default();
            self.choose_recent(happened);
            for event in happened {
                if self.handle(event)? == Next::End {
                    return Ok(());
                }
            }
            self.keep_time()?;
            self.end_if_idle()?;
        }
    }

    fn handle(&mut self, event: &Event) -> io::Result<Next> {
        match Token::from(event.data()) {
            Token::Stop => return Ok(Next::End),
            Token::Desk => {
                let newcomers = std::mem::take(&mut *lock(&self.desk().newcomers));
                for peer in newcomers {
                    self.take_in(peer)?;
                }
            }
            Token::Door(door) => self.open_door(door)?,
            Token::Peer(key, watch) => {
                let answer = self.crew.answer;
                if let Some(entry) = self.peers.get_mut(key) {
                    let pumped = entry.peer.ready(watch, event.events(), answer);
                    self.settle(key, pumped);
                }
            }
        }
        Ok(Next::Continue)
    }

    // --- Waiting ------------------------------------------------------------------------------

    /// Sleeps until something happens; with `must_look`, only looks.
    fn wait(&mut self, events: &mut [Event], must_look: bool) -> io::Result<usize> {
        if must_look {
            return self.poller.wait(events, Some(Duration::ZERO));
        }
        let timeout = self.time_left();
        let Some(sleepers) = self.crew.listener.sleepers() else {
            return self.poller.wait(events, timeout);
        };
        sleepers.enter();
        // A request published before `enter` did not ring: it is seen here. One published after
        // sees this thread asleep, and rings.
        let has_work = self.look_at_all();
        let timeout = if has_work {
            Some(Duration::ZERO)
        } else {
            timeout
        };
        let count = self.poller.wait(events, timeout);
        sleepers.leave();
        count
    }

    /// Looks for requests without sleeping, as long as that pays. `true`: work came up, and it is
    /// time to see, without sleeping either, what else happened.
    fn spin(&mut self) -> bool {
        if self.recent.len() == 0 || self.shares_cpu_with_recent() {
            return false;
        }
        let Some(started) = self.spin.begin() else {
            return false;
        };
        let mut idle_since = started;
        loop {
            if self.look_around() {
                self.spin.succeeded(idle_since);
                idle_since = Instant::now();
                if idle_since - started > TURN {
                    return true;
                }
            } else if idle_since.elapsed() >= self.spin.budget() {
                self.spin.failed();
                return false;
            } else {
                std::hint::spin_loop();
            }
        }
    }

    /// While the peer runs on this thread's CPU, it cannot ask anything before this thread sleeps.
    fn shares_cpu_with_recent(&mut self) -> bool {
        let latest = self.recent.get(0);
        let theirs = latest.and_then(|key| self.peers.get_mut(key)?.peer.cpu());
        theirs.is_some_and(|number| number == cpu::current())
    }

    /// Serves the recent peers once; where looking costs no system call, also some others.
    fn look_around(&mut self) -> bool {
        let mut found = false;
        for place in 0..self.recent.len() {
            if let Some(key) = self.recent.get(place) {
                found |= self.look_at(key);
            }
        }
        if self.polls_memory() {
            for _ in 0..OTHERS_A_LAP.min(self.peers.places()) {
                self.others = (self.others + 1) % self.peers.places();
                if let Some(key) = self.peers.key_at(self.others)
                    && self.look_at(key)
                {
                    self.recent.note(key);
                    found = true;
                }
            }
        }
        found
    }

    fn look_at_all(&mut self) -> bool {
        let mut found = false;
        for index in 0..self.peers.places() {
            if let Some(key) = self.peers.key_at(index) {
                found |= self.look_at(key);
            }
        }
        found
    }

    fn look_at(&mut self, key: Key) -> bool {
        let answer = self.crew.answer;
        let Some(entry) = self.peers.get_mut(key) else {
            return false;
        };
        let pumped = entry.peer.pump(answer);
        self.settle(key, pumped);
        pumped == Pumped::Idle { answered: true }
    }

    fn polls_memory(&self) -> bool {
        self.crew.listener.sleepers().is_some()
    }

    /// Decides which peers to spin for.
    fn choose_recent(&mut self, happened: &[Event]) {
        let peers = happened
            .iter()
            .filter_map(|event| match Token::from(event.data()) {
                Token::Peer(key, _) => Some(key),
                _ => None,
            });
        if self.polls_memory() {
            peers.for_each(|key| self.recent.note(key));
        } else {
            self.recent.note_only(peers);
        }
    }

    // --- Peers --------------------------------------------------------------------------------

    fn desk(&self) -> &'a super::Desk {
        self.crew.desk(self.index)
    }

    fn watch_doors(&self) -> io::Result<()> {
        for (number, door) in self.crew.listener.doors().into_iter().enumerate() {
            let interest = match door.watch {
                DoorWatch::ByAll => Interest::EPOLLIN | Interest::EPOLLEXCLUSIVE,
                DoorWatch::ByFirst => Interest::EPOLLIN | Interest::EPOLLET,
            };
            if self.index == 0 || door.watch == DoorWatch::ByAll {
                self.poller
                    .add(door.fd, interest, Token::Door(number).into())?;
            }
        }
        Ok(())
    }

    /// Lets in whoever is at any door.
    fn open_doors(&mut self) -> io::Result<()> {
        let doors: Vec<_> = self
            .crew
            .listener
            .doors()
            .iter()
            .map(|door| door.watch)
            .collect();
        for (number, watch) in doors.into_iter().enumerate() {
            if self.index == 0 || watch == DoorWatch::ByAll {
                self.open_door(number)?;
            }
        }
        Ok(())
    }

    /// Lets in whoever is at the door.
    fn open_door(&mut self, door: usize) -> io::Result<()> {
        loop {
            let admission = match self.crew.listener.admit(door, self.crew.is_full()) {
                Ok(admission) => admission,
                Err(_) => match self.crew.refuse_with_reserve(door) {
                    Ok(admission) => admission,
                    Err(_) => return self.shut_doors(),
                },
            };
            match admission {
                Admission::Nobody => return Ok(()),
                Admission::TurnedAway => {}
                Admission::Left => {
                    self.crew.have_come.store(true, Ordering::Relaxed);
                    self.may_be_idle = true;
                }
                Admission::Peer(peer) => self.welcome(door, peer)?,
            }
        }
    }

    fn welcome(&mut self, door: usize, peer: Box<dyn Peer>) -> io::Result<()> {
        self.crew.clients.fetch_add(1, Ordering::Relaxed);
        self.crew.have_come.store(true, Ordering::Relaxed);
        let stays = self
            .crew
            .listener
            .doors()
            .get(door)
            .is_some_and(|door| door.watch == DoorWatch::ByFirst);
        let desk = if stays {
            self.desk()
        } else {
            self.crew.least_busy(self.index)
        };
        desk.clients.fetch_add(1, Ordering::Relaxed);
        if std::ptr::eq(desk, self.desk()) {
            return self.take_in(peer);
        }
        lock(&desk.newcomers).push(peer);
        desk.bell.ring();
        Ok(())
    }

    /// Watches a peer that counts as this thread's already.
    fn take_in(&mut self, peer: Box<dyn Peer>) -> io::Result<()> {
        let now = Instant::now();
        let idle_timeout = self.crew.limits.idle_timeout;
        let key = self.peers.insert(Entry {
            peer,
            is_blocked: false,
            stuck_since: None,
            active_at: (!idle_timeout.is_zero()).then_some(now),
        });
        if !idle_timeout.is_zero() {
            self.sweep_by(now + idle_timeout);
        }
        let Some(entry) = self.peers.get_mut(key) else {
            return Ok(());
        };
        let mut result = Ok(());
        for (place, watch) in entry.peer.watches(false).into_iter().enumerate() {
            if let Some((fd, interest)) = watch {
                result = result.and(
                    self.poller
                        .add(fd, interest, Token::Peer(key, place).into()),
                );
            }
        }
        match result {
            Ok(()) => _ = self.look_at(key), // It may have asked before it was watched.
            Err(_) => self.dismiss(key),
        }
        Ok(())
    }

    /// Draws the consequences of what a peer did.
    #[inline]
    fn settle(&mut self, key: Key, pumped: Pumped) {
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        let now_blocked = match pumped {
            Pumped::Gone => return self.dismiss(key),
            Pumped::Idle { answered } => {
                entry.stuck_since = None;
                if answered && entry.active_at.is_some() {
                    entry.active_at = Some(Instant::now());
                }
                false
            }
            Pumped::Waiting { is_blocked, moved } => {
                if moved || entry.stuck_since.is_none() {
                    let now = Instant::now();
                    entry.stuck_since = Some(now);
                    entry.active_at = entry.active_at.map(|_| now);
                    self.sweep_by(now + PATIENCE);
                }
                is_blocked
            }
        };
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        if entry.is_blocked != now_blocked {
            entry.is_blocked = now_blocked;
            let mut result = Ok(());
            for (place, watch) in entry.peer.watches(now_blocked).into_iter().enumerate() {
                if let Some((fd, interest)) = watch {
                    let token = Token::Peer(key, place).into();
                    result = result.and(self.poller.change(fd, interest, token));
                }
            }
            if result.is_err() {
                self.dismiss(key);
            }
        }
    }

    /// Forgets a peer; its descriptors leave the poller as they close.
    fn dismiss(&mut self, key: Key) {
        let Some(entry) = self.peers.remove(key) else {
            return;
        };
        for (fd, _) in entry.peer.watches(false).into_iter().flatten() {
            // A copy in a process forked by hand would keep it in the poller (epoll(7), Q6).
            let _ = self.poller.remove(fd);
        }
        drop(entry);
        self.recent.forget(key);
        self.desk().clients.fetch_sub(1, Ordering::Relaxed);
        self.crew.clients.fetch_sub(1, Ordering::Relaxed);
        self.may_be_idle = true;
    }

    /// Ends serving when the last client has gone and nobody is at the door.
    fn end_if_idle(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.may_be_idle) || !self.crew.is_idle() {
            return Ok(());
        }
        self.open_doors()?;
        if self.crew.is_idle() {
            self.crew.over.ring();
        }
        Ok(())
    }

    // --- Time ---------------------------------------------------------------------------------

    /// Nobody can be let in for now: without this, whoever waits would keep the thread spinning.
    fn shut_doors(&mut self) -> io::Result<()> {
        for door in self.crew.listener.doors() {
            // A door that this thread does not watch is not in its poller.
            let _ = self.poller.remove(door.fd);
        }
        self.shut_until = Some(Instant::now() + DOOR_PAUSE);
        Ok(())
    }

    fn sweep_by(&mut self, due: Instant) {
        self.sweep_at = Some(self.sweep_at.map_or(due, |at| at.min(due)));
    }

    /// How long this thread may sleep; `None`: until something happens.
    fn time_left(&self) -> Option<Duration> {
        let next = [self.sweep_at, self.shut_until]
            .into_iter()
            .flatten()
            .min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn keep_time(&mut self) -> io::Result<()> {
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
                Some(due) if due <= now => self.dismiss(key),
                Some(due) => self.sweep_by(due),
                None => {}
            }
        }
    }
}
