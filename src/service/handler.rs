//! Handlers: what turns a request into a response.

use crate::protocol::{self, Request, Response};

/// What answers requests.
pub enum Handler {
    /// The built-in calculator.
    Calculator,
    /// A function of the user's.
    Custom(Box<dyn Fn(&Request) -> Response + Send + Sync>),
}

impl Handler {
    /// A handler from a function.
    pub fn new(function: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self::Custom(Box::new(function))
    }

    pub(crate) fn respond(&self, request: &Request) -> Response {
        match self {
            Self::Calculator => protocol::execute(request),
            Self::Custom(function) => function(request),
        }
    }
}
