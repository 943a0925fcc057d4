//! Handlers: what turns a request into a response, and how it is called.

use crate::protocol::frame::{Notice, append_response};
use crate::protocol::text;
use crate::protocol::{self, ErrorText, Request, Response};
use crate::sys::panic;
use crate::transport::{Answer, Outbox, Visit};
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What answers requests.
pub enum Handler {
    /// The built-in calculator.
    Calculator,
    /// A function of the user's.
    Custom(Box<dyn Fn(&Request) -> Response + Send + Sync>),
    /// A function of the user's, for messages of any kind: it reads the request's body, writes the
    /// answer's body to the start of the room it is given, and gives its length. `None`, or more
    /// than the room, is failure.
    Bytes(Box<BytesFunction>),
}

/// The type of a function behind [`Handler::Bytes`].
pub type BytesFunction = dyn Fn(&[u8], &mut [u8]) -> Option<usize> + Send + Sync;

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
}

/// What is told of the clients of a server, on the threads that serve: it should be quick.
pub type Observer = dyn Fn(Visit) + Send + Sync;

/// Answers the messages of one server: parses, asks the handler, formats.
pub(super) struct Answerer {
    handler: Handler,
    observer: Option<Box<Observer>>,
    /// Tells the servers of this process apart.
    id: usize,
}

thread_local! {
    /// The servers whose handlers this thread is inside of, the innermost last: a handler may run
    /// another server. It keeps its room, so that only a thread's first call allocates.
    static INSIDE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

impl Answerer {
    pub(super) fn new(handler: Handler) -> Self {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        Self {
            handler,
            observer: None,
            id: LAST.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }

    /// The same, telling `observer` of clients that come and go.
    pub(super) fn observed(self, observer: Box<Observer>) -> Self {
        Self {
            observer: Some(observer),
            ..self
        }
    }

    /// Whether this thread is inside this server's handler.
    pub(super) fn is_running_here(&self) -> bool {
        // A thread that ends has none left to ask when the host's own thread-locals are destroyed.
        INSIDE
            .try_with(|servers| servers.borrow().contains(&self.id))
            .unwrap_or(false)
    }

    fn respond(&self, request: &Request) -> Response {
        let Handler::Custom(function) = &self.handler else {
            return protocol::execute(request);
        };
        let response = self.call(|| function(request));
        response.unwrap_or_else(|| Err(ErrorText::from("Handler panicked")))
    }

    /// Calls a function of the user's; `None` if it panicked.
    fn call<T>(&self, function: impl FnOnce() -> T) -> Option<T> {
        let entered = INSIDE.try_with(|servers| servers.borrow_mut().push(self.id));
        let result = panic::catch(function);
        if entered.is_ok() {
            let _ = INSIDE.try_with(|servers| servers.borrow_mut().pop());
        }
        result.ok()
    }
}

impl Answer for Answerer {
    #[inline]
    fn answer(&self, body: &[u8], out: &mut Outbox) {
        if let Handler::Bytes(function) = &self.handler {
            let is_answered = out.append_body(|room| self.call(|| function(body, room)).flatten());
            if !is_answered {
                out.append_notice(Notice::HandlerFailed);
            }
            return;
        }
        let response = match text::parse_request(body) {
            Ok(request) => self.respond(&request),
            Err(reject) => Err(ErrorText::from(reject)),
        };
        append_response(out, &response);
    }

    fn is_for_many_threads(&self) -> bool {
        matches!(self.handler, Handler::Calculator)
    }

    fn note(&self, visit: Visit) {
        if let Some(observer) = &self.observer {
            // A panic of the user's is not to end the server.
            let _ = self.call(|| observer(visit));
        }
    }

    fn too_large(&self, out: &mut Outbox) {
        if let Handler::Bytes(_) = &self.handler {
            return out.append_notice(Notice::TooLarge);
        }
        append_response(out, &Err(ErrorText::from(text::MESSAGE_TOO_LARGE)));
    }
}
