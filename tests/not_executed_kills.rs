//! Servers are killed at random amid calls of many threads, and amid calls that nobody waits for: none that is said not to
//! have been executed was given to a handler, and none was given twice.
//!
//! `CALC_IPC_KILLS` says how many servers are killed over each transport, `CALC_IPC_OVER` which is the only one.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::{Result, Status};
use calc_ipc::service::{Client, Handler, Limit, Next, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;
use std::{env, thread};
use support::processes::state::await_state;
use support::processes::{SharedValue, send};
use support::raw::Random;
use support::{
    Address, Process, TRANSPORTS, Transport, eventually, handle_in_process, status, within,
};

/// Servers killed over each transport, where nothing else is asked for.
const KILLS: usize = 200;
/// No round makes more calls.
const CALLS: usize = 4096;
const LOOK: Option<Duration> = Some(Duration::ZERO);
/// What some handlers take, and a thread whose call failed before the next one.
const PAUSE: Duration = Duration::from_millis(1);

/// What handlers were given in a round, in memory that they share with the test.
struct Given {
    /// How often each call was.
    calls: [AtomicU8; CALLS],
    /// The process that was given one last.
    process: AtomicI32,
}

impl Given {
    fn new() -> &'static Self {
        SharedValue::forever(Self {
            calls: [const { AtomicU8::new(0) }; CALLS],
            process: AtomicI32::new(0),
        })
    }

    fn forget(&self) {
        let zero = |one: &AtomicU8| one.store(0, Ordering::SeqCst);
        self.calls.iter().for_each(zero);
    }

    fn handler(&'static self) -> Handler {
        Handler::bytes(|request, room| {
            let (number, _) = request.split_first_chunk().unwrap();
            let place = usize::from_le_bytes(*number);
            let process = std::process::id().cast_signed();
            self.process.store(process, Ordering::SeqCst);
            self.calls[place].fetch_add(1, Ordering::SeqCst);
            if place % 4 == 0 {
                thread::sleep(PAUSE); // Some are killed in it.
            }
            room.get_mut(..number.len())?.copy_from_slice(number);
            Some(number.len())
        })
    }
}

/// A server to be killed.
enum Victim {
    Server(Process),
    /// The child of a pipe, of which its client waits for the end.
    Child(libc::pid_t),
}

impl Victim {
    fn stop(&self) {
        let number = match self {
            Self::Server(process) => process.number(),
            Self::Child(number) => *number,
        };
        send(number, libc::SIGSTOP);
        await_state(number, number, 'T');
    }

    /// Is back when no handler runs any more.
    fn kill(&mut self) {
        match self {
            Self::Server(process) => process.kill(),
            Self::Child(number) => {
                send(*number, libc::SIGKILL);
                await_state(*number, *number, 'Z');
            }
        }
    }

    /// Kills it a few microseconds from now.
    fn kill_soon(&mut self, random: &mut Random) {
        (0..random.below(5000)).for_each(|_| std::hint::spin_loop());
        self.kill();
    }
}

/// A message of which handlers read the number.
fn message(number: usize, length: usize) -> Vec<u8> {
    let mut message = number.to_le_bytes().to_vec();
    message.resize(length.max(message.len()), 7);
    message
}

/// What became of calls, by their numbers.
#[derive(Default)]
struct Told(BTreeMap<usize, Result<usize>>);

impl Told {
    fn tell(&mut self, number: usize, outcome: Result<usize>) {
        let before = self.0.insert(number, outcome);
        assert!(before.is_none(), "{number} is told of twice");
    }

    /// Compares it with what handlers of a server that is dead were given; how many calls were known not to be executed, and
    /// how many were, though they failed.
    fn check(&self, given: &Given, name: &str) -> (usize, usize) {
        let (mut known, mut executed) = (0, 0);
        for (number, outcome) in &self.0 {
            let given = given.calls[*number].load(Ordering::SeqCst);
            match outcome {
                Ok(_) => assert_eq!(given, 1, "{name}: {number} was answered"),
                Err(error) if error.is_not_executed() => {
                    assert_eq!(given, 0, "{name}: {number} is not executed: {error}");
                    known += 1;
                }
                Err(error) => {
                    assert!(given < 2, "{name}: {number} was given twice: {error}");
                    executed += usize::from(given);
                }
            }
        }
        (known, executed)
    }
}

/// A client of one connection or of four, that outlives its server or does not.
fn options_of_a_client(random: &mut Random) -> ClientOptions {
    let limit = Some(Duration::from_millis(100));
    ClientOptions {
        connect_timeout: limit,
        connections: [0, 4][random.below(2)],
        reconnect: random.below(2) == 0,
        ..within(100)
    }
}

/// What is done to a server, and what became of the calls.
type Round = fn(&Client, &mut Victim, &mut Random) -> Told;

/// The rounds over one transport, and what came of them.
struct Rounds {
    name: &'static str,
    round: Round,
    given: &'static Given,
    random: Random,
    /// Calls that were said not to be executed.
    known: usize,
    /// Calls that failed, of which a handler was given the request.
    executed: usize,
}

impl Rounds {
    fn new(name: &'static str, round: Round) -> Self {
        Self {
            name,
            round,
            given: Given::new(),
            random: Random::new(7),
            known: 0,
            executed: 0,
        }
    }

    fn run(&mut self, client: &Client, victim: &mut Victim) {
        self.given.forget();
        let told = (self.round)(client, victim, &mut self.random);
        let (known, executed) = told.check(self.given, self.name);
        self.known += known;
        self.executed += executed;
    }

    /// Servers are killed at one address, and their clients kept where they can be.
    fn kill_servers(&mut self, transport: &Transport, kills: usize) {
        let address = Address::new();
        let mut kept = None;
        for _ in 0..kills {
            let (options, handler) = (ServerOptions::default(), self.given.handler());
            let server = handle_in_process(transport, &address, &options, handler);
            let client = kept.take().unwrap_or_else(|| {
                let options = options_of_a_client(&mut self.random);
                (transport.client_with(&address, &options), options.reconnect)
            });
            self.run(&client.0, &mut Victim::Server(server));
            kept = Some(client).filter(|(_, outlives)| *outlives && self.random.below(4) > 0);
        }
    }

    /// Children behind pipes are killed.
    fn kill_children(&mut self, kills: usize) {
        for _ in 0..kills {
            let client = pipe::create(self.given.handler(), &within(100)).unwrap();
            eventually("it answers", || {
                client.call_bytes(&message(1, 8), &mut [0; 8]).is_ok()
            });
            let child = self.given.process.load(Ordering::SeqCst);
            self.run(&client, &mut Victim::Child(child));
        }
    }

    /// There were calls of either kind, or nothing was compared.
    fn expect_both(&self) {
        let (known, executed) = (self.known, self.executed);
        assert!(
            known > 0 && executed > 0,
            "{}: {known}, {executed}",
            self.name
        );
    }
}

/// Servers and children are killed over every transport, or the one that is asked for.
fn kill_over_each(round: Round) {
    let kills = env::var("CALC_IPC_KILLS").map_or(KILLS, |number| number.parse().unwrap());
    let over = env::var("CALC_IPC_OVER").ok();
    let is_meant = |name: &str| over.as_ref().is_none_or(|over| over == name);
    let meant = TRANSPORTS.iter().filter(|one| is_meant(one.name));
    let servers = meant.map(|transport| {
        let mut rounds = Rounds::new(transport.name, round);
        rounds.kill_servers(transport, kills);
        rounds
    });
    let children = is_meant("pipe").then(|| {
        let mut rounds = Rounds::new("pipe", round);
        rounds.kill_children(kills);
        rounds
    });
    let all: Vec<_> = servers.chain(children).collect();
    assert!(!all.is_empty(), "no transport is {over:?}");
    all.iter().for_each(Rounds::expect_both);
}

/// A call, once no other has the connection.
fn call_when_free(client: &Client, message: &[u8]) -> Result<usize> {
    loop {
        match client.call_bytes(message, &mut [0; 8]) {
            Err(error) if error.status() == Status::Busy => thread::yield_now(),
            outcome => return outcome,
        }
    }
}

/// Threads call until the server is dead.
fn call(client: &Client, victim: &mut Victim, random: &mut Random) -> Told {
    let (told, is_dead) = (Mutex::new(Told::default()), AtomicBool::new(false));
    let next = AtomicUsize::new(0);
    let ask = || {
        loop {
            let was_dead = is_dead.load(Ordering::SeqCst);
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= CALLS {
                return;
            }
            let length = [8, 8, 200, 60_000][number % 4];
            let outcome = call_when_free(client, &message(number, length));
            let is_lost = outcome.is_err();
            told.lock().unwrap().tell(number, outcome);
            if was_dead {
                return;
            }
            if is_lost {
                thread::sleep(PAUSE);
            }
        }
    };
    thread::scope(|scope| {
        (0..6).for_each(|_| _ = scope.spawn(ask));
        let moment = random.below(120);
        eventually("so many calls", || told.lock().unwrap().0.len() >= moment);
        victim.kill_soon(random);
        is_dead.store(true, Ordering::SeqCst);
    });
    told.into_inner().unwrap()
}

/// Calls that nobody waits for, and what became of them.
struct Flight<'a> {
    client: &'a Client,
    told: Told,
    submitted: usize,
}

impl Flight<'_> {
    /// Whether one more was submitted.
    fn submit(&mut self, length: usize) -> bool {
        let number = self.submitted;
        let tag = u64::try_from(number).unwrap();
        let submitted = self
            .client
            .submit(Limit::Usual, &message(number, length), tag);
        self.submitted += 1;
        let Err(error) = submitted else {
            return true;
        };
        assert!(error.is_not_executed(), "nothing was sent: {error}");
        self.told.tell(number, Err(error));
        false
    }

    fn take(&mut self) {
        let mut room = [0; size_of::<usize>()];
        loop {
            match self.client.next(LOOK, &mut room) {
                Ok(Next::Completion(completion)) => {
                    let number = usize::try_from(completion.tag).unwrap();
                    let is_right =
                        completion.outcome.is_err() || usize::from_le_bytes(room) == number;
                    assert!(is_right, "another answer");
                    self.told.tell(number, completion.outcome);
                }
                other => return assert_eq!(status(other), Status::TimedOut),
            }
        }
    }
}

/// Calls are submitted until the server is dead; or it is stopped, so that those that the system does not take stay.
fn submit(client: &Client, victim: &mut Victim, random: &mut Random) -> Told {
    let mut flight = Flight {
        client,
        told: Told::default(),
        submitted: 0,
    };
    if random.below(8) == 0 {
        victim.stop();
        while flight.submit([8, 60_000][flight.submitted.min(1)]) {}
        victim.kill();
    } else {
        for _ in 0..random.below(120) {
            flight.submit([8, 8, 200, 60_000][random.below(4)]);
            if random.below(3) == 0 {
                flight.take();
            }
        }
        victim.kill_soon(random);
    }
    flight.submit(8);
    eventually("each is told of", || {
        flight.take();
        flight.told.0.len() == flight.submitted
    });
    flight.told
}

#[test]
fn no_call_of_many_threads_that_was_executed_is_said_not_to_be() {
    kill_over_each(call);
}

#[test]
fn no_call_that_was_submitted_and_executed_is_said_not_to_be() {
    kill_over_each(submit);
}
