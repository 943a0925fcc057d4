//! Handlers, servers and clients: what a message means, over any transport.

mod client;
mod handler;
mod server;

#[cfg(unix)]
pub mod pipe;

pub use client::Client;
pub use handler::{BytesFunction, Event, Handler, Observer, current_failure};
pub use server::Server;
