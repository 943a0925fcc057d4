//! Service over an anonymous pipe: the server is a child of this process.

use super::{Client, Handler};
use crate::error::Result;
use crate::transport::{ClientOptions, ServerOptions};
use std::ffi::CStr;
use std::os::fd::BorrowedFd;

/// Forks a child that serves `handler`, and gives a client of it.
pub fn create(_handler: Handler, _options: &ClientOptions) -> Result<Client> {
    todo!()
}

/// Executes `argv`, a program that serves on its standard input and output, and gives a client of it.
pub fn spawn(_argv: &[&CStr], _options: &ClientOptions) -> Result<Client> {
    todo!()
}

/// Serves one client that writes to `input` and reads from `output`, until the input ends.
pub fn serve(
    _input: BorrowedFd<'_>,
    _output: BorrowedFd<'_>,
    _handler: Handler,
    _options: &ServerOptions,
) -> Result<()> {
    todo!()
}
