//! Ending what waits on a connection, from anywhere.

use super::node::{Node, Source};
use super::signal::Bell;
use super::stream::Stream;
use crate::sys::mutex::lock;
use std::sync::Mutex;

/// What ends the waits on a connection.
#[derive(Debug)]
pub enum Lifeline<'a> {
    /// The connection that is waited on: its operations are cancelled.
    Socket(Source<'a>),
    /// A bell that all waits watch: it is rung.
    Bell(&'a Bell),
    /// There is nothing to wait on, as in a test.
    None,
}

/// Ends the waits on one connection after another, from any thread. Windows calls what a host does about its console on a
/// thread of its own, so that locks do no harm.
#[derive(Debug)]
pub(crate) struct Hangup(Mutex<State>);

#[derive(Debug)]
struct State {
    watched: Watched,
    has_hung_up: bool,
}

#[derive(Debug)]
enum Watched {
    Nothing,
    Connection(Node),
    /// What the bell stands for.
    Bell(Bell),
}

impl Hangup {
    /// Nothing to end yet.
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(State {
            watched: Watched::Nothing,
            has_hung_up: false,
        }))
    }

    /// This connection's waits are ended from now on, at once if all were to end before. [`Hangup::forget`] comes before its
    /// end.
    pub(crate) fn watch(&self, lifeline: &Lifeline<'_>) {
        let mut state = lock(&self.0);
        state.watched = match lifeline {
            Lifeline::Socket(source) => Watched::Connection((*source).clone()),
            Lifeline::Bell(bell) => Watched::Bell(bell.same()),
            Lifeline::None => Watched::Nothing,
        };
        if state.has_hung_up {
            state.watched.end();
        }
    }

    /// The connection is about to be closed.
    pub(crate) fn forget(&self) {
        lock(&self.0).watched = Watched::Nothing;
    }

    /// Ends what waits, and what will.
    pub(crate) fn hang_up(&self) {
        let mut state = lock(&self.0);
        state.has_hung_up = true;
        state.watched.end();
    }
}

impl Watched {
    fn end(&self) {
        match self {
            Self::Nothing => {}
            Self::Connection(node) => {
                if let Ok(stream) = Stream::of(node) {
                    stream.hang_up();
                }
            }
            Self::Bell(bell) => bell.ring(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;
    use crate::sys::ready::{Ready, Want};
    use crate::sys::windows::stream::tests::pair;
    use crate::sys::{AsSource as _, poll, socket};
    use std::io::ErrorKind;

    #[test]
    fn a_wait_ends_whether_it_began_before_or_after() {
        for is_late in [false, true] {
            for [own, _peer] in pair() {
                let hangup = Hangup::new();
                if is_late {
                    hangup.hang_up();
                }
                hangup.watch(&Lifeline::Socket(own.as_source()));
                std::thread::scope(|scope| {
                    let waiter = scope.spawn(|| socket::recv(own.as_source(), &mut [0]));
                    hangup.hang_up();
                    assert_eq!(waiter.join().unwrap().unwrap(), 0);
                });
                let sent = socket::send_now(own.as_source(), b"x").unwrap_err();
                assert_eq!(sent.kind(), ErrorKind::BrokenPipe);
            }
        }
    }

    #[test]
    fn a_bell_is_rung_and_none_is_no_harm() {
        let bell = Bell::new().unwrap();
        let hangup = Hangup::new();
        hangup.watch(&Lifeline::Bell(&bell));
        hangup.hang_up();
        let state = poll::state(bell.as_source(), Want::READ).unwrap();
        assert!(state.contains(Ready::READABLE));
        hangup.watch(&Lifeline::None);
        hangup.hang_up();
    }

    #[test]
    fn what_was_forgotten_is_left_alone() {
        for [own, peer] in pair() {
            let hangup = Hangup::new();
            hangup.watch(&Lifeline::Socket(own.as_source()));
            hangup.forget();
            hangup.hang_up();
            let error = socket::recv_now(peer.as_source(), &mut [0]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        }
    }
}
