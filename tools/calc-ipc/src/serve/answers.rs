//! What a server answers by: the calculator, a program, or the message itself.

use super::log;
use super::programs::Programs;
use crate::cli::ServeArgs;
use crate::values::Program;
use calc_ipc::calculator::{self, Request, Response};
use calc_ipc::service::{BytesFunction, Handler};
use calc_ipc::transport::Address;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What all servers of the command answer by.
pub(super) struct Answering {
    kind: Kind,
    programs: Programs,
    /// How many requests were answered, where that is logged.
    answered: Option<Arc<AtomicU64>>,
}

enum Kind {
    Calculator,
    Echo,
    Program(Program),
}

impl Answering {
    pub(super) fn new(args: &ServeArgs) -> Self {
        let kind = match &args.exec {
            Some(program) => Kind::Program(program.clone()),
            None if args.echo => Kind::Echo,
            None => Kind::Calculator,
        };
        Self {
            kind,
            programs: Programs::default(),
            answered: args.verbose.then(Arc::default),
        }
    }

    /// A handler for the server at `url`, which logs each answer if that is wanted.
    pub(super) fn handler(&self, url: &Address) -> Handler {
        let handler = match &self.kind {
            Kind::Calculator => Handler::Calculator,
            Kind::Echo => Handler::bytes(echo),
            Kind::Program(program) => self.programs.handler(program.clone()),
        };
        match (&self.answered, handler) {
            (None, handler) => handler,
            (Some(answered), Handler::Bytes(function)) => {
                logging_bytes(url.clone(), Arc::clone(answered), function)
            }
            (Some(answered), _) => logging(url.clone(), Arc::clone(answered)),
        }
    }

    pub(super) fn count(&self) -> u64 {
        let answered = self.answered.as_ref();
        answered.map_or(0, |answered| answered.load(Ordering::Relaxed))
    }

    /// Nobody waits for programs any more.
    pub(super) fn end(&self) {
        self.programs.end();
    }
}

fn echo(message: &[u8], room: &mut [u8]) -> Option<usize> {
    room.get_mut(..message.len())?.copy_from_slice(message);
    Some(message.len())
}

/// The calculator, with a line on standard error for every answer.
fn logging(url: Address, answered: Arc<AtomicU64>) -> Handler {
    Handler::new(move |request| {
        let response = calculator::execute(request);
        answered.fetch_add(1, Ordering::Relaxed);
        log(format_args!("{url} {}", answer_line(request, &response)));
        response
    })
}

/// This function, with a line on standard error for every answer; what fails is logged with its reason elsewhere.
fn logging_bytes(url: Address, answered: Arc<AtomicU64>, function: Box<BytesFunction>) -> Handler {
    Handler::bytes(move |message, room| {
        let length = function(message, room)?;
        answered.fetch_add(1, Ordering::Relaxed);
        log(format_args!(
            "{url} {} bytes: {length} bytes",
            message.len()
        ));
        Some(length)
    })
}

fn answer_line(request: &Request, response: &Response) -> String {
    let Request {
        operation,
        arg1,
        arg2,
    } = request;
    let asked = format!("{} {arg1} {arg2}", operation.name());
    match response {
        Ok(result) => format!("{asked} = {result}"),
        Err(error) => format!("{asked}: {error}"),
    }
}
