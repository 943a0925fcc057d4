//! FIFOs: any process of the same user that knows the paths, many at once, never mixing answers.
//!
//! Opening a FIFO waits until the other end is opened too (fifo(7)), and whoever reads a shared
//! one takes bytes from everybody. So nothing here opens without O_NONBLOCK, and each client has a
//! pair of FIFOs of its own. A third one, `<request>.hello`, carries only announcements, records
//! small enough to be written whole (PIPE_BUF); the server derives the names of a client's pair
//! from the id in its record and never takes a path from anybody.
//!
//! The public pair still serves a peer that knows nothing but the frames: one at a time, with one
//! request at a time.

mod client;
mod hello;
mod public;
mod server;

pub use client::connect;
pub use server::bind;
