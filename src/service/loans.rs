//! Memory for requests that the host is lent together with a connection, and answers that it reads where they lie.

use super::calls::{Calls, SHORT_FRAME, check_length};
use crate::error::{Error, Result, Status};
use crate::sys::room::NoMemory;
use crate::transport::{Deadline, InPlace};

pub use crate::sys::loan_room::LOAN_ALIGNMENT;
pub use crate::sys::place::Place;

/// What the host was lent.
pub(super) struct Loan {
    calls: Calls,
    /// How many bytes it asked for.
    length: usize,
    /// A request may have been sent whose answer did not come: the server may read it at any time.
    is_spent: bool,
}

impl Calls {
    /// Memory for a request of so many bytes: the transport's, or else room of this side's own.
    pub(super) fn lend(&mut self, deadline: &Deadline, length: usize) -> Result<Place> {
        check_length(length, self.max_message, self.channel.peer())?;
        self.begin(deadline)?;
        let longest = match self.channel.answers_in_place() {
            true => SHORT_FRAME,
            false => self.max_message,
        };
        self.rooms
            .answer
            .grow(longest)
            .map_err(|lack| self.no_room(lack))?;
        let lent = self.channel.lend(length, deadline);
        let lent = lent.map_err(|error| self.failed(error.not_executed()))?;
        self.rooms.is_of_transport = lent.is_some();
        if let Some(place) = lent {
            return Ok(place);
        }
        self.rooms
            .request
            .grow(length)
            .map_err(|lack| self.no_room(lack))?;
        Ok(self.rooms.request.place())
    }

    #[cold]
    fn no_room(&self, lack: NoMemory) -> Error {
        let context = format!("{}: {lack} of a loan", self.channel.peer());
        Error::new(Status::System, context).not_executed()
    }

    /// Sends the first bytes of what was lent, and waits for the answer.
    fn call_lent(&mut self, deadline: &Deadline, length: usize) -> Result<InPlace> {
        self.begin(deadline)?;
        let sent = match self.rooms.is_of_transport {
            true => self.channel.send_lent(length, deadline),
            false => {
                let (message, _) = self.rooms.request.split_at(length);
                self.channel.send_body(message, deadline)
            }
        };
        self.sent(sent)?;
        let answer = self.channel.recv_lent(&mut self.rooms.answer, deadline);
        self.rooms.note(&answer);
        self.received(answer)
    }
}

impl Loan {
    /// Of memory for so many bytes, which `calls` lent.
    pub(super) fn new(calls: Calls, length: usize) -> Self {
        Self {
            calls,
            length,
            is_spent: false,
        }
    }

    /// The connection, for calls of any kind again.
    pub(super) fn into_calls(mut self) -> Calls {
        self.calls.rooms.trim();
        self.calls
    }

    /// Sends the first `length` bytes, and waits for the answer.
    pub(super) fn call(&mut self, deadline: &Deadline, length: usize) -> Result<InPlace> {
        self.check(length)?;
        let answer = self.calls.call_lent(deadline, length);
        if let Err(error) = &answer {
            self.is_spent = !error.is_not_executed() && leaves_it_open(error.status());
        }
        answer
    }

    fn check(&self, length: usize) -> Result<()> {
        let why = if self.is_spent {
            "the loan is spent, since a call with it ended before its answer came: give it back"
        } else if length > self.length {
            "the message is longer than its loan"
        } else {
            return Ok(());
        };
        let error = Error::new(Status::InvalidArgument, why);
        Err(error.at(self.calls.channel.peer()).not_executed())
    }
}

/// Whether a call that failed so may still be looked at by the server.
fn leaves_it_open(status: Status) -> bool {
    use Status::{Cancelled, Closed, PeerDied, TimedOut};
    matches!(status, TimedOut | Closed | PeerDied | Cancelled)
}
