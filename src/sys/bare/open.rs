//! What is open, watched and rung elsewhere.

use super::Absent;
use crate::sys::ready::{Ready, Want};
use std::io;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Handle(Absent);

impl Handle {
    lacking! {
        fn spare() -> Self;
    }
    never! {
        fn duplicate() -> io::Result<Self>;
        fn bequeath() -> ();
        fn own() -> ();
        fn is_own() -> bool;
        fn set_nonblocking() -> io::Result<()>;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        match self.0 {}
    }
}

pub(crate) type Source<'a> = &'a Absent;

pub(crate) trait AsSource {
    fn as_source(&self) -> Source<'_>;
}

impl AsSource for Handle {
    fn as_source(&self) -> Source<'_> {
        &self.0
    }
}

/// Wakes another thread or process, on systems with a way to.
#[derive(Debug)]
pub struct Bell(Absent);

impl Bell {
    lacking! {
        fn new() -> Self;
    }
    never! {
        fn has_rung() -> bool;
        fn bequeath() -> ();
        fn own() -> ();
        fn ring() -> ();
        fn silence() -> ();
        fn renew() -> io::Result<()>;
    }
}

impl AsSource for Bell {
    fn as_source(&self) -> Source<'_> {
        &self.0
    }
}

#[derive(Debug)]
pub(crate) struct Poller(Absent);

impl Poller {
    lacking! {
        fn new() -> Self;
    }
    never! {
        fn duplicate() -> io::Result<Self>;
        fn add(Source<'_>, Want, u64) -> io::Result<()>;
        fn change(Source<'_>, Want, u64) -> io::Result<()>;
        fn remove(Source<'_>) -> io::Result<()>;
        fn wait(&mut [Event], Option<Duration>) -> io::Result<usize>;
    }
}

impl AsSource for Poller {
    fn as_source(&self) -> Source<'_> {
        &self.0
    }
}

#[derive(Debug)]
pub(crate) struct Timer(Absent);

impl Timer {
    lacking! {
        fn new() -> Self;
    }
    never! {
        fn set(Option<Duration>) -> io::Result<()>;
    }
}

impl AsSource for Timer {
    fn as_source(&self) -> Source<'_> {
        &self.0
    }
}

/// What ends the waits on a connection, of which there are none.
#[derive(Debug)]
pub enum Lifeline<'a> {
    /// A socket that is waited on.
    Socket(Source<'a>),
    /// A bell that all waits watch.
    Bell(&'a Bell),
    /// Nothing that is waited on.
    None,
}

/// Ends no waits.
#[derive(Debug)]
pub(crate) struct Hangup;

impl Hangup {
    pub(crate) const fn new() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "the other systems' have a state")]
    pub(crate) fn watch(&self, _lifeline: &Lifeline<'_>) {}

    #[expect(clippy::unused_self, reason = "the other systems' have a state")]
    pub(crate) fn forget(&self) {}

    #[expect(clippy::unused_self, reason = "the other systems' have a state")]
    pub(crate) fn hang_up(&self) {}
}

/// Room for what a poller tells; nothing is ever in it.
#[derive(Clone, Copy)]
pub(crate) struct Event;

impl Event {
    pub(crate) const EMPTY: Self = Self;

    pub(crate) fn token(&self) -> u64 {
        0
    }

    pub(crate) fn ready(&self) -> Ready {
        Ready::NOTHING
    }
}
