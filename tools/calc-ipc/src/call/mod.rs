//! `calc-ipc call`: one expression, or as many as standard input has, or a message of one's own.

mod answers;
mod lines;
mod message;
mod progress;
mod stream;

use crate::cli::CallArgs;
use crate::exit::{Exit, Failure};
use crate::values;
use answers::Answers;
use calc_ipc::service::Client;
use calc_ipc::transport::{self, ClientOptions};

/// Asks what the arguments say, and prints the answers.
pub(crate) fn run(args: &CallArgs) -> Result<Exit, Failure> {
    if let Some(message) = message::of(&args.message)? {
        return message::ask(&message, args);
    }
    let text = args.expression.join(" ");
    if text == "-" {
        return stream::run(&connect(args)?, args);
    }
    let request = values::expression(&text).map_err(Failure::Usage)?;
    let response = connect(args)?
        .call(&request)
        .map_err(|error| Failure::of(&args.url, &error))?;
    let mut answers = Answers::new(args.json);
    answers.put(None, &request, &response)?;
    answers.flush()?;
    Ok(answers.worst())
}

fn connect(args: &CallArgs) -> Result<Client, Failure> {
    connect_with(&args.client.options(), args)
}

fn connect_with(options: &ClientOptions, args: &CallArgs) -> Result<Client, Failure> {
    transport::connect(&args.url, options)
        .map(|channel| Client::new(channel, options))
        .map_err(|error| Failure::of(&args.url, &error))
}
