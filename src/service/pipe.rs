//! Service over an anonymous pipe: the server is a child of this process.

use super::handler::Answerer;
use super::{Client, Handler};
use crate::error::Result;
use crate::sys::Source;
use crate::transport::{ClientOptions, ServerOptions, pipe};
use std::ffi::CStr;

/// Forks a child that answers with `handler`, and gives a client of it.
///
/// The child is a copy of this process, with the calling thread only: what other threads had
/// locked at that moment stays locked there. In a process with threads, use [`spawn`], or a handler
/// that takes no lock. The child ends when the client is dropped; one that hangs is killed.
pub fn create(handler: Handler, options: &ClientOptions) -> Result<Client> {
    let server = ServerOptions {
        max_message: options.max_message,
        spin: options.spin,
        ..ServerOptions::default()
    };
    let channel = pipe::create(options, |input, output| {
        pipe::serve(input, output, &Answerer::new(handler), &server, None)
    })?;
    Ok(Client::new(channel, options))
}

/// Executes `argv`, a program that calls [`serve`] on its standard input and output, and gives a
/// client of it. A program without a slash in its name is looked for along the PATH.
pub fn spawn(argv: &[&CStr], options: &ClientOptions) -> Result<Client> {
    Ok(Client::new(pipe::spawn(argv, options)?, options))
}

/// Serves the one client that writes to `input` and reads from `output`, until the input ends.
pub fn serve(
    input: Source<'_>,
    output: Source<'_>,
    handler: Handler,
    options: &ServerOptions,
) -> Result<()> {
    pipe::serve(input, output, &Answerer::new(handler), options, None)
}
