//! A peer that does what the test says.

#![allow(clippy::unwrap_used, reason = "this is for tests")]

use super::*;
use crate::sys::{Handle, Source};
use crate::transport::stand_in::stranger;
use std::sync::atomic::AtomicBool;

/// What the test and a peer know of each other.
pub(crate) struct Script {
    pub(crate) number: u32,
    visitor: Visitor,
    /// How its next turns end; the others are idle.
    pub(crate) ends: Mutex<VecDeque<TurnEnd>>,
    /// What had happened at its sources, turn by turn.
    pub(crate) turns: Mutex<Vec<Happened>>,
    /// The work of each of its turns.
    pub(crate) work: AtomicU32,
    pub(crate) asks: AtomicBool,
    pub(crate) cpu: Mutex<Option<u16>>,
    /// How long a turn takes.
    pub(crate) takes: Mutex<Duration>,
    /// Its turn rings this.
    pub(crate) rings: Mutex<Option<Arc<Bell>>>,
    pub(crate) farewells: AtomicU32,
    /// How many more times it says that it is sending.
    pub(crate) sends: AtomicU32,
    /// Requests; always room for answers.
    pub(crate) input: Bell,
    output: Bell,
    /// Nothing that can be watched.
    is_broken: AtomicBool,
    null: Handle,
    pub(crate) order: Arc<Mutex<Vec<u32>>>,
}

impl Script {
    pub(super) fn new(number: u32, order: &Arc<Mutex<Vec<u32>>>) -> Self {
        Self {
            number,
            visitor: stranger(),
            ends: Mutex::default(),
            turns: Mutex::default(),
            work: AtomicU32::new(1),
            asks: AtomicBool::new(false),
            cpu: Mutex::default(),
            takes: Mutex::default(),
            rings: Mutex::default(),
            farewells: AtomicU32::new(0),
            sends: AtomicU32::new(0),
            input: Bell::new().unwrap(),
            output: Bell::new().unwrap(),
            is_broken: AtomicBool::new(false),
            null: Handle::spare().unwrap(),
            order: Arc::clone(order),
        }
    }

    pub(crate) fn turns(&self) -> usize {
        lock(&self.turns).len()
    }

    pub(crate) fn end_with(&self, ends: impl IntoIterator<Item = TurnEnd>) {
        lock(&self.ends).extend(ends);
    }

    pub(crate) fn farewells(&self) -> u32 {
        self.farewells.load(Ordering::Relaxed)
    }

    pub(crate) fn break_down(&self) {
        self.is_broken.store(true, Ordering::Relaxed);
    }
}

/// The peer.
pub(super) struct Scripted(pub(super) Arc<Script>);

impl Peer for Scripted {
    fn visitor(&self) -> &Visitor {
        &self.0.visitor
    }

    fn watches(&self, is_blocked: bool) -> [Option<(Source<'_>, Want)>; 2] {
        let input = match self.0.is_broken.load(Ordering::Relaxed) {
            true => self.0.null.as_source(),
            false => self.0.input.as_source(),
        };
        match is_blocked {
            false => [Some((input, Want::READ)), None],
            true => [
                Some((input, Want::EDGE)),
                Some((self.0.output.as_source(), Want::WRITE)),
            ],
        }
    }

    fn turn(&mut self, happened: Happened, work: &mut Work<'_>) -> TurnEnd {
        lock(&self.0.turns).push(happened);
        lock(&self.0.order).push(self.0.number);
        std::thread::sleep(*lock(&self.0.takes));
        work.count(self.0.work.load(Ordering::Relaxed), 0);
        if let Some(bell) = &*lock(&self.0.rings) {
            bell.ring();
        }
        let idle = TurnEnd::Idle { answered: false };
        lock(&self.0.ends).pop_front().unwrap_or(idle)
    }

    fn deferring(self: Box<Self>, _parking: Parking) -> Box<dyn Peer> {
        self
    }

    fn asks(&self) -> bool {
        self.0.asks.load(Ordering::Relaxed)
    }

    fn is_sending(&self) -> bool {
        let left = self.0.sends.load(Ordering::Relaxed);
        self.0
            .sends
            .store(left.saturating_sub(1), Ordering::Relaxed);
        left > 0
    }

    fn farewell(&mut self) {
        self.0.farewells.fetch_add(1, Ordering::Relaxed);
    }

    fn cpu(&self) -> Option<u16> {
        *lock(&self.0.cpu)
    }
}
