//! One run: a server and a client in processes of their own, a fault in one of them, and what came of it.

use crate::injector::{Injector, Plan};
use crate::role::{self, Voice, word};
use crate::support::Address;
use crate::support::processes::{Actor, PATIENCE, SharedValue, Side, Stage};
use crate::sys::{self, Board, NO_LISTENER};
use crate::transport::{TIMEOUT, Transport};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What came of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What must not be. Empty is right.
    pub wrongs: Vec<String>,
    /// The library's failures.
    pub errors: Vec<String>,
    /// How often each call was made inside the library on the side of the fault.
    pub counts: BTreeMap<&'static str, u32>,
    /// The fault was reached.
    pub has_injected: bool,
}

/// How long a run may take: some deadlines after each other. Then it hangs.
const WATCHDOG: Duration = TIMEOUT.saturating_mul(4);

type Role = fn(&Transport, &Address, &mut Voice<'_>);

/// Lets both sides do their part while the system calls of one side fail as planned.
pub fn run(transport: &Transport, side: Side, plans: &[Plan]) -> Outcome {
    let mut run = Run {
        transport,
        side,
        plans,
        outcome: Outcome::default(),
        unrecovered: None,
        stage: Stage::new(),
        filter: None,
    };
    run.play();
    run.close();
    run.check_address();
    run.outcome
}

/// Where a run stands.
struct Run<'a> {
    transport: &'a Transport,
    side: Side,
    plans: &'a [Plan],
    outcome: Outcome,
    /// Why a new client did not get its answer.
    unrecovered: Option<String>,
    stage: Stage,
    filter: Option<Filter<'a>>,
}

/// The actor whose system calls are looked at from here.
struct Filter<'a> {
    actor: Side,
    board: SharedValue<Board>,
    injector: Injector<'a>,
}

/// Who cannot lock a name, or look at it, must not remove it: the next server takes it over.
const KEEPS_NAMES: &[&str] = match size_of::<usize>() {
    4 => &["unlink", "statx", "fstat", "flock", "fchmod"], // The C library of 32 bits has statx for fstat.
    _ => &["unlink", "fstat", "flock", "fchmod"],
};

fn name(side: Side) -> &'static str {
    match side {
        Side::Server => "server",
        Side::Client => "client",
    }
}

impl Run<'_> {
    fn enter(&mut self, side: Side, role: Role) {
        self.start(side, name(side), role, false);
    }

    /// As [`Run::enter`], with its system calls looked at from here.
    fn enter_asking(&mut self, side: Side, role: Role) {
        let board = self.start(side, name(side), role, true);
        let process = self.stage.actor(side).number();
        let patience = Instant::now() + PATIENCE;
        while board.listener.load(Ordering::SeqCst) == NO_LISTENER {
            assert!(Instant::now() < patience, "{side:?} has no filter");
            std::thread::yield_now();
        }
        let listener = board.listener.load(Ordering::SeqCst);
        let listener = sys::copy_of(process, listener).unwrap();
        let whose = self.transport.whose(self.side);
        self.filter = Some(Filter {
            actor: side,
            board,
            injector: Injector::new(listener, process, whose, self.plans),
        });
    }

    /// Gives what it shares with the actor.
    fn start(&mut self, side: Side, name: &str, role: Role, asks: bool) -> SharedValue<Board> {
        let board = Board::new();
        let (transport, address) = (self.transport, &self.stage.address);
        let actor = Actor::fork(name, |control| {
            if asks {
                let listener = sys::ask_about(&crate::calls::numbers());
                board.listener.store(listener, Ordering::SeqCst);
            }
            role(transport, address, &mut Voice::new(control, &board));
        });
        self.stage.enter(side, actor);
        board
    }

    fn play(&mut self) {
        match (self.transport.has_server(), self.side) {
            (false, _) => self.enter_asking(Side::Client, role::call),
            (true, Side::Server) => self.enter_asking(Side::Server, role::serve),
            (true, Side::Client) => self.enter(Side::Server, role::serve),
        }
        self.attend();
    }

    /// Answers system calls and hears the actors until all have ended.
    fn attend(&mut self) {
        let end = Instant::now() + WATCHDOG;
        while self.stage.playing().next().is_some() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let stuck = self.stage.playing().map(Actor::whereabouts);
                self.outcome.wrongs.extend(stuck);
                return;
            }
            self.attend_once(left);
        }
    }

    fn attend_once(&mut self, left: Duration) {
        let filter = self.filter.as_mut();
        let filter = filter.filter(|filter| self.stage.is_playing(filter.actor));
        let watch = filter.as_ref().map(|filter| filter.injector.watch());
        let heard = self.stage.attend(watch, left);
        if let (true, Some(filter)) = (heard.is_other_ready, filter) {
            let in_library = || filter.board.in_library.load(Ordering::SeqCst);
            filter.injector.answer(in_library);
        }
        for (side, line) in heard.said {
            let line = line.unwrap_or_else(|| word::END.to_owned());
            let (word, more) = line.split_once(' ').unwrap_or((&line, ""));
            self.hear(side, word, more);
        }
    }

    fn hear(&mut self, side: Side, word: &str, more: &str) {
        let name = self.stage.actor(side).name();
        match word {
            word::ERROR => self.outcome.errors.push(format!("{name}: {more}")),
            word::WRONG => self.outcome.wrongs.push(format!("{name}: {more}")),
            word::UNRECOVERED => self.unrecovered = Some(more.to_owned()),
            word::LIVE if self.side == Side::Client => {
                self.enter_asking(Side::Client, role::call);
            }
            word::LIVE => self.enter(Side::Client, role::call),
            word::END if side == Side::Client => self.let_server_stop(),
            _ => {}
        }
    }

    fn let_server_stop(&self) {
        if let Some(server) = self.stage.get(Side::Server) {
            server.let_end();
        }
    }

    /// Reaps the actors, and those that hang are killed.
    fn close(&mut self) {
        if let Some(filter) = self.filter.take() {
            self.outcome.has_injected |= filter.injector.has_injected;
            self.outcome.counts = filter.injector.counts;
        }
        for side in [Side::Server, Side::Client] {
            let has_ended = !self.stage.is_playing(side);
            if let Some(actor) = self.stage.leave(side).filter(|_| has_ended) {
                self.outcome.wrongs.extend(actor.bury());
            }
        }
        // A server that could not go on says so when it stops; nobody is served by it.
        let gave_up = |error: &String| error.starts_with("server: stop");
        if let Some(why) = self.unrecovered.take()
            && !self.outcome.errors.iter().any(gave_up)
        {
            self.outcome
                .wrongs
                .push(format!("a new client is not served: {why}"));
        }
    }

    /// Nothing is left at the address, and a server can come back to it.
    fn check_address(&mut self) {
        if !self.outcome.wrongs.is_empty() {
            return;
        }
        let left = self.stage.address.leftovers();
        let could_not_remove =
            (self.plans.iter()).any(|plan| KEEPS_NAMES.contains(&plan.call.name));
        if !left.is_empty() && !could_not_remove {
            self.outcome.wrongs.push(format!("{left:?} are left"));
        }
        if self.transport.has_server() && self.side == Side::Server {
            self.start(Side::Server, "next server", role::serve_again, false);
            self.attend();
            self.close();
        }
    }
}
