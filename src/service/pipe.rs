//! Service over an anonymous pipe: the server is a child of this process.

use super::user_code::{Observer, UserCode};
use super::{Client, Handler};
use crate::error::{Error, Result, Status};
use crate::sys::{Source, lack, process};
use crate::transport::{
    Address, ClientOptions, ServerOptions, Tally, Visitor, not_again, pipe, unsupported,
};
use std::ffi::CStr;
use std::sync::Arc;

/// Forks a child that answers with `handler`, and gives a client of it.
///
/// The child is a copy of this process, with the calling thread only: what other threads had
/// locked at that moment stays locked there. In a process with threads, use [`spawn`], or a handler
/// that takes no lock. The child ends when the client is dropped; one that hangs is killed.
pub fn create(handler: Handler, options: &ClientOptions) -> Result<Client> {
    if let Some(lack) = lack::FORKS {
        return Err(unsupported(lack));
    }
    options.validate()?;
    if options.reconnect {
        return Err(not_again());
    }
    let server = ServerOptions {
        max_message: options.max_message,
        spin: options.spin,
        ..ServerOptions::default()
    };
    let answer = handler.into_answer(Arc::new(UserCode::new(None)));
    let parent = Visitor::alone(process::credentials());
    let channel = pipe::create(options, |input, output| {
        let service = pipe::Service {
            from: &parent,
            answer: &*answer,
            tally: &Tally::default(),
        };
        pipe::serve(input, output, &service, &server, None)
    })?;
    Ok(Client::new(channel, options))
}

/// Executes `argv`, a program that calls [`serve`] on its standard input and output, and gives a
/// client of it. A program without a slash in its name is looked for along the PATH.
pub fn spawn(argv: &[&CStr], options: &ClientOptions) -> Result<Client> {
    let mut words = argv.iter().map(|word| process::word(word));
    let Some(program) = words.next() else {
        return Err(Error::new(Status::InvalidArgument, "no program is named"));
    };
    let arguments = words.collect();
    let address = Address::Exec { program, arguments };
    Client::connect(&address, options)
}

/// Serves the one client that writes to `input` and reads from `output`, until the input ends.
pub fn serve(
    input: Source<'_>,
    output: Source<'_>,
    handler: Handler,
    options: &ServerOptions,
) -> Result<()> {
    serve_and_tell(input, output, handler, options, None)
}

/// The same; `observer` is told of the client, and of failures of the handler.
pub fn serve_and_tell(
    input: Source<'_>,
    output: Source<'_>,
    handler: Handler,
    options: &ServerOptions,
    observer: Option<Box<Observer>>,
) -> Result<()> {
    options.validate()?;
    let answer = handler.into_answer(Arc::new(UserCode::new(observer)));
    let service = pipe::Service {
        from: &Visitor::alone(pipe::peer_of(input)),
        answer: &*answer,
        tally: &Tally::default(),
    };
    pipe::serve(input, output, &service, options, None)
}
