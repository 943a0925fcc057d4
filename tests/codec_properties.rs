//! What holds for every message and for every sequence of bytes, tried on many.
#![expect(clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[path = "support/codec.rs"]
mod codec;

use calc_ipc::calculator::text::{parse_request, parse_response};
use calc_ipc::calculator::{ErrorText, Operation, Request, Response, frames};
use calc_ipc::protocol::frame::{self, PREFIX};
use std::{env, fs, thread};

const ROUNDS: usize = 200_000;

/// What the numbers of a run follow from; a run that fails prints it.
struct Seed(u64);

impl Seed {
    /// Of seeds that lie side by side, numbers that have nothing in common: the finaliser of MurmurHash3.
    fn random(&self) -> Random {
        let mut mixed = self.0;
        for factor in [0xFF51_AFD7_ED55_8CCD, 0xC4CE_B9FE_1A85_EC53] {
            mixed = (mixed ^ mixed >> 33).wrapping_mul(factor);
        }
        Random((mixed ^ mixed >> 33).max(1))
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("to repeat it: CODEC_SEED={}", self.0);
        }
    }
}

/// Marsaglia's xorshift64, "Xorshift RNGs", Journal of Statistical Software 8 (2003): the same
/// numbers on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("below a usize")
    }

    /// Of every length equally often, where plain random numbers nearly all have 19 digits.
    fn number(&mut self) -> i64 {
        i64::from_ne_bytes(self.next().to_ne_bytes()) >> self.below(64)
    }

    fn request(&mut self) -> Request {
        Request {
            operation: Operation::ALL[self.below(4)],
            arg1: self.number(),
            arg2: self.number(),
        }
    }

    fn bytes(&mut self, longest: usize) -> Vec<u8> {
        let length = self.below(longest + 1);
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    fn response(&mut self) -> Response {
        if self.below(2) == 0 {
            Ok(self.number())
        } else {
            // Mostly short, since they take ten times as long.
            let longest = 300 >> self.below(6);
            Err(ErrorText::from_bytes(&self.bytes(longest)))
        }
    }

    /// Changes, inserts, removes or doubles a byte, mostly to one that the texts are made of.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const ALPHABET: &[u8] = b"ADSUBMULDIVOKERR 0123456789-+\n\0x\xff";
        let byte = ALPHABET[self.below(ALPHABET.len())];
        let at = self.below(bytes.len() + 1);
        match self.below(4) {
            0 => bytes.insert(at, byte),
            1 if at < bytes.len() => bytes[at] = byte,
            2 if at < bytes.len() => drop(bytes.remove(at)),
            _ if at < bytes.len() => bytes.insert(at, bytes[at]),
            _ => bytes.truncate(self.below(at + 1)),
        }
    }
}

fn random() -> Random {
    Random(0x9E37_79B9_7F4A_7C15)
}

fn request_body(request: &Request) -> Vec<u8> {
    let mut bytes = Vec::new();
    frames::append_request(&mut bytes, request);
    frame::body(&bytes).expect("one frame").to_vec()
}

fn response_body(response: &Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    frames::append_response(&mut bytes, response);
    frame::body(&bytes).expect("one frame").to_vec()
}

#[test]
fn what_is_serialised_parses_back() {
    let mut random = random();
    for _ in 0..ROUNDS {
        let (request, response) = (random.request(), random.response());
        assert_eq!(parse_request(&request_body(&request)), Ok(request));
        assert_eq!(parse_response(&response_body(&response)), Some(response));
    }
}

/// Bodies of messages with a few bytes changed, `rounds` of them; gives how many are messages still.
fn check_mutants(mut random: Random, rounds: usize) -> usize {
    let mut body = Vec::new();
    let mut accepted = 0;
    for _ in 0..rounds {
        body.clear();
        if random.below(2) == 0 {
            frames::append_request(&mut body, &random.request());
        } else {
            frames::append_response(&mut body, &random.response());
        }
        body.drain(..PREFIX);
        for _ in 0..=random.below(3) {
            random.mutate(&mut body);
        }
        accepted += usize::from(codec::check(&body));
    }
    accepted
}

/// A number from the environment: `scripts/codec.sh` asks for more than a test has time for.
fn asked(variable: &str, otherwise: usize) -> usize {
    env::var(variable).map_or(otherwise, |text| text.parse().expect("a number"))
}

#[test]
fn what_parses_is_what_serialising_gives() {
    let rounds = asked("CODEC_ROUNDS", ROUNDS);
    let seed = asked("CODEC_SEED", usize::MAX / 3) as u64;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = rounds.div_ceil(threads);
    let accepted: usize = thread::scope(|scope| {
        let check = |index| {
            let seed = Seed(seed.wrapping_add(index));
            check_mutants(seed.random(), share)
        };
        let running: Vec<_> = (0..threads as u64)
            .map(|index| scope.spawn(move || check(index)))
            .collect();
        let ended = running.into_iter().map(|thread| thread.join());
        ended.map(|accepted| accepted.expect("see above")).sum()
    });
    let rounds = share * threads;
    // Both outcomes are common, so both were tried.
    assert!(
        (rounds / 10..rounds * 9 / 10).contains(&accepted),
        "{accepted} of {rounds}"
    );
}

#[test]
fn bytes_at_random_are_no_message() {
    let mut random = random();
    for _ in 0..ROUNDS {
        let bytes = random.bytes(64);
        assert!(!codec::check(&bytes), "{bytes:x?}");
        assert_eq!(frame::body(&bytes), None, "{bytes:x?}");
    }
}

#[test]
fn every_error_text_is_one_that_the_wire_can_carry() {
    let mut random = random();
    for _ in 0..ROUNDS {
        let text = ErrorText::from_bytes(&random.bytes(300));
        assert!(text.as_bytes().len() <= ErrorText::CAPACITY);
        assert!(!text.as_str().chars().any(char::is_control));
        assert_eq!(text.as_str().as_bytes(), text.as_bytes());
        assert_eq!(ErrorText::exact(text.as_bytes()), Some(text));
    }
}

#[test]
fn the_corpus_of_the_fuzz_target_holds_messages_and_others() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/text");
    let accepted: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|file| codec::check(&fs::read(file.expect("a file").path()).expect("its bytes")))
        .collect();
    assert!(accepted.contains(&true) && accepted.contains(&false));
}
