//! Many calls of clients that behave well, while servers and other clients are killed, stopped, woken
//! and replaced: no answer is wrong, and no call takes longer than it may.
//!
//! When a fault comes is measured in answered calls, not in time, so that a seed means the same on
//! every machine as far as that goes: where in a call it hits is chance.

use crate::faults::Faults;
use crate::message::{MAX_MESSAGE, PLAIN, SMALL, answer, message};
use crate::random::{how_often, seed};
use crate::role::{PIPE, act, say_of};
use crate::support::processes::{Census, PATIENCE};
use crate::support::{Address, Transport};
use calc_ipc::service::{Client, Handler, pipe};
use calc_ipc::transport::ClientOptions;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// How long a call may take; until it says so, it may take longer.
const TIMEOUT: Duration = Duration::from_millis(40);

/// Longer than any message that goes in one piece, and shorter than what takes its time.
const MIDDLE: usize = 20_000;

fn soak(transport: &str) {
    let calls = how_often("CALC_IPC_CALLS", 10_000);
    act(&format!("soak {transport} {} {calls}", seed()));
}

#[test]
fn calls_under_random_faults_over_pipes() {
    soak(PIPE);
}

#[test]
fn calls_under_random_faults_over_fifos() {
    soak("fifo");
}

#[test]
fn calls_under_random_faults_over_shared_memory() {
    soak("shm");
}

#[test]
fn calls_under_random_faults_over_a_unix_socket() {
    soak("uds");
}

#[test]
fn calls_under_random_faults_over_a_seqpacket_socket() {
    soak("seqpacket");
}

#[test]
fn calls_under_random_faults_over_tcp() {
    soak("tcp");
}

#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) answered: u64,
    pub(crate) timed_out: u64,
    ended: u64,
    not_connected: u64,
}

/// What the threads of the soak share.
pub(crate) struct Soak<'a> {
    /// `None` is the pipe: each client has a child of its own.
    transport: Option<&'a Transport>,
    pub(crate) name: &'a str,
    pub(crate) address: Address,
    pub(crate) seed: u64,
    pub(crate) calls: u64,
    number: AtomicU64,
    pub(crate) tally: Mutex<Tally>,
    moved: Condvar,
}

/// Kills, stops and replaces processes until there were enough calls.
#[expect(clippy::print_stderr, reason = "the tally is what it is for")]
pub(crate) fn direct(transport: &str, seed: u64, calls: u64) {
    let before = Census::own();
    let soak = Soak {
        transport: (transport != PIPE).then(|| Transport::named(transport)),
        name: transport,
        address: Address::new(),
        seed,
        calls,
        number: AtomicU64::new(0),
        tally: Mutex::default(),
        moved: Condvar::new(),
    };
    let mut faults = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| soak.call_on());
        scope.spawn(|| soak.call_on());
        faults = match soak.transport {
            Some(_) => Faults::new(&soak).inject(),
            None => soak.attack_children(),
        };
    });
    let tally = soak.tally.lock().unwrap();
    eprintln!(
        "{transport}: {} right answers, {} ran out of time, {} connections ended, {} refused, under {faults} faults, CALC_IPC_SEED={seed}",
        tally.answered, tally.timed_out, tally.ended, tally.not_connected
    );
    drop(tally);
    if soak.transport.is_some() {
        soak.strike();
    }
    assert_eq!(soak.address.leftovers(), [""; 0], "{transport}");
    drop(soak);
    before.await_no_more(transport);
}

fn options() -> ClientOptions {
    ClientOptions {
        call_timeout: Some(TIMEOUT),
        max_message: MAX_MESSAGE,
        ..ClientOptions::default()
    }
}

impl Soak<'_> {
    /// A client that behaves well: it calls, and connects again when its server has gone.
    fn call_on(&self) {
        let mut client = None;
        while self.tally.lock().unwrap().answered < self.calls {
            match client.take().map_or_else(|| self.connect(), Some) {
                Some(connected) => client = self.call(connected),
                None => std::thread::yield_now(),
            }
        }
    }

    fn connect(&self) -> Option<Client> {
        let options = options();
        let begin = Instant::now();
        let made = match self.transport {
            Some(transport) => (transport.connect)(&self.address, &options)
                .map(|channel| Client::new(channel, &options)),
            None => {
                let handler = |message: &[u8], room: &mut [u8]| Some(answer(message, room));
                pipe::create(Handler::bytes(handler), &options)
            }
        };
        self.expect_quick(begin, "connect");
        match made {
            Ok(client) => Some(client),
            Err(error) => {
                let said = format!("{:?}", error.status());
                let is_expected = matches!(said.as_str(), "NotConnected" | "TimedOut" | "Closed");
                self.expect(is_expected, &format!("connect: {error}"));
                self.note(|tally| tally.not_connected += 1);
                None
            }
        }
    }

    /// Gives the client back unless its connection has ended.
    fn call(&self, client: Client) -> Option<Client> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let length = if number.is_multiple_of(16) {
            MIDDLE
        } else {
            SMALL
        };
        let request = message(PLAIN, length, number);
        let begin = Instant::now();
        let said = say_of(&client, &request, &mut [0; MIDDLE]);
        self.expect_quick(begin, &said);
        match said.as_str() {
            "right" => self.note(|tally| tally.answered += 1),
            "TimedOut" => self.note(|tally| tally.timed_out += 1),
            "Closed" | "PeerDied" => {
                self.note(|tally| tally.ended += 1);
                return None;
            }
            _ => self.expect(false, &said),
        }
        Some(client)
    }

    fn expect_quick(&self, begin: Instant, what: &str) {
        let time = begin.elapsed();
        self.expect(time < TIMEOUT + PATIENCE, &format!("{what} took {time:?}"));
    }

    /// Ends the process, all threads included, if something is not so.
    #[expect(clippy::print_stderr, reason = "a failure has to be repeatable")]
    fn expect(&self, is_so: bool, what: &str) {
        if !is_so {
            let name = self.name;
            eprintln!("{name}, CALC_IPC_SEED={}: {what}", self.seed);
            std::process::exit(101);
        }
    }

    fn note(&self, note: impl FnOnce(&mut Tally)) {
        note(&mut self.tally.lock().unwrap());
        self.moved.notify_one();
    }

    /// Waits for so many more of something.
    pub(crate) fn await_more(&self, count: u64, of: impl Fn(&Tally) -> u64) {
        let mut tally = self.tally.lock().unwrap();
        let goal = of(&tally) + count;
        while of(&tally) < goal && tally.answered < self.calls {
            let patience = PATIENCE;
            let (next, result) = self.moved.wait_timeout(tally, patience).unwrap();
            self.expect(!result.timed_out(), "nobody is answered any more");
            tally = next;
        }
    }
}

/// A client that calls until it is killed, or gets a wrong answer.
pub(crate) fn call_until_killed(transport: &Transport, address: &Address) {
    let mut number = u64::from(std::process::id()) << 32;
    let mut room = vec![0; MIDDLE];
    loop {
        let Ok(channel) = (transport.connect)(address, &options()) else {
            std::thread::yield_now();
            continue;
        };
        let client = Client::new(channel, &options());
        let mut said = String::new();
        while !matches!(said.as_str(), "Closed" | "PeerDied") {
            number += 1;
            said = say_of(&client, &message(PLAIN, MIDDLE, number), &mut room);
            let is_known = matches!(said.as_str(), "right" | "TimedOut" | "Closed" | "PeerDied");
            assert!(is_known, "{said}");
        }
    }
}
