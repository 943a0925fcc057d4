//! What handlers leave behind: how many requests they were given, in memory that forked children share.

#![allow(dead_code, reason = "each test file uses its part")]

#[cfg(unix)]
use crate::support::processes::SharedValue;
use calc_ipc::calculator::Response;
use calc_ipc::error::Error;
use calc_ipc::service::{Client, Handler};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Counts requests, and keeps handlers from ending while it is shut.
#[derive(Default)]
pub(crate) struct Tally {
    given: AtomicU32,
    is_shut: AtomicU32,
    process: AtomicU32,
}

/// Keeps handlers waiting while it lives.
pub(crate) struct Shut(&'static Tally);

impl Drop for Shut {
    fn drop(&mut self) {
        self.0.is_shut.store(0, Ordering::SeqCst);
    }
}

impl Tally {
    /// One at zero, open, which is never freed.
    #[cfg(unix)]
    pub(crate) fn new() -> &'static Self {
        SharedValue::forever(Self::default())
    }

    /// One at zero, open, which is never freed. Nobody forks.
    #[cfg(windows)]
    pub(crate) fn new() -> &'static Self {
        Box::leak(Box::default())
    }

    /// How many requests handlers were given.
    pub(crate) fn given(&self) -> u32 {
        self.given.load(Ordering::SeqCst)
    }

    /// Waits until handlers were given so many requests.
    pub(crate) fn await_given(&self, count: u32) {
        while self.given() < count {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// From now on handlers wait, until what this gives is dropped: a test that fails does not hang.
    pub(crate) fn shut(&'static self) -> Shut {
        self.is_shut.store(1, Ordering::SeqCst);
        Shut(self)
    }

    /// The process that was given a request last.
    #[cfg(unix)]
    pub(crate) fn process(&self) -> libc::pid_t {
        libc::pid_t::try_from(self.process.load(Ordering::SeqCst)).expect("a number of a process")
    }

    fn note(&self) {
        self.process.store(std::process::id(), Ordering::SeqCst);
        self.given.fetch_add(1, Ordering::SeqCst);
        while self.is_shut.load(Ordering::SeqCst) != 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Gives messages back; fails where one is just "fail", and answers "long" with 5000 bytes.
    pub(crate) fn echo(&'static self) -> Handler {
        Handler::bytes(|message, answer| {
            self.note();
            if message == b"fail" {
                return None;
            }
            if message == b"long" {
                return Some(5000);
            }
            answer.get_mut(..message.len())?.copy_from_slice(message);
            Some(message.len())
        })
    }

    /// Gives the first argument back.
    pub(crate) fn first(&'static self) -> Handler {
        Handler::new(|request| -> Response {
            self.note();
            Ok(request.arg1)
        })
    }
}

/// Asks for `message` back.
pub(crate) fn ask(client: &Client, message: &[u8]) -> Result<(), Error> {
    let mut answer = vec![0; message.len()];
    let length = client.call_bytes(message, &mut answer)?;
    assert_eq!(length, message.len());
    assert!(answer == message, "another answer");
    Ok(())
}
