//! What a server or a client may be told beyond its address.

use crate::error::{Error, Result, Status};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Limits that `max_message` must keep, in bytes of body: room for the longest response of the
/// calculator at least, 64 MiB at most.
pub const MAX_MESSAGE_RANGE: RangeInclusive<u32> = 259..=64 << 20;

/// How a server treats its clients.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Clients at once; further ones are refused. `None`: what suits the transport.
    pub max_clients: Option<u32>,
    /// The longest body taken, in bytes.
    pub max_message: u32,
    /// Threads that serve; 0 lets the library choose.
    pub workers: u32,
    /// Permission bits of what the server creates in the file system. Bits for the group or for
    /// others also drop the check that a client runs as the same user.
    pub mode: u32,
    /// A client that asks nothing for this long is dropped; zero: never.
    pub idle_timeout: Duration,
    /// How long a thread looks for work before it sleeps in the kernel, 1 ms at most; zero: not at all.
    pub spin: Duration,
    /// Serving ends once clients have come and the last one has gone.
    pub stop_when_idle: bool,
    /// Addresses beyond this machine may be served.
    pub allow_remote: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            max_clients: None,
            max_message: 65536,
            workers: 0,
            mode: 0o600,
            idle_timeout: Duration::ZERO,
            spin: Duration::from_micros(50),
            stop_when_idle: false,
            allow_remote: false,
        }
    }
}

impl ServerOptions {
    /// Says which value no server can have.
    pub fn validate(&self) -> Result<()> {
        check_max_message(self.max_message)?;
        if self.mode == 0 || self.mode & !0o777 != 0 {
            return Err(invalid(format!(
                "mode 0{:o} is not between 0001 and 0777",
                self.mode
            )));
        }
        if self.workers > MAX_WORKERS {
            return Err(invalid(format!(
                "{} workers are over {MAX_WORKERS}",
                self.workers
            )));
        }
        Ok(())
    }

    /// Whether users other than the server's own may call.
    pub(crate) fn is_open_to_others(&self) -> bool {
        self.mode & 0o077 != 0
    }
}

/// More threads than this help nobody.
const MAX_WORKERS: u32 = 1024;

/// Whose server a client is content with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerUser {
    /// This user's, or root's.
    Own,
    /// Anyone's.
    Any,
    /// The user with this id.
    Uid(u32),
}

/// How a client treats its server.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// How long a server may take to accept; `None`: without limit.
    pub connect_timeout: Option<Duration>,
    /// How long a call may take; `None`: without limit.
    pub call_timeout: Option<Duration>,
    /// The longest body sent or taken, in bytes.
    pub max_message: u32,
    /// How long a call looks for its answer before it sleeps in the kernel, 1 ms at most; zero: not at
    /// all.
    pub spin: Duration,
    /// Whose server this has to be.
    pub server_user: ServerUser,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Some(Duration::from_secs(5)),
            call_timeout: Some(Duration::from_secs(30)),
            max_message: 65536,
            spin: Duration::from_micros(50),
            server_user: ServerUser::Own,
        }
    }
}

impl ClientOptions {
    /// Says which value no client can have.
    pub fn validate(&self) -> Result<()> {
        check_max_message(self.max_message)
    }
}

fn check_max_message(bytes: u32) -> Result<()> {
    if MAX_MESSAGE_RANGE.contains(&bytes) {
        return Ok(());
    }
    let (low, high) = MAX_MESSAGE_RANGE.into_inner();
    Err(invalid(format!(
        "max_message {bytes} is not between {low} and {high}"
    )))
}

fn invalid(context: String) -> Error {
    Error::new(Status::InvalidArgument, context)
}
