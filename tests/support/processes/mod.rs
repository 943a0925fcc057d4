//! Processes of a test's own: how they begin, what they say, what they have, and how they end.
//!
//! A [`Process`] is a child of the test program. An [`Actor`] is one that is told what to do and says what came of
//! it, line by line. A [`Stage`] is an address with a server and a client at it, each an actor.

mod actor;
mod census;
mod control;
#[cfg(target_os = "linux")]
mod early;
mod process;
pub mod rights;
mod shared;
mod stage;
pub mod state;

pub use actor::{Actor, play};
pub use census::Census;
pub use control::Control;
pub use process::{Process, send, stay};
pub use shared::SharedValue;
pub use stage::{Side, Stage};

pub use super::patience::{PATIENCE, eventually};
