//! Functions of the user's: that a thread is inside of one, and what it said about its failure.

#[cfg(test)]
mod tests;

use super::counts::Counts;
use crate::error::{Error, Result, Status};
use crate::protocol::ErrorText;
use crate::sys::{mutex, panic};
use crate::transport::{Visit, Visitor};
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What an observer of a server is told of a client.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// Something happened to it.
    Visit(Visitor, Visit),
    /// The handler failed on its request, and said this; the client was told only that it failed.
    HandlerFailed(Visitor, &'a ErrorText),
}

impl Event<'_> {
    /// Who it is about.
    pub fn visitor(&self) -> Visitor {
        match self {
            Self::Visit(visitor, _) | Self::HandlerFailed(visitor, _) => *visitor,
        }
    }

    /// What kind of failure it is; [`Status::Ok`]: none.
    pub fn status(&self) -> Status {
        match self {
            Self::Visit(_, visit) => visit.status(),
            Self::HandlerFailed(..) => Status::HandlerFailed,
        }
    }

    /// What happened, for people.
    pub fn text(&self) -> &str {
        match self {
            Self::Visit(_, visit) => visit.text(),
            Self::HandlerFailed(_, said) => said.as_str(),
        }
    }
}

/// What is told of the clients of a server and of failures of its handler, on the threads that serve, but of one
/// client never on two at once: it should be quick. It may stop the server by
/// [`request_stop`](super::Server::request_stop).
pub type Observer = dyn Fn(&Event<'_>) + Send + Sync;

/// Calls the functions of one server's user, its handler and its observer.
pub(super) struct UserCode {
    observer: Option<Box<Observer>>,
    pub(super) counts: Counts,
    /// What the handler said when it failed last.
    last_failure: Mutex<Option<ErrorText>>,
    /// Tells the servers of this process apart.
    id: usize,
}

/// Handlers within handlers of one thread that are told apart.
const DEEPEST: usize = 16;

thread_local! {
    /// The handlers that this thread is inside of, the innermost last: a handler may run another server.
    /// Neither has a destructor, so that they can be asked when a handler calls exit(3), which ends the
    /// thread's own objects before those of the program.
    static INSIDE: [Cell<Inside>; DEEPEST] = const { [const { Cell::new(Inside::NOTHING) }; DEEPEST] };
    static DEPTH: Cell<usize> = const { Cell::new(0) };

    /// The server whose handler has said in this thread why it is about to fail, and what; 0: none.
    static FAILING: Cell<usize> = const { Cell::new(0) };
    static FAILURE: Cell<Option<ErrorText>> = const { Cell::new(None) };
}

/// What a thread is inside of.
#[derive(Clone, Copy)]
struct Inside {
    /// The server whose function it is.
    server: usize,
    /// Whom it is called for.
    visitor: Visitor,
}

impl Inside {
    const NOTHING: Self = Self {
        server: 0,
        visitor: Visitor::NOBODY,
    };
}

/// Says why the handler that this thread is inside of is about to fail. Up to a NUL, 255 bytes of it
/// are kept for the server's side ([`Event::HandlerFailed`], [`Server::last_failure`]); the client
/// learns only that the handler failed. If it does not fail after all, the text is forgotten. Of a handler whose answers
/// come later, it is why a [`Reply`](super::Reply) fails that the handler drops.
///
/// [`Server::last_failure`]: super::Server::last_failure
pub fn current_failure(text: &[u8]) -> Result<()> {
    let Some(inside) = innermost() else {
        let context = "a handler alone can say why it fails, and this thread is inside of none";
        return Err(Error::new(Status::InvalidArgument, context));
    };
    FAILURE.set(Some(ErrorText::from_bytes(text)));
    FAILING.set(inside.server);
    Ok(())
}

/// What the handler that this thread is inside of has said of its failure, if it has.
pub(super) fn said() -> Option<ErrorText> {
    let inside = innermost().filter(|inside| inside.server == FAILING.get())?;
    // Of no server's handler, nobody has said anything.
    (inside.server != 0).then(|| FAILURE.get()).flatten()
}

/// Who asks: the client whose request the handler that this thread is inside of answers, or of whom the observer is
/// told.
pub fn current_peer() -> Result<Visitor> {
    let inside = innermost().ok_or_else(|| {
        let context = "this thread is inside of no handler, and of no observer";
        Error::new(Status::InvalidArgument, context)
    })?;
    Ok(inside.visitor)
}

/// What this thread is inside of, unless that is nothing, or too deep to be known.
fn innermost() -> Option<Inside> {
    DEPTH.get().checked_sub(1).and_then(inside)
}

/// What is in this place of all that this thread is inside of.
fn inside(place: usize) -> Option<Inside> {
    INSIDE.with(|places| places.get(place).map(Cell::get))
}

impl UserCode {
    /// Of a server that tells `observer`, if there is one, of clients that come and go.
    pub(super) fn new(observer: Option<Box<Observer>>) -> Self {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        Self {
            observer,
            counts: Counts::default(),
            last_failure: Mutex::new(None),
            id: LAST.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }

    /// Whether this thread is inside this server's handler.
    pub(super) fn is_running_here(&self) -> bool {
        // Deeper than that nobody knows, and nobody is to wait for himself.
        let depth = DEPTH.get();
        depth > DEEPEST
            || (0..depth).any(|place| inside(place).is_some_and(|inside| inside.server == self.id))
    }

    /// What the handler said when it failed last.
    pub(super) fn last_failure(&self) -> Option<ErrorText> {
        *mutex::lock(&self.last_failure)
    }

    /// Whether the handler said in this thread why it is about to fail.
    #[inline]
    pub(super) fn is_failing(&self) -> bool {
        FAILING.get() == self.id
    }

    /// The handler has answered this client's request, or failed. What it said is of that request alone.
    #[inline]
    pub(super) fn has_answered(&self, from: &Visitor, has_failed: bool) {
        if has_failed {
            self.keep_failure(from);
        }
        self.forget_failure();
    }

    #[inline]
    pub(super) fn forget_failure(&self) {
        if self.is_failing() {
            FAILING.set(0);
        }
    }

    /// Keeps why the handler failed, as far as it said so, and tells the observer.
    #[cold]
    fn keep_failure(&self, from: &Visitor) {
        let said = self.is_failing().then(|| FAILURE.get()).flatten();
        let said = said.unwrap_or_else(|| ErrorText::from("it did not say why"));
        self.has_failed(from, &said);
    }

    /// The handler has failed on this client's request, and said this.
    pub(super) fn has_failed(&self, from: &Visitor, said: &ErrorText) {
        *mutex::lock(&self.last_failure) = Some(*said);
        self.counts.note_failure();
        self.tell(&Event::HandlerFailed(*from, said));
    }

    /// Something happened to a client.
    pub(super) fn note(&self, visitor: &Visitor, visit: Visit) {
        self.counts.note(visit);
        self.tell(&Event::Visit(*visitor, visit));
    }

    fn tell(&self, event: &Event<'_>) {
        if let Some(observer) = &self.observer {
            // A panic of the user's is not to end the server.
            let _ = self.call(&event.visitor(), || observer(event));
            self.forget_failure();
        }
    }

    /// Calls a function of the user's for this client; `None` if it panicked.
    pub(super) fn call<T>(&self, visitor: &Visitor, function: impl FnOnce() -> T) -> Option<T> {
        let depth = DEPTH.get();
        INSIDE.with(|places| {
            if let Some(place) = places.get(depth) {
                place.set(Inside {
                    server: self.id,
                    visitor: *visitor,
                });
            }
        });
        DEPTH.set(depth + 1);
        let result = panic::catch(function);
        DEPTH.set(depth);
        result.ok()
    }
}
