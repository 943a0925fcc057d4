//! The bare shared memory: a word says whose turn it is, and the bytes are copied in and out.
//!
//! Small messages stand in the word's own cache line, so that a round trip moves that line to and fro, which is the
//! least that two processors can do.

use super::body::Bodies;
use super::raw_place::{SMALL, message};
use super::{Caller, Callers, Name, await_end, beside};
use crate::cli::ContestantArgs;
use crate::exit::Failure;
use crate::sys::Shared;
use std::fs;
use std::hint;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::thread;

/// Where a small message is, in either direction: behind the word.
const IN_LINE: usize = 16;
/// Where large requests are.
const LARGE: usize = 4096;

/// One side of the conversation.
struct Turns {
    memory: Shared,
    /// Whether to spin, for ever, instead of sleeping at once.
    spins: bool,
}

impl Turns {
    /// Gives the turn to the other side.
    fn pass(&self, turn: u32) {
        self.memory.word().store(turn, Ordering::Release);
        if !self.spins {
            self.memory.wake();
        }
    }

    /// Waits until the word is no longer `turn`, and gives it.
    fn await_other(&self, turn: u32) -> u32 {
        let word = self.memory.word();
        if !self.spins {
            self.memory.wait_while(turn);
        }
        loop {
            let now = word.load(Ordering::Acquire);
            if now != turn {
                return now;
            }
            hint::spin_loop();
        }
    }
}

/// Where requests and answers of this length are.
fn places(size: usize) -> (usize, usize) {
    match size {
        ..=SMALL => (IN_LINE, IN_LINE),
        _ => (LARGE, LARGE + size.next_multiple_of(LARGE)),
    }
}

fn path(args: &ContestantArgs) -> PathBuf {
    beside(&args.address, "memory")
}

fn failure(error: &io::Error) -> Failure {
    Failure::io("shared memory", error)
}

pub(super) fn serve(args: &ContestantArgs) -> Result<(), Failure> {
    let size = message(args);
    let (_, answers) = places(size);
    let memory = Shared::create(&path(args), answers + size.next_multiple_of(LARGE));
    let turns = Turns {
        memory: memory.map_err(|error| failure(&error))?,
        spins: args.name == Name::RawSpin,
    };
    // It ends with the process.
    let thread = thread::Builder::new().spawn(move || echo(&turns, size));
    let result = thread
        .map_err(|error| failure(&error))
        .and_then(|_| await_end());
    let _ = fs::remove_file(path(args));
    result
}

fn echo(turns: &Turns, size: usize) {
    let mut body = vec![0; size];
    let (requests, answers) = places(size);
    let mut turn = 0;
    loop {
        turn = turns.await_other(turn);
        turns.memory.read(requests, &mut body);
        turns.memory.write(answers, &body);
        turn = turn.wrapping_add(1);
        turns.pass(turn);
    }
}

pub(super) fn connect(args: &ContestantArgs) -> Result<Callers, Failure> {
    if args.clients != 1 {
        return Err(Failure::Usage(
            "raw shared memory has one client".to_owned(),
        ));
    }
    let memory = Shared::open(&path(args)).map_err(|error| failure(&error))?;
    let turns = Turns {
        memory,
        spins: args.name == Name::RawSpin,
    };
    let raw = Raw {
        turns,
        turn: 0,
        bodies: Bodies::new(message(args)),
    };
    Ok(Callers::only(raw, None))
}

struct Raw {
    turns: Turns,
    /// The word when it is this side's turn.
    turn: u32,
    bodies: Bodies,
}

impl Caller for Raw {
    fn prepare(&mut self, size: usize, batch: usize) -> Result<(), Failure> {
        if batch != 1 {
            return Err(Failure::Usage(
                "raw shared memory has no batches".to_owned(),
            ));
        }
        self.bodies = Bodies::new(size.max(SMALL));
        Ok(())
    }

    fn round_trip(&mut self, number: u64) -> Result<(), Failure> {
        self.bodies.stamp(number);
        let (requests, answers) = places(self.bodies.request.len());
        self.turns.memory.write(requests, &self.bodies.request);
        let asked = self.turn.wrapping_add(1);
        self.turns.pass(asked);
        self.turn = self.turns.await_other(asked);
        self.turns.memory.read(answers, &mut self.bodies.answer);
        self.bodies.check(self.bodies.answer.len())
    }
}
