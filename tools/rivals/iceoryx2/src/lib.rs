//! iceoryx2 as a contestant of the benchmark, in the protocol of `tools/rivals/README.md`.

#![forbid(unsafe_code)]

mod alive;
mod asker;
mod codec;
mod connection;
#[path = "../../../calc-ipc/src/contestant/filled.rs"]
mod filled;
#[path = "../../../calc-ipc/src/contestant/paced.rs"]
mod paced;
mod protocol;
mod server;
mod service;

pub use protocol::contend;

/// How both sides wait, and how many requests a client may have under way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mode {
    /// They sleep until an event service wakes them; else they look again and again.
    sleeps: bool,
    depth: usize,
    clients: usize,
}

impl Mode {
    /// They look again and again, and never sleep.
    pub const POLLING: Self = Self {
        sleeps: false,
        depth: 1,
        clients: 128,
    };

    /// They sleep until an event service wakes them.
    pub const EVENT: Self = Self {
        sleeps: true,
        ..Self::POLLING
    };

    /// The same, for many requests under way of few clients: of as many clients as above, each connection has gigabytes.
    #[must_use]
    pub const fn deep(self) -> Self {
        Self {
            depth: 64,
            clients: 4,
            ..self
        }
    }
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// It cannot do this: status 77, which the benchmark reports as skipped.
#[derive(Debug)]
struct Skip(&'static str);

impl std::fmt::Display for Skip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Skip {}
