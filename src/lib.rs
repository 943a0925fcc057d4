//! Request/response between processes over every primitive that the operating system offers,
//! with one protocol, one handler and one API, from Rust, C and C++.
//!
//! The layers, each knowing only those before it: [`error`], [`protocol`] (pure), `sys` (one safe
//! wrapper per primitive of the system), [`transport`] (moves whole messages), [`service`]
//! (handlers, servers, clients, deadlines), [`ffi`] (the C interface). `ARCHITECTURE.md` has the
//! reasons.

pub mod calculator;
pub mod error;
pub mod protocol;
mod sys;
pub mod transport;

pub mod service;

pub mod ffi;
