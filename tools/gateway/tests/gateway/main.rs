//! The gateway itself, between servers of the library and a client of HTTP/2 that has no clock of its own.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "this is a test"
)]

mod batches;
mod calls;
mod codes;
mod deadlines;
mod egress;
mod ending;
mod health;
mod logs;
mod metrics;
mod pool;
mod reflection;
mod reload;
mod security;
mod support;
mod trust;
