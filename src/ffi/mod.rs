//! The C interface: thin `extern "C"` functions over [`service`](crate::service) and
//! [`protocol`](crate::protocol).
//!
//! `include/calc_ipc.h` is generated from the public modules below, in this order; its opening
//! comment (in `cbindgen.toml`) has the conventions that hold for every function. A function here
//! is a few lines over the private modules: `guard` makes a status of whatever happens,
//! `handle` owns what handles point to, `service` has what all transports repeat, `pointer` checks
//! pointers. Servers and clients are made by the one door of `transport`. A new transport is one
//! public module that looks like [`uds`].
#![expect(non_camel_case_types, reason = "these are the names that C sees")]
#![expect(
    clippy::missing_safety_doc,
    reason = "the header's opening comment says once what every caller must keep to"
)]

pub mod status;

pub mod message;

pub mod peer;

pub mod observe;

pub mod options;

pub mod handler;

pub mod protocol;

pub mod descriptor;

pub mod pipe;

pub mod fifo;

pub mod shm;

pub mod uds;

pub mod seqpacket;

pub mod tcp;

pub mod named_pipe;

pub mod server;

pub mod reply;

pub mod stats;

pub mod timeout;

pub mod dispatch;

pub mod client;

pub mod flight;

pub mod loan;

mod extensible;
mod guard;
mod handle;
mod last_error;
mod pointer;
mod service;
