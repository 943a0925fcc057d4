//! Answers on standard output.

use crate::exit::Exit;
use calc_ipc::calculator::{Request, Response};
use serde::Serialize;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::time::{Duration, Instant};

/// An answer waits no longer than this for others to be written with it, while others come.
const PROMPT: Duration = Duration::from_millis(20);

/// Writes answers, one a line, and remembers the worst of them.
pub(super) struct Answers {
    output: BufWriter<StdoutLock<'static>>,
    is_json: bool,
    flushed: Instant,
    count: u64,
    worst: Exit,
}

/// An answer as `--json` prints it: a result, or an error.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    request: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl Answers {
    /// Answers as text, or as JSON.
    pub(super) fn new(is_json: bool) -> Self {
        Self {
            output: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
            is_json,
            flushed: Instant::now(),
            count: 0,
            worst: Exit::Success,
        }
    }

    /// Writes the answer to `request`, which stood on this line of the input.
    pub(super) fn put(
        &mut self,
        line: Option<u64>,
        request: &Request,
        response: &Response,
    ) -> io::Result<()> {
        self.count += 1;
        if response.is_err() {
            self.worst = Exit::Negative;
        }
        match (self.is_json, response) {
            (true, _) => self.put_json(line, request, response)?,
            (false, Ok(result)) => writeln!(self.output, "{result}")?,
            (false, Err(error)) => writeln!(self.output, "error: {error}")?,
        }
        if self.flushed.elapsed() > PROMPT {
            self.flush()?;
        }
        Ok(())
    }

    fn put_json(
        &mut self,
        line: Option<u64>,
        request: &Request,
        response: &Response,
    ) -> io::Result<()> {
        let Request {
            operation,
            arg1,
            arg2,
        } = request;
        let answer = Answer {
            line,
            request: format!("{} {arg1} {arg2}", operation.name()),
            result: response.as_ref().ok().copied(),
            error: response.as_ref().err().map(|error| error.as_str()),
        };
        serde_json::to_writer(&mut self.output, &answer)?;
        writeln!(self.output)
    }

    /// Makes sure that whoever reads the answers has all of them.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.flushed = Instant::now();
        self.output.flush()
    }

    /// How many answers there have been.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The exit status that the answers amount to.
    pub(super) fn worst(&self) -> Exit {
        self.worst
    }
}
