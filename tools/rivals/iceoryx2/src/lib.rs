//! iceoryx2 as a contestant of the benchmark, in the protocol of `tools/rivals/README.md`.

#![forbid(unsafe_code)]

mod alive;
mod asker;
mod codec;
mod connection;
mod protocol;
mod server;
mod service;

pub use protocol::contend;

/// How both sides wait.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// They look again and again, and never sleep.
    Polling,
    /// They sleep until an event service wakes them.
    Event,
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
