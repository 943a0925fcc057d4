//! The command on Windows.

mod bench;
mod calls;
mod ls;
pub(crate) mod pipes;
