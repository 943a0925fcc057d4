//! Transports: each moves whole messages between two processes and never sees what they mean.
//!
//! A server's side is an [`Endpoint`], a client's side a [`Channel`]; both are the whole contract,
//! and `tests/conformance.rs` runs one suite over every transport. A new transport is one file
//! here with `bind` and `connect`, one in `ffi`, one block in the header and one line in that suite.

#[cfg(unix)]
mod claim;
#[cfg(unix)]
mod framed;
#[cfg(unix)]
mod inbox;
mod options;
#[cfg(unix)]
mod reactor;
#[cfg(unix)]
mod socket;

#[cfg(unix)]
pub mod fifo;
#[cfg(unix)]
pub mod pipe;
#[cfg(unix)]
pub mod shm;
#[cfg(unix)]
pub mod tcp;
#[cfg(unix)]
pub mod uds;
#[cfg(unix)]
pub mod url;

pub use crate::sys::{Bell, deadline::Deadline};
pub use options::{ClientOptions, MAX_MESSAGE_RANGE, ServerOptions, ServerUser};

use crate::error::Result;

/// The server's side of a transport: an address that is live from `bind` until it is dropped.
///
/// Dropping it frees the address, but only what is still this process's own.
pub trait Endpoint: Send + Sync {
    /// Makes this process, perhaps forked since `bind`, the one that owns the address.
    fn adopt(&self) -> Result<()>;

    /// Serves until `stop` rings, or until idle where that was asked for; then every connection is
    /// closed, and the address stays live.
    fn serve(&self, answer: &dyn Answer, stop: &Bell) -> Result<()>;
}

/// What a transport asks for the answer to a message.
pub trait Answer: Sync {
    /// Appends one frame to `out`: the answer to the request with this body.
    fn answer(&self, body: &[u8], out: &mut Vec<u8>);

    /// Appends one frame to `out`: the last word to a peer whose message is over the limit.
    fn too_large(&self, out: &mut Vec<u8>);
}

/// The client's side of a transport: a connection to one server.
pub trait Channel: Send {
    /// Sends one frame, prefix included. After `TimedOut` nothing was sent, or the channel is closed.
    fn send(&mut self, frame: &[u8], deadline: Deadline) -> Result<()>;

    /// Receives the body of one answer. `TooLarge` means that it was over the limit and is dropped.
    fn recv(&mut self, deadline: Deadline) -> Result<&[u8]>;
}
