//! Calls of every kind in any order over any number of connections: each completes exactly once, with its own answer or the
//! reason why there is none, and the host's loop is woken for it.
//!
//! `CALC_IPC_CALLS` says how many calls are made over each transport.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "this is a test"
)]

#[macro_use]
mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler, Limit, Next};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;
use support::random::Random;
use support::{Address, PATIENCE, TRANSPORTS, is_readable_within};

/// The calls over each transport, where nothing else is asked for: fewer under Wine, each of whose takes ten times as long.
const CALLS: u64 = if cfg!(windows) { 20_000 } else { 100_000 };

/// Calls in a row over one client.
const SERIES: u64 = 2500;

const LOOK: Option<Duration> = Some(Duration::ZERO);

/// Gives each message back, some of them late: where the eighth byte is 1.
fn handler() -> Handler {
    Handler::bytes(|request, room| {
        if request.get(8) == Some(&1) {
            thread::sleep(Duration::from_millis(2));
        }
        room.get_mut(..request.len())?.copy_from_slice(request);
        Some(request.len())
    })
}

/// A message that no other is like.
fn message(number: u64, random: &mut Random) -> Vec<u8> {
    let mut message = number.to_le_bytes().to_vec();
    message.push(u8::from(random.pick(200) == 0));
    let length = match random.pick(20) {
        0 => random.pick(5000),
        _ => random.pick(60),
    };
    message.resize(9 + usize::try_from(length).unwrap(), 7);
    message
}

/// A client, and what it was asked and did not tell of yet.
struct Series<'a> {
    client: &'a Client,
    random: Random,
    /// The number of each call that is under way, and the length of its message.
    open: BTreeMap<u64, (u64, usize)>,
    /// It cancels calls, and gives some too little time.
    gives_up: bool,
    /// Some call was given up, whose answer may come at any time, or had a time that may be over at any time.
    may_wake: bool,
    /// The server rings behind an answer, which may be taken before: once for each.
    rings_late: bool,
    /// So many connections take their time to be made, each of which may wake when nothing is under way any more.
    connecting: u64,
    /// Answers taken since it was quiet.
    answered: u64,
    /// The last number given.
    last: &'a AtomicU64,
}

impl Series<'_> {
    fn submit(&mut self) {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let message = message(number, &mut self.random);
        let limit = match self.random.pick(10) {
            0 if self.gives_up => {
                self.may_wake = true;
                Limit::Own(Some(Duration::from_micros(self.random.pick(2000) + 1)))
            }
            1 => Limit::Usual,
            _ => Limit::Own(None),
        };
        match self.client.submit(limit, &message, number) {
            Ok(id) => {
                let earlier = self.open.insert(id, (number, message.len()));
                assert_eq!(earlier, None, "a number was used again");
            }
            // It may be that all that is owed is for calls which were given up.
            Err(error) => assert_eq!(error.status(), Status::Busy, "{error}"),
        }
    }

    fn cancel(&mut self) {
        let place = usize::try_from(self.random.pick(64)).unwrap();
        if let Some(id) = self.open.keys().nth(place).copied() {
            self.may_wake = true;
            self.client.cancel(id).unwrap();
        }
    }

    fn call(&mut self) {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let message = message(number, &mut self.random);
        let mut answer = vec![0; message.len()];
        match self.client.call_bytes(&message, &mut answer) {
            Ok(length) => assert_eq!(answer[..length], message),
            Err(error) => {
                assert_eq!(error.status(), Status::Busy, "{error}");
                assert!(error.is_not_executed());
                assert_ne!(self.open.len(), 0, "nothing has the connection");
            }
        }
    }

    /// Takes a completion, if there is one.
    fn take(&mut self, wait: Option<Duration>) -> bool {
        let mut answer = vec![0; 6000];
        match self.client.next(wait, &mut answer) {
            Ok(Next::Completion(completion)) => {
                let (number, length) = self.open.remove(&completion.id).unwrap();
                assert_eq!(completion.tag, number);
                match completion.outcome {
                    Ok(told) => {
                        self.answered += 1;
                        assert_eq!(told, length);
                        assert_eq!(answer[..8], number.to_le_bytes());
                    }
                    Err(error) => {
                        self.may_wake = true;
                        let status = error.status();
                        assert!(
                            matches!(status, Status::TimedOut | Status::Cancelled),
                            "{error}"
                        );
                    }
                }
                true
            }
            Ok(Next::NoRoom(length)) => panic!("{length}"),
            Err(error) => {
                assert_eq!(error.status(), Status::TimedOut, "{error}");
                false
            }
        }
    }

    /// Waits as a host's loop does, then takes what there is.
    fn await_and_take(&mut self) {
        if !self.open.is_empty() {
            assert!(
                is_readable_within(&self.client.source().unwrap(), PATIENCE),
                "it never wakes"
            );
        }
        while self.take(LOOK) {}
        let late_rings = std::mem::take(&mut self.answered);
        if self.open.is_empty() && !self.may_wake {
            self.await_quiet(if self.rings_late { late_rings } else { 0 });
        }
    }

    /// Nothing is under way, so the host's loop is not woken any more, but for so many rings that come behind their answers, and
    /// by connections that were begun for calls which others had taken.
    fn await_quiet(&mut self, mut late_rings: u64) {
        while is_readable_within(&self.client.source().unwrap(), Duration::ZERO) {
            let reason = match late_rings {
                0 => &mut self.connecting,
                _ => &mut late_rings,
            };
            assert!(*reason > 0, "it is never quiet");
            *reason -= 1;
            assert!(!self.take(LOOK), "nothing was asked");
        }
    }

    fn run(&mut self, calls: u64, loops: bool) {
        for _ in 0..calls {
            match self.random.pick(20) {
                0 if self.gives_up => self.cancel(),
                1 => self.call(),
                2..5 if loops => self.await_and_take(),
                2..7 => drop(self.take(LOOK)),
                7 if !self.open.is_empty() => assert!(self.take(Some(PATIENCE)), "it never comes"),
                _ => self.submit(),
            }
        }
        while !self.open.is_empty() {
            assert!(self.take(Some(PATIENCE)), "it never comes");
        }
    }
}

fn try_over(name: &str) {
    let asked = std::env::var("CALC_IPC_CALLS");
    let calls = asked.map_or(CALLS, |calls| calls.parse().expect("a number"));
    let transport = TRANSPORTS.iter().find(|each| each.name == name).unwrap();
    let address = Address::new();
    let options = ServerOptions {
        workers: 2,
        ..ServerOptions::default()
    };
    let server = transport.serve(&address, handler(), &options);
    let place = transport.place(&address);
    for seed in 0..calls / SERIES {
        println!("seed {seed}");
        let mut random = Random::new(seed);
        let options = ClientOptions {
            connections: u32::try_from(random.pick(9)).unwrap(),
            ..ClientOptions::default()
        };
        let client = Client::connect(&place, &options).unwrap();
        Series {
            client: &client,
            random,
            open: BTreeMap::new(),
            gives_up: seed % 3 != 0,
            may_wake: false,
            rings_late: name == "shm",
            connecting: match name {
                "tcp" => u64::from(options.connections.saturating_sub(1)), // The first is there before.
                _ => 0,
            },
            answered: 0,
            last: &AtomicU64::new(0),
        }
        .run(SERIES, seed % 2 == 0);
    }
    server.stop().unwrap();
    assert_eq!(address.leftovers(), [""; 0]);
}

over_each_by_itself!(try_over);
