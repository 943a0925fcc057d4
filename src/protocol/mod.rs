//! The protocol: how messages are put into frames, and the texts of failures. Pure: no I/O, no unsafe, nothing allocated.

mod error_text;
pub mod frame;

pub use error_text::ErrorText;
