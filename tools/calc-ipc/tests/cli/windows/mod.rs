//! The command on Windows.

mod bench;
mod calls;
mod doctor;
mod ls;
mod pipes;
