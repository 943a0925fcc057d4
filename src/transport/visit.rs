//! What happens to the clients of a server, and why.

use crate::error::Status;

/// What happens to a client of a server. One that came leaves, is dropped, or is there at the end, exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// It was accepted.
    Came,
    /// It has gone, of itself.
    Left,
    /// It was there when serving ended, which ended its connection.
    Ended,
    /// The server ended its connection.
    Dropped(Cause),
    /// It was not accepted.
    Refused(Refusal),
}

/// Why a server ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A message is over the limit.
    TooLarge,
    /// What the client said is not in the protocol.
    Malformed,
    /// The rest of a message did not come.
    Stalled,
    /// Answers were not taken.
    Unread,
    /// No request came.
    Idle,
    /// This process, or the system, has too little of something.
    Shortage,
}

/// Why a server did not accept a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There are as many clients as may be.
    Full,
    /// The client's user may not connect.
    NotAllowed,
    /// This process, or the system, has too little of something.
    Shortage,
}

impl Visit {
    /// What kind of failure it is; [`Status::Ok`]: none.
    pub fn status(self) -> Status {
        match self {
            Self::Came | Self::Left => Status::Ok,
            Self::Ended => Status::Stopped,
            Self::Dropped(Cause::TooLarge) => Status::TooLarge,
            Self::Dropped(Cause::Malformed) => Status::Malformed,
            Self::Dropped(Cause::Stalled | Cause::Unread | Cause::Idle) => Status::TimedOut,
            Self::Dropped(Cause::Shortage) | Self::Refused(Refusal::Shortage) => Status::System,
            Self::Refused(Refusal::Full) => Status::Refused,
            Self::Refused(Refusal::NotAllowed) => Status::PermissionDenied,
        }
    }

    /// What happened, for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::Came => "it came",
            Self::Left => "it left",
            Self::Ended => "serving ended",
            Self::Dropped(Cause::TooLarge) => "it sent a message over max_message",
            Self::Dropped(Cause::Malformed) => "it did not keep to the protocol",
            Self::Dropped(Cause::Stalled) => {
                "the rest of its message did not come in time (stall_timeout_ms)"
            }
            Self::Dropped(Cause::Unread) => {
                "it did not take its answers in time (stall_timeout_ms)"
            }
            Self::Dropped(Cause::Idle) => "it asked nothing for too long (idle_timeout_ms)",
            Self::Dropped(Cause::Shortage) | Self::Refused(Refusal::Shortage) => {
                "there is no memory, or no handle, for it"
            }
            Self::Refused(Refusal::Full) => "the server is full (max_clients)",
            Self::Refused(Refusal::NotAllowed) => "its user may not connect (mode)",
        }
    }
}
