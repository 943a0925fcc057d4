//! The protocol: messages, their text, their frames, and the arithmetic. Pure: no I/O, no unsafe,
//! nothing allocated.

mod calc;
pub mod frame;
mod message;
pub mod text;

pub use calc::execute;
pub use message::{ErrorText, Operation, Request, Response};
