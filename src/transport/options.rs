//! The options of servers and clients: their fields, limits and defaults.

use crate::error::{Error, Result, Status};
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Limits of `max_message`, in bytes of body. With the lower one, every peer takes a text of 255 bytes and a word of
/// four before it, whatever its options are. The upper one is 64 MiB.
pub const MAX_MESSAGE_RANGE: RangeInclusive<u32> = 259..=64 << 20;

/// Limits of `workers`, the threads of a server; more than this do not help.
pub const WORKERS_RANGE: RangeInclusive<u32> = 0..=1024;

/// Limits of `connections`, those of one client.
pub const CONNECTIONS_RANGE: RangeInclusive<u32> = 0..=1024;

/// Clients that a server accepts at once by default; each takes a handle or two.
pub const USUAL_CLIENTS: u32 = 1024;

/// The same over shared memory, where each client costs memory, too.
pub const USUAL_CLIENTS_OF_MEMORY: u32 = 128;

/// Limits of `mode`, the permission bits of a server's names.
pub const MODE_RANGE: RangeInclusive<u32> = 0o001..=0o777;

/// Limits of `spin`, in microseconds: a side that spun longer would miss its deadlines, and a server its other
/// clients.
pub const SPIN_RANGE: RangeInclusive<u32> = 0..=1000;

/// The longest wait for a client, 136 years: a clock can add it on every system.
const LONGEST_WAIT: Duration = Duration::from_secs(u32::MAX as u64);

/// How a server treats its clients.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The most clients at once, 1 at least; further ones are refused. `None`: [`USUAL_CLIENTS`], or
    /// [`USUAL_CLIENTS_OF_MEMORY`] over shared memory.
    pub max_clients: Option<u32>,
    /// The longest body taken, in bytes, within [`MAX_MESSAGE_RANGE`].
    pub max_message: u32,
    /// Threads that serve, within [`WORKERS_RANGE`]; 0 lets the library choose.
    pub workers: u32,
    /// Permission bits of what the server creates in the file system, within [`MODE_RANGE`]. Bits for the group or for
    /// others also drop the check that a client runs as the same user.
    pub mode: u32,
    /// A client that sends no request for this long, 136 years at most, is dropped; zero: never.
    pub idle_timeout: Duration,
    /// A client that has sent the beginning of a frame has to send the rest within this time, plus a second for each
    /// MiB of the frame, or is dropped. Not zero, and 136 years at most.
    pub stall_timeout: Duration,
    /// How long a thread spins, looking for the next request, before it sleeps in the kernel; 1 ms at most, zero: it
    /// never spins. After a long request over shared memory it spins longer, as the C header says.
    pub spin: Duration,
    /// Serving ends once clients have come and the last one has gone.
    pub stop_when_idle: bool,
    /// Addresses beyond this machine may be served.
    pub allow_remote: bool,
    /// A handler that takes a request where it lies is given it there, though the client may change it meanwhile.
    pub in_place: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            max_clients: None,
            max_message: 65536,
            workers: 0,
            mode: 0o600,
            idle_timeout: Duration::ZERO,
            stall_timeout: Duration::from_secs(5),
            spin: Duration::from_micros(50),
            stop_when_idle: false,
            allow_remote: false,
            in_place: false,
        }
    }
}

impl ServerOptions {
    /// Fails if an option is outside its limits, and names the first one.
    pub fn validate(&self) -> Result<()> {
        if self.max_clients == Some(0) {
            return Err(invalid("max_clients 0 would let nobody in".into()));
        }
        check_both_sides(self.max_message, self.spin)?;
        check("workers", self.workers, &WORKERS_RANGE)?;
        check("mode", Octal(self.mode), &octal(&MODE_RANGE))?;
        check_wait("idle_timeout", self.idle_timeout)?;
        check_wait("stall_timeout", self.stall_timeout)?;
        if self.stall_timeout.is_zero() {
            return Err(invalid("stall_timeout 0s would drop every client".into()));
        }
        if self.in_place && self.mode != Self::default().mode {
            let mode = Octal(self.mode);
            return Err(invalid(format!(
                "in_place goes with mode 0600 alone, since clients may change what the handler reads; the mode is {mode}"
            )));
        }
        Ok(())
    }

    /// Whether users other than the server's own may call.
    pub(crate) fn is_open_to_others(&self) -> bool {
        self.mode & 0o077 != 0
    }
}

/// The user that a client's server has to run as.
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
    /// How long a server may take to accept; `None`, or further than the clock reaches: without limit.
    pub connect_timeout: Option<Duration>,
    /// How long a call may take; `None`, or further than the clock reaches: without limit.
    pub call_timeout: Option<Duration>,
    /// The longest body sent or taken, in bytes, within [`MAX_MESSAGE_RANGE`].
    pub max_message: u32,
    /// How long a call spins, looking for its answer, before it sleeps in the kernel; 1 ms at most, zero: it never
    /// spins. With a long request over shared memory it spins longer, as the C header says.
    pub spin: Duration,
    /// The user that the server has to run as.
    pub server_user: ServerUser,
    /// Up to so many connections, within [`CONNECTIONS_RANGE`], are opened when they are needed, and a call waits for
    /// one that is free; 0: there is one, and a call that finds it taken fails.
    pub connections: u32,
    /// A connection that was lost is made anew, and none is needed to begin with.
    pub reconnect: bool,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Some(Duration::from_secs(5)),
            call_timeout: Some(Duration::from_secs(30)),
            max_message: 65536,
            spin: Duration::from_micros(50),
            server_user: ServerUser::Own,
            connections: 0,
            reconnect: false,
        }
    }
}

impl ClientOptions {
    /// Fails if an option is outside its limits, and names the first one.
    pub fn validate(&self) -> Result<()> {
        check_both_sides(self.max_message, self.spin)?;
        check("connections", self.connections, &CONNECTIONS_RANGE)
    }
}

fn check<T: PartialOrd + fmt::Display>(
    option: &str,
    value: T,
    range: &RangeInclusive<T>,
) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    let (low, high) = (range.start(), range.end());
    Err(invalid(format!(
        "{option} {value} is not between {low} and {high}"
    )))
}

/// Checks the options that servers and clients share.
fn check_both_sides(max_message: u32, spin: Duration) -> Result<()> {
    check("max_message", max_message, &MAX_MESSAGE_RANGE)?;
    let microseconds = u32::try_from(spin.as_nanos().div_ceil(1000)).unwrap_or(u32::MAX);
    check("spin_us", microseconds, &SPIN_RANGE)
}

fn check_wait(option: &str, wait: Duration) -> Result<()> {
    if wait <= LONGEST_WAIT {
        return Ok(());
    }
    Err(invalid(format!(
        "{option} {wait:?} is over {LONGEST_WAIT:?}"
    )))
}

/// Permission bits, as chmod(1) writes them.
#[derive(PartialEq, PartialOrd)]
struct Octal(u32);

impl fmt::Display for Octal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

fn octal(range: &RangeInclusive<u32>) -> RangeInclusive<Octal> {
    Octal(*range.start())..=Octal(*range.end())
}

fn invalid(context: String) -> Error {
    Error::new(Status::InvalidArgument, context)
}
