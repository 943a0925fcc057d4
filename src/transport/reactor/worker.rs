//! One thread of a server: waits, lets newcomers in, serves its peers.

use super::crew::{Crew, Desk, lock};
use super::recent::Recent;
use super::slab::{Key, Slab};
use super::timing::PATIENCE;
use super::token::Token;
use super::{Peer, Pumped, Spare, Work};
use crate::error::Error;
use crate::sys::unix::epoll::{Event, Interest, Poller};
use crate::sys::wait::Spin;
use crate::transport::{Outbox, Visit};
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Events taken from the kernel at once.
const EVENTS: usize = 128;

/// One thread of a server.
pub(super) struct Worker<'a> {
    pub(super) crew: &'a Crew<'a>,
    pub(super) work: Work<'a>,
    pub(super) index: usize,
    pub(super) poller: Poller,
    pub(super) peers: Slab<Entry>,
    pub(super) spin: Spin,
    /// Peers to look at while spinning.
    pub(super) recent: Recent,
    /// The next place to look at among the others.
    pub(super) others: u32,
    /// When the peers have to be looked through for one that is too slow.
    pub(super) sweep_at: Option<Instant>,
    /// Until when the doors are shut.
    pub(super) shut_until: Option<Instant>,
    /// Peers with whole requests left over from their last turn.
    pub(super) unfinished: Vec<Key>,
    /// Those of them that have their next turn now.
    pub(super) in_turn: Vec<Key>,
    /// The last client may have gone.
    pub(super) may_be_idle: bool,
}

/// A peer, and how it is doing.
pub(super) struct Entry {
    pub(super) peer: Box<dyn Peer>,
    pub(super) is_blocked: bool,
    /// Since when half a request or an unread answer has not moved.
    pub(super) stuck_since: Option<Instant>,
    /// Kept only where there is an idle timeout.
    pub(super) active_at: Option<Instant>,
}

impl Entry {
    /// Nothing of it is under way or timed.
    #[inline]
    fn is_at_rest(&self) -> bool {
        !self.is_blocked && self.stuck_since.is_none() && self.active_at.is_none()
    }
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
            work: Work {
                answer: crew.task.answer,
                out: Outbox::new(crew.limits.max_message),
                spare: Spare::default(),
                stop: crew.task.stop,
            },
            index,
            poller: Poller::new()?,
            peers: Slab::new(),
            spin: Spin::new(crew.limits.spin),
            recent: Recent::new(),
            others: 0,
            sweep_at: None,
            shut_until: None,
            unfinished: Vec::new(),
            in_turn: Vec::new(),
            may_be_idle: false,
        };
        let poller = &worker.poller;
        poller.add(
            crew.task.stop.as_fd(),
            Interest::EPOLLIN,
            Token::Stop.into(),
        )?;
        poller.add(crew.over.as_fd(), Interest::EPOLLIN, Token::Stop.into())?;
        poller.add(
            worker.desk().bell.as_fd(),
            Interest::EPOLLIN | Interest::EPOLLET,
            Token::Desk.into(),
        )?;
        worker.watch_doors()?;
        Ok(worker)
    }

    /// Serves until told to stop.
    pub(super) fn run(mut self) {
        if let Err(error) = self.serve() {
            self.crew.fail(Error::os("waiting for clients", &error));
        }
        for key in self.peers.keys() {
            if let Some(mut entry) = self.peers.remove(key) {
                entry.peer.farewell();
                self.crew.task.answer.note(Visit::Left);
            }
        }
    }

    fn serve(&mut self) -> io::Result<()> {
        let mut events = [Event::empty(); EVENTS];
        // Announcements may lie at an edge-triggered door since before this thread watched it.
        self.open_doors()?;
        self.end_if_idle()?;
        loop {
            let must_look = !self.unfinished.is_empty() || self.spin();
            let count = self.wait(&mut events, must_look)?;
            let happened = events.get(..count).unwrap_or_default();
            self.choose_recent(happened);
            for event in happened {
                if self.handle(event)? == Next::End {
                    return Ok(());
                }
            }
            self.go_on();
            self.keep_time()?;
            self.end_if_idle()?;
        }
    }

    /// Gives those peers another turn that had more to ask than fits into one.
    fn go_on(&mut self) {
        if self.unfinished.is_empty() || self.crew.task.stop.has_rung() {
            return;
        }
        // Two lists that change places, so that neither has to be made anew.
        std::mem::swap(&mut self.unfinished, &mut self.in_turn);
        for place in 0..self.in_turn.len() {
            if let Some(&key) = self.in_turn.get(place) {
                self.look_at(key);
            }
        }
        self.in_turn.clear();
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
                if let Some(entry) = self.peers.get_mut(key) {
                    let pumped = entry.peer.ready(watch, event.events(), &mut self.work);
                    self.settle(key, pumped);
                }
            }
        }
        Ok(Next::Continue)
    }

    pub(super) fn desk(&self) -> &'a Desk {
        self.crew.desk(self.index)
    }

    /// Watches a peer that counts as this thread's already.
    pub(super) fn take_in(&mut self, peer: Box<dyn Peer>) -> io::Result<()> {
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
    pub(super) fn settle(&mut self, key: Key, pumped: Pumped) {
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        if matches!(pumped, Pumped::Idle { .. }) && entry.is_at_rest() {
            return; // As after nearly every request.
        }
        let now_blocked = match pumped {
            Pumped::Gone => return self.dismiss(key),
            Pumped::Unfinished => {
                if !self.unfinished.contains(&key) {
                    self.unfinished.push(key);
                }
                entry.stuck_since = None;
                entry.active_at = entry.active_at.map(|_| Instant::now());
                false
            }
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
            if self.watch_again(key, now_blocked).is_err() {
                self.dismiss(key);
            }
        }
    }

    /// Watches a peer for what it waits for now that it is blocked, or is not any more.
    fn watch_again(&mut self, key: Key, is_blocked: bool) -> io::Result<()> {
        let Some(entry) = self.peers.get_mut(key) else {
            return Ok(());
        };
        let before = entry.peer.watches(!is_blocked);
        let now = entry.peer.watches(is_blocked);
        for (place, change) in before.into_iter().zip(now).enumerate() {
            let token = Token::Peer(key, place).into();
            match change {
                (None, None) => {}
                (Some((fd, _)), None) => self.poller.remove(fd)?,
                (None, Some((fd, interest))) => self.poller.add(fd, interest, token)?,
                (Some(_), Some((fd, interest))) => self.poller.change(fd, interest, token)?,
            }
        }
        Ok(())
    }

    /// Forgets a peer; its descriptors leave the poller as they close.
    pub(super) fn dismiss(&mut self, key: Key) {
        let Some(entry) = self.peers.remove(key) else {
            return;
        };
        for (fd, _) in entry.peer.watches(entry.is_blocked).into_iter().flatten() {
            // A copy in a process forked by hand would keep it in the poller (epoll(7), Q6).
            let _ = self.poller.remove(fd);
        }
        drop(entry);
        self.crew.task.answer.note(Visit::Left);
        self.recent.forget(key);
        self.desk().clients.fetch_sub(1, Ordering::Relaxed);
        self.crew.clients.fetch_sub(1, Ordering::Relaxed);
        self.may_be_idle = true;
    }
}
