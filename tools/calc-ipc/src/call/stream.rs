//! Expressions from standard input, asked as many at once as are there.

use super::answers::Answers;
use super::lines::{Line, Lines};
use super::progress::Progress;
use crate::cli::CallArgs;
use crate::exit::{Exit, Failure};
use crate::{complain, sys, values};
use calc_ipc::calculator::Request;
use calc_ipc::service::Client;
use calc_ipc::transport::Address;

/// Asks every line of standard input.
pub(super) fn run(client: &Client, args: &CallArgs) -> Result<Exit, Failure> {
    let failed = |error| Failure::io("standard input", &error);
    // A file of its own: std's would read ahead, and could not say how long the input is.
    let input = sys::input().map_err(failed)?;
    let mut progress = Progress::new(&input);
    let mut lines = Lines::new(input);
    let mut answers = Answers::new(args.json);
    let mut batch = Batch::default();
    let mut worst = Exit::Success;
    loop {
        batch.clear();
        let bytes = lines.read(|line| {
            if let Err(why) = batch.add(line) {
                worst = Exit::Usage;
                progress.beside(|| complain(&format_args!("line {}: {why}", line.0)));
            }
        });
        let bytes = bytes.map_err(failed)?;
        batch.ask(client, &args.url, &mut answers)?;
        if bytes == 0 {
            return Ok(worst.max(answers.worst()));
        }
        progress.advance(bytes, answers.count());
    }
}

/// The requests that are there at one moment.
#[derive(Default)]
struct Batch {
    requests: Vec<Request>,
    /// The line of each.
    numbers: Vec<u64>,
}

impl Batch {
    fn clear(&mut self) {
        self.requests.clear();
        self.numbers.clear();
    }

    /// Takes a line in, or says what is wrong with it.
    fn add(&mut self, (number, line): Line<'_>) -> Result<(), String> {
        let line = line.ok_or("it is longer than any expression")?;
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let request = values::expression(&String::from_utf8_lossy(line))?;
        self.requests.push(request);
        self.numbers.push(number);
        Ok(())
    }

    /// Asks them all. Answers that came before a failure are printed before it is told.
    fn ask(&self, client: &Client, url: &Address, answers: &mut Answers) -> Result<(), Failure> {
        let mut unanswered = self.numbers.iter().zip(&self.requests);
        let mut printed = Ok(());
        let asked = client.call_many(&self.requests, |response| {
            if let (Some((number, request)), true) = (unanswered.next(), printed.is_ok()) {
                printed = answers.put(Some(*number), request, &response);
            }
        });
        printed?;
        answers.flush()?;
        asked.map_err(|error| {
            let line = unanswered.next().map_or(0, |(number, _)| *number);
            Failure::Transport(format!("line {line}: {url}: {error}"))
        })
    }
}
