//! Handlers, servers and clients: what a message means, over any transport.
//!
//! All but `calculator`, and `handler`, which lists the kinds, knows messages as bytes.

mod bytes;
mod calculator;
mod calls;
mod client;
mod counts;
mod deferred;
mod flight;
mod handler;
mod lanes;
mod loans;
mod pool;
mod rooms;
mod server;
mod user_code;

pub mod pipe;

pub use bytes::{BytesFunction, InPlaceFunction};
pub use calculator::CalculatorFunction;
pub use calls::Limit;
pub use client::Client;
pub use counts::Stats;
pub use deferred::{DeferredFunction, Reply};
pub(crate) use flight::Answered;
pub use flight::{Completion, IN_FLIGHT_MAX, Next};
pub use handler::Handler;
pub use loans::{LOAN_ALIGNMENT, Place};
pub use server::Server;
pub use user_code::{Event, Observer, current_failure, current_peer};
