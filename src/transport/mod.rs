//! Transports: each moves whole messages between two processes and never sees what they mean.
//!
//! A server's side is an [`Endpoint`], a client's side a [`Channel`]; both are the whole contract,
//! and `tests/conformance.rs` runs one suite over every transport. [`bind`] and [`connect`] take an
//! [`Address`] of any of them, whose text is a URL. A new transport is one file here with `bind` and
//! `connect`; `ARCHITECTURE.md` has the other places that name it.

mod address;
mod channel;
mod conversation;
mod deferral;
mod dial;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod named_pipe;
mod options;
mod passed;
mod pipe_name;
mod posix;
mod reactor;
mod shm;
mod socket;
#[cfg(test)]
pub(crate) mod stand_in;
mod tally;
mod tcp;
mod url;
mod visit;
mod visitor;

pub(crate) use posix::pipe;

pub use crate::sys::{
    Bell, Lifeline, credentials::Credentials, deadline::Deadline, room::ALIGNMENT,
};
pub use address::{Address, Bound, Side, bind};
pub(crate) use address::{NO_NAMED_PIPES, NO_TRANSPORTS};
#[cfg(test)]
pub(crate) use deferral::tests::parked;
pub use deferral::{Deferral, Defers, Promise};
pub(crate) use dial::not_again;
pub use dial::{Dial, connect};
pub use options::{
    CONNECTIONS_RANGE, ClientOptions, MAX_MESSAGE_RANGE, MODE_RANGE, SPIN_RANGE, ServerOptions,
    ServerUser, USUAL_CLIENTS, USUAL_CLIENTS_OF_MEMORY, WORKERS_RANGE,
};
pub(crate) use reactor::Turn;
pub use reactor::{Driven, EventLoop};
pub(crate) use tally::{Tallies, Tally};
pub use tcp::Opening;
pub use visit::{Cause, Refusal, Visit};
pub use visitor::Visitor;
pub(crate) use visitor::Visitors;

use crate::error::{Error, Result, Status};
use crate::protocol::frame::Notice;
use crate::sys::Source;
use crate::sys::loan_room::LoanRoom;
use crate::sys::place::Place;
use crate::sys::ready::Want;
use std::time::Duration;

/// The server's side of a transport: an address that is live from `bind` until it is dropped.
///
/// Dropping it frees the address, but only what is still this process's own.
pub trait Endpoint: Send + Sync {
    /// The address, for people: "Unix socket /run/calc.sock".
    fn name(&self) -> String;

    /// Leaves the address to the process that adopts it: this one, or a child that it forks from now on. Until then,
    /// forked children close the address's handles.
    fn bequeath(&self);

    /// Makes this process, perhaps forked since `bequeath`, the one that owns the address.
    fn adopt(&self) -> Result<()>;

    /// Serves until told to stop, or until idle where that was asked for; then every connection is
    /// closed, and the address stays live.
    fn serve(&self, task: &Task<'_>) -> Result<()>;

    /// What the host can drive turn by turn, in place of [`Endpoint::serve`]; `None`: nothing.
    fn event_loop(&self) -> Option<EventLoop<'_>> {
        None
    }
}

/// What an endpoint serves.
pub struct Task<'a> {
    /// What answers.
    pub answer: &'a dyn Answer,
    /// Rings when serving has to stop.
    pub stop: &'a Bell,
    /// Where threads count what they answer.
    pub(crate) tallies: &'a Tallies,
    /// Whether `stop_when_idle`, where the options say so, ends it.
    pub may_end_when_idle: bool,
    /// To be called once all is there that serving needs.
    pub begun: &'a (dyn Fn() + Sync),
}

/// What became of the room that a transport lent for an answer: how many bytes at its start are the answer's
/// body, or what the peer is told instead. Then no byte that was written there is ever sent.
pub type Written = std::result::Result<u32, Notice>;

/// What answers the requests that a transport brings.
///
/// The transport lends room for each answer: memory of its choice, as long as [`Answer::longest_answer`] says,
/// aligned where [`Answer::takes_aligned`] says so, and nobody else's until the call returns. What stood in it
/// before means nothing.
pub trait Answer: Sync {
    /// Answers the request with this body, which is `from` this client, and writes the body of the answer to the start
    /// of `room`.
    fn answer(&self, from: &Visitor, body: &[u8], room: &mut [u8]) -> Written;

    /// The same of a request that lies where the client may change it; `None`: nothing was asked, since what answers needs a
    /// copy.
    fn answer_in_place(
        &self,
        _from: &Visitor,
        _body: InPlace,
        _room: &mut [u8],
    ) -> Option<Written> {
        None
    }

    /// Answers a message over the limit, which ends the connection, as [`Answer::answer`] does.
    fn too_large(&self, room: &mut [u8]) -> Written;

    /// The longest body that it answers with, in bytes, on a server whose limit is `max_message`.
    fn longest_answer(&self, max_message: u32) -> u32;

    /// Whether bodies and room that it is given have to be aligned to [`ALIGNMENT`].
    fn takes_aligned(&self) -> bool;

    /// Whether many threads may call it at once though nobody asked for `workers`.
    fn is_for_many_threads(&self) -> bool;

    /// Is told what happened to a client. Nobody waits for locks of the server's meanwhile.
    fn note(&self, visitor: &Visitor, visit: Visit);

    /// What is asked instead of [`Answer::answer`], where answers may come later.
    fn deferring(&self) -> Option<&dyn Defers> {
        None
    }
}

/// The failure to use what this system does not have.
pub(crate) fn unsupported(lack: &'static str) -> Error {
    Error::new(Status::Unsupported, lack)
}

/// The length of a body, or of a batch, as a prefix has it. Clients bound what they send far below what it counts to.
pub(crate) fn prefix_length(bytes: &[u8]) -> Result<u32> {
    counted(bytes.len())
}

/// A length as a prefix has it.
pub(crate) fn counted(length: usize) -> Result<u32> {
    u32::try_from(length).map_err(|_| {
        let context = format!("{length} bytes are more than a prefix counts to");
        Error::new(Status::Internal, context)
    })
}

/// Takes the bodies of answers. It cannot end the exchange.
pub type Take<'a> = dyn FnMut(&[u8]) + 'a;

/// How an exchange of many messages ended.
#[derive(Debug)]
pub struct Exchanged {
    /// Answers still to come to requests that were sent.
    pub owed: u32,
    /// Why it ended, if not because all were answered.
    pub result: Result<()>,
}

/// Bytes, where they lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InPlace {
    /// The first one.
    pub place: Place,
    /// How many there are.
    pub length: usize,
}

/// The client's side of a transport: a connection to one server.
///
/// Where sending a frame fails, no handler was or will be given its body: not all of it was sent,
/// and the rest never is. A failure of `recv`, `recv_into` and `exchange` says whether that is
/// certain, too ([`Error::is_not_executed`]); where it does not, a handler may have been.
///
/// [`Error::is_not_executed`]: crate::error::Error::is_not_executed
pub trait Channel: Send {
    /// The server, for people: "Unix socket /run/calc.sock".
    fn peer(&self) -> &str;

    /// Sends one frame, prefix included. After `TimedOut` nothing was sent, or the channel is closed.
    fn send(&mut self, frame: &[u8], deadline: &Deadline) -> Result<()>;

    /// Sends one frame with this body, of any length, without copying it more than the transport
    /// must. After `TimedOut` nothing was sent, or the channel is closed.
    fn send_body(&mut self, body: &[u8], deadline: &Deadline) -> Result<()>;

    /// Receives the body of one answer. `TooLarge` means that it was over the limit and is dropped.
    fn recv(&mut self, deadline: &Deadline) -> Result<&[u8]>;

    /// Receives the body of one answer to the start of `answer`, and gives its length; if that is
    /// more than there is room for, the answer is dropped.
    fn recv_into(&mut self, answer: &mut [u8], deadline: &Deadline) -> Result<usize>;

    /// Memory for a request of `length` bytes where the server reads it, from a multiple of a cache line on, once what it
    /// takes is there; `None`: it reads all that is sent elsewhere, or takes no such request. The host may write there
    /// until `send_lent`, after which it is the server's until the answer has come. It stays as long as the channel.
    fn lend(&mut self, _length: usize, _deadline: &Deadline) -> Result<Option<Place>> {
        Ok(None)
    }

    /// Sends a request whose body are the first `length` bytes of the memory that was lent last. After `TimedOut` nothing
    /// was sent, or the channel is closed.
    fn send_lent(&mut self, _length: usize, _deadline: &Deadline) -> Result<()> {
        Err(Error::new(Status::Internal, "nothing was lent"))
    }

    /// Whether `recv_lent` finds long answers where the host can read them.
    fn answers_in_place(&self) -> bool {
        false
    }

    /// Receives the body of one answer where the host can read it until the next request: where it came, or at the start of
    /// `room`, which is as long as the longest answer taken unless such are found in place.
    fn recv_lent(&mut self, room: &mut LoanRoom, deadline: &Deadline) -> Result<InPlace> {
        let length = self.recv_into(room, deadline)?;
        let place = room.place();
        Ok(InPlace { place, length })
    }

    /// Sends whole frames, as many at once as the transport carries, and gives the body of each
    /// answer to `take`, in order. Both go on at the same time, so that neither side waits for the
    /// other to make room. The timeout restarts with each answer. It ends with the first answer that has no body to give.
    ///
    /// `longest_answer` is the length of the longest answer to expect, in bytes of body. Where room for answers is made
    /// before they are known, so many requests are sent at once as have room for answers of that length; a longer one
    /// may end the connection.
    fn exchange(
        &mut self,
        frames: &[u8],
        longest_answer: u32,
        timeout: Option<Duration>,
        take: &mut Take<'_>,
    ) -> Exchanged;

    /// From now on it is used by what never waits, until all is answered that it sent so: by the methods below. So
    /// many answers are owed to calls that are over, which come first. Fails where nothing can be asked any more.
    fn begin_flight(&mut self, owed: u32) -> Result<()>;

    /// Sends what can be sent at once of whole frames, the first of which may have been sent in part; gives how many
    /// bytes. The body of no answer is over `longest_answer` bytes, as in [`Channel::exchange`]. Once the server has
    /// gone it takes none, and `recv_now` says how that went.
    fn send_now(&mut self, frames: &[u8], longest_answer: u32) -> Result<usize>;

    /// Whether requests can be sent while others are not answered.
    fn is_stream(&self) -> bool {
        false
    }

    /// The body of the next answer; `None`: it has not come. Fails as [`Channel::recv`] does.
    fn recv_now(&mut self) -> Result<Option<&[u8]>>;

    /// The body of the next answer, if it has one of so many bytes at most, and has arrived where this side alone writes. It asks
    /// the system for nothing; what it does not find, `recv_now` does.
    fn take_arrived(&mut self, _longest: usize) -> Option<&[u8]> {
        None
    }

    /// Whether `recv_now` has an answer to give that no watch tells of, since it has arrived already.
    fn has_arrived(&self) -> bool;

    /// What to watch for answers and for the server's end, and, if `for_room`, for room to send: each in a place of
    /// its own, where it stays.
    fn watches(&self, for_room: bool) -> Watches<'_>;

    /// The watches tell from now on of what has not arrived yet.
    fn arm(&mut self) -> Armed;

    /// Finds out what the watches told of besides answers; an error: that the server has ended.
    fn look(&mut self) -> Result<()>;

    /// What ends a wait of any of these methods, and whatever waits from then on, which fails. The connection is lost with
    /// that.
    fn lifeline(&self) -> Lifeline<'_>;
}

/// What comes of connecting without waiting.
pub enum Begun {
    /// It is done.
    Connected(Box<dyn Channel>),
    /// There is more to come.
    Opening(Opening),
}

/// What is watched of a connection: up to three sources, each in the place where it stays.
#[derive(Default)]
pub struct Watches<'a>(pub(crate) [Option<(Source<'a>, Want)>; WATCHES]);

/// The most sources that a connection has.
pub(crate) const WATCHES: usize = 3;

/// What comes of arming a connection's watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Armed {
    /// They tell when an answer arrives.
    Watched,
    /// An answer has arrived meanwhile.
    Arrived,
    /// They tell of the server's end alone: for answers, it has to be looked every now and then.
    Unwatched,
}
