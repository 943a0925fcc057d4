//! Handlers: what turns a request into an answer. This is the list of their kinds, each of which is an [`Answer`].

#[cfg(test)]
mod tests;

use super::bytes::{Bytes, BytesFunction, InPlaceFunction};
use super::calculator::{self, CalculatorFunction};
use super::deferred::{Deferred, DeferredFunction, Reply};
use super::user_code::UserCode;
use crate::calculator::{Request, Response};
use crate::transport::Answer;
use std::sync::Arc;

/// What answers requests.
pub enum Handler {
    /// The built-in calculator.
    Calculator,
    /// A function of the user's, for requests of the calculator's kind.
    Custom(Box<CalculatorFunction>),
    /// A function of the user's, for messages of any kind: it reads the request's body, writes the
    /// answer's body to the start of the room it is given, and gives its length. `None`, or more
    /// than the room, is failure. Both are aligned to [`ALIGNMENT`](crate::transport::ALIGNMENT).
    Bytes(Box<BytesFunction>),
    /// The same, which is given the request where it lies. With [`in_place`](crate::transport::ServerOptions::in_place), the
    /// client may change it meanwhile.
    InPlace(Box<InPlaceFunction>),
    /// A function of the user's, for messages of any kind, that may answer later: it is given the right to answer the
    /// request, and the request's body.
    Deferred(Box<DeferredFunction>),
}

impl Handler {
    /// A handler from a function. One that panics answers an error.
    pub fn new(function: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self::Custom(Box::new(function))
    }

    /// A handler of messages of any kind, see [`Handler::Bytes`].
    pub fn bytes(
        function: impl Fn(&[u8], &mut [u8]) -> Option<usize> + Send + Sync + 'static,
    ) -> Self {
        Self::Bytes(Box::new(function))
    }

    /// A handler of messages of any kind that may answer later, see [`Handler::Deferred`].
    pub fn deferred(function: impl Fn(Reply, &[u8]) + Send + Sync + 'static) -> Self {
        Self::Deferred(Box::new(function))
    }

    /// What a transport asks for answers. Each kind is a type of its own, so that an answer takes one virtual call.
    pub(super) fn into_answer(self, user_code: Arc<UserCode>) -> Box<dyn Answer + Send> {
        match self {
            Self::Calculator => calculator::built_in(user_code),
            Self::Custom(function) => calculator::custom(function, user_code),
            Self::Bytes(function) => Box::new(Bytes {
                function,
                user_code,
            }),
            Self::InPlace(function) => Box::new(Bytes {
                function,
                user_code,
            }),
            Self::Deferred(function) => Box::new(Deferred {
                function,
                user_code,
            }),
        }
    }
}
