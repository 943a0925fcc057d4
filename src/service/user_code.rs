//! Functions of the user's: that a thread is inside of one, and what it said about its failure.

#[cfg(test)]
mod tests;

use crate::error::{Error, Result, Status};
use crate::protocol::ErrorText;
use crate::sys::{mutex, panic};
use crate::transport::Visit;
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// Calls the functions of one server's user, its handler and its observer.
pub(super) struct UserCode {
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

impl UserCode {
    /// Of a server that tells `observer`, if there is one, of clients that come and go.
    pub(super) fn new(observer: Option<Box<Observer>>) -> Self {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        Self {
            observer,
            last_failure: Mutex::new(None),
            id: LAST.fetch_add(1, Ordering::Relaxed) + 1,
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
    pub(super) fn has_failed(&self) {
        let said = (FAILING.get() == self.id).then(|| FAILURE.get()).flatten();
        self.has_failed_with(&said.unwrap_or_else(|| ErrorText::from("it did not say why")));
    }

    /// The handler has failed, and said this.
    pub(super) fn has_failed_with(&self, said: &ErrorText) {
        *mutex::lock(&self.last_failure) = Some(*said);
        self.tell(&Event::HandlerFailed(said));
    }

    #[inline]
    pub(super) fn forget_failure(&self) {
        if FAILING.get() == self.id {
            FAILING.set(0);
        }
    }

    pub(super) fn tell(&self, event: &Event<'_>) {
        if let Some(observer) = &self.observer {
            // A panic of the user's is not to end the server.
            let _ = self.call(|| observer(event));
            self.forget_failure();
        }
    }

    /// Calls a function of the user's; `None` if it panicked.
    pub(super) fn call<T>(&self, function: impl FnOnce() -> T) -> Option<T> {
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
