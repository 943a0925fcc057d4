//! Transports: each moves whole messages between two processes and never sees what they mean.
//!
//! A server's side is an [`Endpoint`], a client's side a [`Channel`]; both are the whole contract,
//! and `tests/conformance.rs` runs one suite over every transport. [`bind`] and [`connect`] take an
//! [`Address`] of any of them, whose text is a URL. A new transport is one file here with `bind` and
//! `connect`; `ARCHITECTURE.md` has the other places that name it.

mod address;
#[cfg(unix)]
mod channel;
#[cfg(unix)]
mod conversation;
#[cfg(all(unix, any(test, fuzzing)))]
#[doc(hidden)]
pub mod fuzz;
mod options;
#[cfg(unix)]
mod posix;
#[cfg(unix)]
mod reactor;
#[cfg(unix)]
mod socket;
#[cfg(all(unix, test))]
mod stand_in;

#[cfg(unix)]
mod shm;
#[cfg(unix)]
mod tcp;
mod url;

#[cfg(unix)]
pub(crate) use posix::pipe;

pub use crate::sys::{Bell, deadline::Deadline, room::ALIGNMENT};
pub use address::{Address, Bound, Side, bind, connect};
pub(crate) use address::{NO_NAMED_PIPES, unsupported};
pub use conversation::outbox::Outbox;
pub use options::{
    ClientOptions, MAX_MESSAGE_RANGE, MODE_RANGE, SPIN_RANGE, ServerOptions, ServerUser,
    USUAL_CLIENTS, USUAL_CLIENTS_OF_MEMORY, WORKERS_RANGE,
};

use crate::error::{Error, Result, Status};
use std::time::Duration;

/// The server's side of a transport: an address that is live from `bind` until it is dropped.
///
/// Dropping it frees the address, but only what is still this process's own.
pub trait Endpoint: Send + Sync {
    /// The address, for people: "Unix socket /run/calc.sock".
    fn name(&self) -> String;

    /// Leaves the address to whoever adopts it, this process or a child that it forks from now on; until
    /// then forked children let go of what there is of it.
    fn bequeath(&self);

    /// Makes this process, perhaps forked since `bequeath`, the one that owns the address.
    fn adopt(&self) -> Result<()>;

    /// Serves until told to stop, or until idle where that was asked for; then every connection is
    /// closed, and the address stays live.
    fn serve(&self, task: &Task<'_>) -> Result<()>;
}

/// What an endpoint serves.
pub struct Task<'a> {
    /// What answers.
    pub answer: &'a dyn Answer,
    /// Rings when serving has to stop.
    pub stop: &'a Bell,
    /// Whether `stop_when_idle`, where the options say so, ends it.
    pub may_end_when_idle: bool,
    /// To be called once all is there that serving needs.
    pub begun: &'a (dyn Fn() + Sync),
}

/// What a transport asks for the answer to a message.
pub trait Answer: Sync {
    /// Appends one frame to `out`: the answer to the request with this body.
    fn answer(&self, body: &[u8], out: &mut Outbox);

    /// Appends one frame to `out`: the last word to a peer whose message is over the limit.
    fn too_large(&self, out: &mut Outbox);

    /// The longest body that it answers with, in bytes, where none of more than `max_message` is taken.
    fn longest_answer(&self, max_message: u32) -> u32;

    /// Whether the bodies that it is given have to be aligned to [`ALIGNMENT`].
    fn takes_aligned(&self) -> bool;

    /// Whether it may be asked by many threads at once without having been told so.
    fn is_for_many_threads(&self) -> bool;

    /// Something happened to a client.
    fn note(&self, visit: Visit);
}

/// What happens to clients of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// One was let in.
    Came,
    /// One that was let in has gone.
    Left,
    /// One was not let in: the server is full, or it may not come.
    TurnedAway,
}

/// The length of a body, or of a batch, as a prefix has it. Clients bound what they send far below what it counts to.
pub(crate) fn prefix_length(bytes: &[u8]) -> Result<u32> {
    u32::try_from(bytes.len()).map_err(|_| {
        let context = format!("{} bytes are more than a prefix counts to", bytes.len());
        Error::new(Status::Internal, context)
    })
}

/// What takes the bodies of answers; its failure does not end the exchange.
pub type Take<'a> = dyn FnMut(&[u8]) + 'a;

/// How an exchange of many messages ended.
#[derive(Debug)]
pub struct Exchanged {
    /// Answers still to come to requests that were sent.
    pub owed: u32,
    /// Why it ended, if not because all were answered.
    pub result: Result<()>,
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
}
