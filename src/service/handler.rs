//! Handlers: what turns a request into a response, and how it is called.

#[cfg(test)]
mod tests;

use crate::calculator::frames::append_response;
use crate::calculator::text;
use crate::calculator::{self, ErrorText, Request, Response};
use crate::error::{Error, Result, Status};
use crate::protocol::frame::Notice;
use crate::sys::{mutex, panic};
use crate::transport::{Answer, Outbox, Visit};
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What answers requests.
pub enum Handler {
    /// The built-in calculator.
    Calculator,
    /// A function of the user's.
    Custom(Box<dyn Fn(&Request) -> Response + Send + Sync>),
    /// A function of the user's, for messages of any kind: it reads the request's body, writes the
    /// answer's body to the start of the room it is given, and gives its length. `None`, or more
    /// than the room, is failure. Both are aligned to [`ALIGNMENT`](crate::transport::ALIGNMENT).
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

/// What an observer of a server is told.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// Something happened to a client.
    Visit(Visit),
    /// The handler failed, and said this; the client was told only that it failed.
    HandlerFailed(&'a ErrorText),
}

/// What is told of the clients of a server and of failures of its handler, on the threads that serve:
/// it should be quick.
pub type Observer = dyn Fn(&Event<'_>) + Send + Sync;

/// Answers the messages of one server: parses, asks the handler, formats.
pub(super) struct Answerer {
    handler: Handler,
    observer: Option<Box<Observer>>,
    /// What the handler said when it failed last.
    last_failure: Mutex<Option<ErrorText>>,
    /// Tells the servers of this process apart.
    id: usize,
}

/// Handlers within handlers of one thread that are told apart.
const DEEPEST: usize = 16;

thread_local! {
    /// The servers whose handlers this thread is inside of, the innermost last: a handler may run
    /// another server. Neither has a destructor, so that they can be asked when a handler calls exit(3),
    /// which ends the thread's own objects before those of the program.
    static INSIDE: [Cell<usize>; DEEPEST] = const { [const { Cell::new(0) }; DEEPEST] };
    static DEPTH: Cell<usize> = const { Cell::new(0) };

    /// The server whose handler has said in this thread why it is about to fail, and what; 0: none.
    static FAILING: Cell<usize> = const { Cell::new(0) };
    static FAILURE: Cell<Option<ErrorText>> = const { Cell::new(None) };
}

/// Says why the handler that this thread is inside of is about to fail. Up to a NUL, 255 bytes of it
/// are kept for the server's side ([`Event::HandlerFailed`], [`Server::last_failure`]); the client
/// learns only that the handler failed. If it does not fail after all, the text is forgotten.
///
/// [`Server::last_failure`]: super::Server::last_failure
pub fn current_failure(text: &[u8]) -> Result<()> {
    let Some(server) = DEPTH.get().checked_sub(1).and_then(inside) else {
        let context = "a handler alone can say why it fails, and this thread is inside of none";
        return Err(Error::new(Status::InvalidArgument, context));
    };
    FAILURE.set(Some(ErrorText::from_bytes(text)));
    FAILING.set(server);
    Ok(())
}

/// The server whose handler is the one in this place, of those that this thread is inside of.
fn inside(place: usize) -> Option<usize> {
    INSIDE.with(|servers| servers.get(place).map(Cell::get))
}

impl Answerer {
    pub(super) fn new(handler: Handler) -> Self {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        Self {
            handler,
            observer: None,
            last_failure: Mutex::new(None),
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
        // Deeper than that nobody knows, and nobody is to wait for himself.
        let depth = DEPTH.get();
        depth > DEEPEST || (0..depth).any(|place| inside(place) == Some(self.id))
    }

    /// What the handler said when it failed last.
    pub(super) fn last_failure(&self) -> Option<ErrorText> {
        *mutex::lock(&self.last_failure)
    }

    /// The handler has failed: keeps why, as far as it said so, and tells the observer.
    #[cold]
    fn has_failed(&self) {
        let said = (FAILING.get() == self.id).then(|| FAILURE.get()).flatten();
        let said = said.unwrap_or_else(|| ErrorText::from("it did not say why"));
        *mutex::lock(&self.last_failure) = Some(said);
        self.tell(&Event::HandlerFailed(&said));
    }

    #[inline]
    fn forget_failure(&self) {
        if FAILING.get() == self.id {
            FAILING.set(0);
        }
    }

    fn tell(&self, event: &Event<'_>) {
        if let Some(observer) = &self.observer {
            // A panic of the user's is not to end the server.
            let _ = self.call(|| observer(event));
            self.forget_failure();
        }
    }

    fn respond(&self, request: &Request) -> Response {
        let Handler::Custom(function) = &self.handler else {
            return calculator::execute(request);
        };
        let response = self.call(|| function(request));
        response.unwrap_or_else(|| Err(ErrorText::from("Handler panicked")))
    }

    /// Calls a function of the user's; `None` if it panicked.
    fn call<T>(&self, function: impl FnOnce() -> T) -> Option<T> {
        let depth = DEPTH.get();
        INSIDE.with(|servers| {
            if let Some(place) = servers.get(depth) {
                place.set(self.id);
            }
        });
        DEPTH.set(depth + 1);
        let result = panic::catch(function);
        DEPTH.set(depth);
        result.ok()
    }
}

impl Answer for Answerer {
    #[inline]
    fn answer(&self, body: &[u8], out: &mut Outbox) {
        if let Handler::Bytes(function) = &self.handler {
            let is_answered = out.append_body(|room| self.call(|| function(body, room)).flatten());
            if !is_answered {
                self.has_failed();
                out.append_notice(Notice::HandlerFailed);
            }
            self.forget_failure(); // It was about this message.
            return;
        }
        let response = match text::parse_request(body) {
            Ok(request) => self.respond(&request),
            Err(reject) => Err(ErrorText::from(reject)),
        };
        append_response(out, &response);
    }

    fn takes_bodies(&self) -> bool {
        matches!(self.handler, Handler::Bytes(_))
    }

    fn is_for_many_threads(&self) -> bool {
        matches!(self.handler, Handler::Calculator)
    }

    fn note(&self, visit: Visit) {
        self.tell(&Event::Visit(visit));
    }

    fn too_large(&self, out: &mut Outbox) {
        if let Handler::Bytes(_) = &self.handler {
            return out.append_notice(Notice::TooLarge);
        }
        append_response(out, &Err(ErrorText::from(text::MESSAGE_TOO_LARGE)));
    }
}
