//! `calc-ipc call`: one expression, or as many as standard input has.

mod answers;
mod lines;
mod progress;
mod stream;

use crate::cli::CallArgs;
use crate::exit::{Exit, Failure};
use crate::values;
use answers::Answers;
use calc_ipc::service::Client;
use calc_ipc::transport;

/// Asks what the arguments say, and prints the answers.
pub(crate) fn run(args: &CallArgs) -> Result<Exit, Failure> {
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
    let options = args.client.options();
    transport::connect(&args.url, &options)
        .map(|channel| Client::new(channel, &options))
        .map_err(|error| Failure::of(&args.url, &error))
}
