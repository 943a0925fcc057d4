//! What may be recommended: transports of both systems.

use crate::bench::report::Transport;
use crate::cli::System;
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Shm,
    Pipe,
    Fifo,
    Unix,
    NamedPipe,
    Tcp,
}

impl Kind {
    /// What has this one's place on a system, if there is such.
    pub(super) fn on(self, system: System) -> Option<Self> {
        match (self, system) {
            (Self::Unix | Self::NamedPipe, System::Windows) => Some(Self::NamedPipe),
            (Self::Unix | Self::NamedPipe, System::Linux) => Some(Self::Unix),
            (Self::Fifo, System::Windows) => None,
            _ => Some(self),
        }
    }

    /// As the benchmark calls it.
    pub(super) fn measured(self) -> Transport {
        match self {
            Self::Shm => Transport::Shm,
            Self::Pipe => Transport::Pipe,
            Self::Fifo => Transport::Fifo,
            Self::Unix => Transport::Unix,
            Self::NamedPipe => Transport::Npipe,
            Self::Tcp => Transport::Tcp,
        }
    }

    /// For people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Shm => "shared memory",
            Self::Pipe => "anonymous pipe",
            Self::Fifo => "FIFO",
            Self::Unix => "Unix socket",
            Self::NamedPipe => "named pipe",
            Self::Tcp => "TCP",
        }
    }
}
