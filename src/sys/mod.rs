//! Safe wrappers over one primitive of the operating system each: the only `unsafe` beside `ffi`.
//!
//! What is the same everywhere stands here; what is not, in one folder per system.

pub mod deadline;
