//! Messages of any kind, answered by a function of the user's when it likes.

use super::user_code::{self, UserCode};
use crate::error::Result;
use crate::protocol::ErrorText;
use crate::protocol::frame::Notice;
use crate::transport::{Answer, Deferral, Defers, Promise, Visit, Visitor, Written};
use std::sync::Arc;

/// The type of a function behind [`Handler::Deferred`](super::Handler::Deferred).
pub type DeferredFunction = dyn Fn(Reply, &[u8]) + Send + Sync;

/// The right to answer one request, once, from any thread. Until then its connection is parked: no further request of
/// it is read.
///
/// It outlives the connection and the server; dropped without an answer, it fails, for what its handler has said by
/// [`current_failure`](super::current_failure) where that drops it.
#[derive(Debug)]
pub struct Reply(Option<Promise>);

impl Reply {
    /// Of the request with this number.
    pub(crate) fn from_parts(deferral: Arc<Deferral>, number: u32) -> Self {
        Self(Some(Promise::new(deferral, number)))
    }

    /// What it is about, and the number of its request, if it was not ended: whoever has them has it.
    pub(crate) fn into_parts(mut self) -> Option<(Arc<Deferral>, u32)> {
        self.0.take().map(Promise::into_parts)
    }

    /// Answers with these bytes, and never waits. `Ok`: they were taken, which does not say that they arrive. One over
    /// the server's `max_message` fails, and the client learns that the handler failed.
    pub fn send(mut self, answer: &[u8]) -> Result<()> {
        self.0.take().map_or(Ok(()), |promise| promise.keep(answer))
    }

    /// Tells the client that the handler failed, and the server's side why, as
    /// [`current_failure`](super::current_failure) does.
    pub fn fail(mut self, why: &[u8]) {
        self.end(why);
    }

    /// The same, where nothing is said but what [`current_failure`](super::current_failure) was told in the handler that
    /// this thread is inside of; else `otherwise`.
    pub(crate) fn fail_as_said(mut self, otherwise: &[u8]) {
        self.end_as_said(otherwise);
    }

    /// Whether the connection is there, as far as is known; the caller may have given up all the same.
    pub fn check(&self) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), Promise::check)
    }

    #[cold]
    fn end_as_said(&mut self, otherwise: &[u8]) {
        let said = user_code::said();
        self.end(said.as_ref().map_or(otherwise, ErrorText::as_bytes));
    }

    fn end(&mut self, why: &[u8]) {
        if let Some(promise) = self.0.take() {
            // Nobody is left to be told.
            let _ = promise.break_off(ErrorText::from_bytes(why).as_bytes());
        }
    }
}

impl Drop for Reply {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_some() {
            self.end_as_said(b"the reply was dropped without an answer");
        }
    }
}

/// Hands bodies over, with the right to answer them.
pub(super) struct Deferred {
    pub(super) function: Box<DeferredFunction>,
    pub(super) user_code: Arc<UserCode>,
}

impl Answer for Deferred {
    fn answer(&self, _from: &Visitor, _body: &[u8], _room: &mut [u8]) -> Written {
        unreachable!("whoever serves asks what it defers to")
    }

    fn too_large(&self, _room: &mut [u8]) -> Written {
        Err(Notice::TooLarge)
    }

    fn longest_answer(&self, max_message: u32) -> u32 {
        max_message
    }

    fn takes_aligned(&self) -> bool {
        true
    }

    fn is_for_many_threads(&self) -> bool {
        false
    }

    fn note(&self, visitor: &Visitor, visit: Visit) {
        self.user_code.note(visitor, visit);
    }

    fn deferring(&self) -> Option<&dyn Defers> {
        Some(self)
    }
}

impl Defers for Deferred {
    fn ask(&self, from: &Visitor, body: &[u8], promise: Promise) {
        let reply = Reply(Some(promise));
        // A function that panics drops the reply, if it did not keep it.
        self.user_code.call(from, || (self.function)(reply, body));
        self.user_code.forget_failure();
    }

    fn has_failed(&self, from: &Visitor, why: &[u8]) {
        self.user_code.has_failed(from, &ErrorText::from_bytes(why));
    }
}
