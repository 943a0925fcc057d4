//! What is said over a connection, without doing any I/O: bytes become messages, and answers become bytes.
//!
//! Who drives it reads and writes, looks at the clock and waits.

pub(crate) mod batch;
pub(crate) mod client;
pub(crate) mod inbox;
pub(crate) mod outbox;
pub(crate) mod sending;
pub(crate) mod server;
pub(crate) mod spare;
