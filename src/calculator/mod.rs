//! The calculator: its messages, their text, and the arithmetic. Pure: no I/O, no unsafe, nothing allocated.

mod calc;
pub mod frames;
mod message;
mod number;
pub mod text;

pub use crate::protocol::ErrorText;
pub use calc::execute;
pub use message::{Operation, Request, Response};
