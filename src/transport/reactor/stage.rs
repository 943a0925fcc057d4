//! A server whose threads are the test's: it calls what a worker does, step by step.

#![allow(clippy::unwrap_used, reason = "this is for tests")]

mod peer;

pub(crate) use peer::Script;

use super::crew::{Base, Crew};
use super::desk::NOBODY;
use super::held::Held;
use super::slab::Key;
use super::token::Token;
use super::turns::Turns;
use super::*;
use crate::sys::ready::Ready;
use crate::sys::{AsSource, Bell, Event};
use crate::transport::stand_in::{Echo, stranger};
use crate::transport::{ServerOptions, Tallies};
use peer::Scripted;
use std::collections::VecDeque;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// ScriptedDoors at which the test puts newcomers.
pub(crate) struct ScriptedDoors {
    doors: Vec<(Bell, DoorWatch)>,
    newcomers: Mutex<Vec<VecDeque<io::Result<Admission>>>>,
    /// Who was asked in, at which door, and whether the server was full.
    pub(crate) asked: Mutex<Vec<(usize, bool)>>,
    polls_memory: bool,
    /// Threads asleep, for peers that ask in memory.
    pub(crate) asleep: AtomicU32,
    made: AtomicU32,
    /// The numbers of peers in the order of their turns.
    pub(crate) order: Arc<Mutex<Vec<u32>>>,
}

impl Sleepers for ScriptedDoors {
    fn enter(&self) {
        self.asleep.fetch_add(1, Ordering::SeqCst);
    }

    fn leave(&self) {
        self.asleep.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Listener for ScriptedDoors {
    fn doors(&self) -> Vec<Door<'_>> {
        let doors = self.doors.iter().map(|(bell, watch)| Door {
            source: bell.as_source(),
            watch: *watch,
        });
        doors.collect()
    }

    fn admit(&self, door: usize, is_full: bool) -> io::Result<Admission> {
        lock(&self.asked).push((door, is_full));
        let mut newcomers = lock(&self.newcomers);
        let next = newcomers.get_mut(door).and_then(VecDeque::pop_front);
        next.unwrap_or(Ok(Admission::Nobody))
    }

    fn sleepers(&self) -> Option<&dyn Sleepers> {
        self.polls_memory.then_some(self as &dyn Sleepers)
    }
}

impl ScriptedDoors {
    pub(crate) fn new(watches: &[DoorWatch], polls_memory: bool) -> Self {
        let door = |&watch: &DoorWatch| (Bell::new().unwrap(), watch);
        Self {
            doors: watches.iter().map(door).collect(),
            newcomers: Mutex::new(watches.iter().map(|_| VecDeque::new()).collect()),
            asked: Mutex::default(),
            polls_memory,
            asleep: AtomicU32::new(0),
            made: AtomicU32::new(0),
            order: Arc::default(),
        }
    }

    /// A peer, and what plays its part.
    pub(crate) fn peer(&self) -> (Arc<Script>, Box<dyn Peer>) {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let script = Arc::new(Script::new(number, &self.order));
        let peer = Box::new(Scripted(Arc::clone(&script)));
        (script, peer)
    }

    /// A newcomer comes to a door.
    pub(crate) fn come(&self, door: usize) -> Arc<Script> {
        let (script, peer) = self.peer();
        self.put(door, Ok(Admission::Peer(peer)));
        script
    }

    pub(crate) fn put(&self, door: usize, admission: io::Result<Admission>) {
        let mut newcomers = lock(&self.newcomers);
        newcomers.get_mut(door).unwrap().push_back(admission);
    }

    /// Whoever is at a door shows.
    pub(crate) fn knock(&self, door: usize) {
        self.doors.get(door).unwrap().0.ring();
    }

    /// The numbers of those who had a turn since the last time.
    pub(crate) fn take_order(&self) -> Vec<u32> {
        std::mem::take(&mut *lock(&self.order))
    }
}

/// What becomes of a newcomer for whom there is no place.
pub(crate) fn refused() -> Admission {
    Admission::Refused(stranger(), Refusal::Full)
}

/// What a crew is made of.
pub(crate) struct Stage {
    pub(crate) doors: ScriptedDoors,
    pub(crate) echo: Echo,
    pub(crate) options: ServerOptions,
    pub(crate) stop: Arc<Bell>,
    tallies: Tallies,
}

impl Stage {
    /// So many threads behind these doors; peers never ask in memory.
    pub(crate) fn new(watches: &[DoorWatch], workers: u32) -> Self {
        Self {
            doors: ScriptedDoors::new(watches, false),
            echo: Echo {
                is_for_many: true,
                ..Echo::default()
            },
            options: ServerOptions {
                workers,
                ..ServerOptions::default()
            },
            stop: Arc::new(Bell::new().unwrap()),
            tallies: Tallies::default(),
        }
    }

    /// Peers ask in memory.
    pub(crate) fn polling_memory(mut self) -> Self {
        self.doors.polls_memory = true;
        self
    }

    /// The handler is a user's.
    pub(crate) fn with_handler(mut self) -> Self {
        self.echo.is_for_many = false;
        self
    }

    pub(crate) fn play(&self, act: impl FnOnce(&Crew<'_>)) {
        let limits = Limits::new(&self.options, 128);
        let task = self.task();
        let base = Base::of_all(&self.doors, &limits, task.answer).unwrap();
        act(&Crew::at(&base, &self.doors, &limits, &task));
    }

    fn task(&self) -> Task<'_> {
        Task {
            answer: &self.echo,
            stop: &self.stop,
            tallies: &self.tallies,
            may_end_when_idle: true,
            begun: &|| (),
        }
    }

    /// The same, driven by the test.
    pub(crate) fn drive(&self, act: impl FnOnce(&EventLoop<'_>, &Task<'_>)) {
        let limits = Limits::new(&self.options, 128);
        act(&EventLoop::new(&self.doors, &limits), &self.task());
    }
}

/// The thread with this number.
pub(crate) fn worker<'a>(crew: &'a Crew<'a>, index: usize) -> Worker<'a> {
    crew.desk(index).is_staffed.store(true, Ordering::Relaxed);
    Worker::new(crew, index).unwrap()
}

/// Threads with a handler of the user's, all at work, behind no door.
pub(crate) fn with_crew(threads: u32, act: impl FnOnce(&Crew<'_>, &Stage)) {
    play_staffed(&Stage::new(&[], threads).with_handler(), act);
}

/// Threads that are all at work.
pub(crate) fn play_staffed(stage: &Stage, act: impl FnOnce(&Crew<'_>, &Stage)) {
    stage.play(|crew| {
        for desk in crew.desks {
            desk.is_staffed.store(true, Ordering::Relaxed);
        }
        act(crew, stage);
    });
}

/// The thread that looks after this shard.
pub(crate) fn attendant(crew: &Crew<'_>, index: usize) -> Option<usize> {
    let attendant = crew.desk(index).attendant.load(Ordering::SeqCst);
    Some(attendant).filter(|attendant| *attendant != NOBODY)
}

/// What is ready at a thread's poller.
pub(crate) fn ready(crew: &Crew<'_>, index: usize) -> Vec<(Token, Ready)> {
    let mut events = [Event::EMPTY; 16];
    let poller = &crew.desk(index).poller;
    let count = poller.wait(&mut events, Some(Duration::ZERO)).unwrap();
    let told = events.iter().take(count);
    told.map(|event| (Token::from(event.token()), event.ready()))
        .collect()
}

/// Lets a peer in, which has had its first turn.
pub(crate) fn settle_in<'a>(
    turns: &mut Turns<'a>,
    shard: &mut Held<'a>,
    doors: &ScriptedDoors,
) -> (Key, Arc<Script>) {
    let (script, peer) = doors.peer();
    shard.crew.doors.let_in();
    shard.desk.clients.fetch_add(1, Ordering::Relaxed);
    shard.take_in(peer);
    let key = shard.next_in_line().unwrap();
    turns.give(shard, key);
    shard.charge(key, 1, false);
    lock(&script.turns).clear();
    doors.take_order();
    (key, script)
}

/// The turns of one thread, with so many peers that have had a turn.
pub(crate) fn with_peers(
    stage: &Stage,
    count: usize,
    act: impl for<'a> FnOnce(&mut Turns<'a>, &mut Held<'a>, &[(Key, Arc<Script>)]),
) {
    stage.play(|crew| {
        let mut turns = Turns::new(crew, 0).unwrap();
        let mut shard = Held::take(crew, 0);
        let peers: Vec<_> = (0..count)
            .map(|_| settle_in(&mut turns, &mut shard, &stage.doors))
            .collect();
        act(&mut turns, &mut shard, &peers);
    });
}

/// The same behind no door.
pub(crate) fn with(
    peers: usize,
    act: impl for<'a> FnOnce(&mut Turns<'a>, &mut Held<'a>, &[(Key, Arc<Script>)]),
) {
    with_peers(&Stage::new(&[], 1), peers, act);
}
