//! What is said over a connection, without doing any I/O: bytes become messages, and answers become bytes.

pub(crate) mod inbox;
pub(crate) mod outbox;
