//! What two pipes are waited for, and how they end.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::pipe::Pipe;
use crate::sys::ready::Want;
use crate::sys::{AsSource, Handle, Source, transfer};
use crate::transport::stand_in::{ScriptedStream, blocked};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A pair, and the peer's ends of it.
struct Pipes {
    pair: PipePair,
    /// What the pair reads from is written here.
    theirs: Option<Handle>,
    /// What the pair writes to is read here.
    requests: Handle,
}

fn pipes() -> Pipes {
    let (answers, requests) = (Pipe::new().unwrap(), Pipe::new().unwrap());
    for end in [&answers.read, &requests.write, &requests.read] {
        end.set_nonblocking().unwrap();
    }
    let own_reader = requests.read.duplicate().unwrap();
    Pipes {
        pair: PipePair::new(answers.read, requests.write, own_reader),
        theirs: Some(answers.write),
        requests: requests.read,
    }
}

impl Pipes {
    fn answer(&self) {
        transfer::write(self.theirs.as_ref().unwrap().as_source(), b"answer").unwrap();
    }

    /// Writes until there is no room.
    fn fill(&mut self) {
        while self.pair.write(&[7; 4096]).is_ok() {}
    }

    fn drain(&self) {
        while transfer::read(self.requests.as_source(), &mut [0; 4096]).is_ok() {}
    }
}

/// A descriptor that says that the peer has ended, and one that does not.
fn ends() -> (Handle, Pipe) {
    let ended = Pipe::new().unwrap().read;
    (ended, Pipe::new().unwrap())
}

fn now() -> Deadline {
    Deadline::after(Some(Duration::ZERO))
}

/// Long enough for an end to show: a program that another test executes has copies of all descriptors for a moment.
fn a_minute() -> Deadline {
    Deadline::after(Some(Duration::from_mins(1)))
}

fn kind<T>(result: io::Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

#[test]
fn an_answer_is_waited_for_until_the_deadline_or_an_end() {
    let mut pipes = pipes();
    let (ended, living) = ends();
    let living = living.read.as_source();
    for end in [None, Some(living)] {
        let waited = pipes.pair.await_input(end, &now());
        assert_eq!(kind(waited), ErrorKind::TimedOut);
    }
    assert_eq!(
        kind(pipes.pair.read_by(&mut [0; 9], &now())),
        ErrorKind::TimedOut
    );
    let waited = pipes.pair.await_input(Some(ended.as_source()), &a_minute());
    assert_eq!(kind(waited), ErrorKind::ConnectionAborted);
    pipes.answer();
    for end in [None, Some(living), Some(ended.as_source())] {
        pipes.pair.await_input(end, &now()).unwrap();
    }
    assert_eq!(pipes.pair.read_by(&mut [0; 9], &now()).unwrap(), 6);
    drop(pipes.theirs.take());
    for end in [None, Some(living), Some(ended.as_source())] {
        pipes.pair.await_input(end, &a_minute()).unwrap();
    }
    assert_eq!(pipes.pair.read_by(&mut [0; 9], &a_minute()).unwrap(), 0);
}

#[test]
fn one_that_was_halted_waits_for_nothing_but_takes_what_is_there() {
    let mut pipes = pipes();
    pipes.pair = pipes.pair.with_lifeline().unwrap();
    let (ended, living) = ends();
    let (ended, living) = (ended.as_source(), living.read.as_source());
    for (end, deadline, expected) in [
        (None, now(), ErrorKind::TimedOut),
        (Some(living), now(), ErrorKind::TimedOut),
        (Some(ended), a_minute(), ErrorKind::ConnectionAborted),
    ] {
        assert_eq!(kind(pipes.pair.await_input(end, &deadline)), expected);
    }
    pipes.pair.halt.as_ref().unwrap().ring();
    for end in [None, Some(living), Some(ended)] {
        let waited = pipes.pair.await_input(end, &a_minute());
        assert_eq!(kind(waited), ErrorKind::Interrupted);
    }
    pipes.answer();
    pipes.pair.await_input(None, &a_minute()).unwrap();
}

#[test]
fn room_is_waited_for_until_the_deadline_or_an_end() {
    let mut pipes = pipes();
    pipes.pair.await_room(&now()).unwrap();
    pipes.pair.await_any(&now()).unwrap();
    pipes.fill();
    assert_eq!(kind(pipes.pair.await_room(&now())), ErrorKind::TimedOut);
    assert_eq!(kind(pipes.pair.await_any(&now())), ErrorKind::TimedOut);
    let (ended, living) = ends();
    for (end, deadline, expected) in [
        (living.read.as_source(), now(), ErrorKind::TimedOut),
        (ended.as_source(), a_minute(), ErrorKind::ConnectionAborted),
    ] {
        for wanted in [Want::NOTHING, Want::READ] {
            let waited = pipes.pair.await_output(wanted, Some(end), &deadline);
            assert_eq!(kind(waited), expected);
        }
    }
    pipes.answer();
    assert_eq!(kind(pipes.pair.await_room(&now())), ErrorKind::TimedOut);
    pipes.pair.await_any(&now()).unwrap();
    pipes.drain();
    pipes.pair.await_room(&now()).unwrap();
    let waited = pipes
        .pair
        .await_output(Want::NOTHING, Some(ended.as_source()), &now());
    waited.unwrap();
}

#[test]
fn who_has_gone_makes_no_room() {
    let mut pipes = pipes();
    pipes.fill();
    drop(pipes.theirs.take());
    assert_eq!(
        kind(pipes.pair.await_room(&a_minute())),
        ErrorKind::BrokenPipe
    );
    assert_eq!(
        kind(pipes.pair.await_any(&a_minute())),
        ErrorKind::BrokenPipe
    );
}

#[test]
fn a_prefix_and_a_body_are_written_at_once() {
    let mut pipes = pipes();
    assert_eq!(pipes.pair.write_frame(b"pre", b"body").unwrap(), 7);
    let mut bytes = [0; 9];
    assert_eq!(
        transfer::read(pipes.requests.as_source(), &mut bytes).unwrap(),
        7
    );
    assert_eq!(&bytes, b"prebody\0\0");
}

#[test]
fn both_pipes_are_watched() {
    let pipes = pipes();
    let names = |source: Source<'_>| format!("{source:?}");
    assert_eq!(
        names(pipes.pair.input()),
        names(pipes.pair.input.as_source())
    );
    assert_eq!(
        pipes.pair.output().map(names),
        Some(names(pipes.pair.output.as_source()))
    );
}

#[test]
fn only_what_is_not_there_yet_is_waited_for() {
    let bytes = |count| Ok(vec![7; count]);
    let reset = || Err(ErrorKind::ConnectionReset.into());
    for (reads, expected, waits) in [
        (vec![bytes(3)], Ok(3), 0),
        (vec![blocked(), blocked(), bytes(5)], Ok(5), 2),
        (vec![blocked(), bytes(0)], Ok(0), 1),
        (vec![reset(), bytes(1)], Err(ErrorKind::ConnectionReset), 0),
    ] {
        let waited = std::cell::Cell::new(0);
        let mut stream = ScriptedStream::giving(reads);
        let read = read_or_wait(&mut stream, &mut [0; 9], |_| {
            waited.set(waited.get() + 1);
            Ok(())
        });
        assert_eq!(read.map_err(|error| error.kind()), expected);
        assert_eq!(waited.get(), waits);
    }
    let mut silent = ScriptedStream::new();
    let read = read_or_wait(&mut silent, &mut [0; 9], |_| in_time(false));
    assert_eq!(kind(read), ErrorKind::TimedOut);
}

/// poll(2) looks at one place after the other, and the input is in several.
#[test]
fn an_answer_that_comes_while_places_are_looked_at_is_no_end() {
    const ROUNDS: usize = 100_000;
    let mut pipes = pipes();
    pipes.fill();
    let theirs = pipes.theirs.take().unwrap();
    let turn = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..ROUNDS {
                let mut looks = 0;
                while turn.load(Ordering::SeqCst) == round {
                    looks += 1;
                    match looks % 1000 {
                        0 => std::thread::yield_now(), // The other may be on this CPU.
                        _ => std::hint::spin_loop(),
                    }
                }
                (0..round % 64).for_each(|_| std::hint::spin_loop());
                transfer::write(theirs.as_source(), b"a").unwrap();
            }
        });
        for round in 0..ROUNDS {
            turn.store(round + 1, Ordering::SeqCst);
            if let Err(error) = pipes.pair.await_any(&a_minute()) {
                turn.store(usize::MAX, Ordering::SeqCst);
                panic!("{error}");
            }
            while pipes.pair.read(&mut [0]).is_err() {}
        }
    });
}
