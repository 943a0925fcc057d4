//! The server's side: one client, from whom it reads at one handle and to whom it writes at another.

#[cfg(test)]
mod tests;

use super::later::Later;
use super::pair::in_time;
use crate::error::{Error, Result, Status};
use crate::sys::poll::{self, Awaited};
use crate::sys::ready::Want;
use crate::sys::room::NoMemory;
use crate::sys::wait::Spin;
use crate::sys::{AsSource, Source, blocking, transfer};
use crate::transport::conversation::inbox::Piece;
use crate::transport::conversation::outbox::Outbox;
use crate::transport::conversation::server::{ServerSide, Spare};
use crate::transport::deferral::{Manner, Parking, Prompt};
use crate::transport::reactor::{Limits, Times, TurnEnd};
use crate::transport::{Answer, Bell, Deadline, Endpoint, ServerOptions, Task, Visit};
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// Serves the one client that writes to `input` and reads from `output`, until the input ends or
/// `stop` rings. Both are the host's: blocking or not, of any kind, and never changed.
pub(crate) fn serve(
    input: Source<'_>,
    output: Source<'_>,
    answer: &dyn Answer,
    options: &ServerOptions,
    stop: Option<&Bell>,
) -> Result<()> {
    if answer.deferring().is_none() {
        return serve_in(input, output, answer, options, stop, Prompt, None);
    }
    let later = Later::new().map_err(|error| Error::os("create an event", &error))?;
    let parking = Parking::new(later.clone(), 0, options.max_message);
    serve_in(input, output, answer, options, stop, parking, Some(&later))
}

/// The same, answering in this manner; `later` tells of answers that come later.
fn serve_in(
    input: Source<'_>,
    output: Source<'_>,
    answer: &dyn Answer,
    options: &ServerOptions,
    stop: Option<&Bell>,
    mut manner: impl Manner,
    later: Option<&Later>,
) -> Result<()> {
    let mut side = ServerSide::new(options.max_message);
    let mut spare = Spare::default();
    let lack = |what: &str, lack: NoMemory| Error::new(Status::System, format!("{what}: {lack}"));
    let aligns = answer.takes_aligned();
    let mut out = Outbox::new(answer.longest_answer(options.max_message), aligns)
        .map_err(|error| lack("room for answers", error))?;
    let mut requests = Requests {
        input,
        spin: Spin::new(options.spin),
        stop,
    };
    let limits = Limits::new(options, 1);
    let mut times = Times::new(&limits, Instant::now());
    loop {
        let had_partial = side.has_partial();
        let has_answered = side.has_next();
        loop {
            let refused = answer_some(&mut side, answer, aligns, &mut out, &mut manner);
            let may_be_more = out.is_full();
            match blocking::write_all(output, out.frames()) {
                Ok(()) => out.clear(),
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => return Err(Error::os("write answers", &error)),
            }
            if let Some(length) = refused {
                return Err(too_large(length, options.max_message));
            }
            if let Some(later) = later.filter(|_| manner.is_parked()) {
                if !later.wait_for(&manner, output, stop)? {
                    return Ok(());
                }
                manner.resume(answer, &mut out);
            } else if !may_be_more {
                break;
            }
        }
        let half = side.half(had_partial, has_answered);
        let limit = if half.is_some() || !times.are_stopped() {
            let end = half.map_or(TurnEnd::Idle { answered: true }, |half| {
                TurnEnd::partial(half, true)
            });
            times.note(end, &limits);
            let due = times.due(&limits);
            due.map(|due| due.saturating_duration_since(Instant::now()))
        } else {
            None // As after nearly every request.
        };
        let room = side.room(&mut spare);
        let room = room.map_err(|error| lack("read requests", error))?;
        match requests.read(room, limit) {
            Ok(0) => return Ok(()),
            Ok(count) => side.fill(count),
            Err(error) if error.kind() == ErrorKind::TimedOut => return Ok(()),
            Err(error) => return Err(Error::os("read requests", &error)),
        }
    }
}

/// Answers the whole requests that are there, as far as there is room for answers; gives the length of one
/// that is too large, which ends the connection.
fn answer_some(
    side: &mut ServerSide,
    answer: &dyn Answer,
    aligns: bool,
    out: &mut Outbox,
    manner: &mut impl Manner,
) -> Option<u32> {
    while !manner.is_parked() && !out.is_full() {
        let too_large = match side.next()? {
            Piece::Body(body) => {
                let body = side.body(body, aligns);
                manner.answer(answer, body, out);
                continue;
            }
            Piece::TooLarge(length) => length,
            Piece::Notice(notice) => notice as u32,
        };
        out.append(|room| answer.too_large(room));
        return Some(too_large);
    }
    None
}

#[cold]
fn too_large(length: u32, limit: u32) -> Error {
    let context = format!("a request has {length} bytes, and max_message is {limit}");
    Error::new(Status::TooLarge, context)
}

/// Where requests come from.
struct Requests<'a> {
    input: Source<'a>,
    spin: Spin,
    stop: Option<&'a Bell>,
}

impl Requests<'_> {
    /// Reads once, waiting no longer than `limit` (`None`: without limit); 0 at the end, or when told to
    /// stop.
    fn read(&mut self, room: &mut [u8], limit: Option<Duration>) -> io::Result<usize> {
        let input = self.input;
        let found = self.spin.until(|| match transfer::read_now(input, room) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            result => Some(result),
        });
        if let Some(result) = found {
            return result;
        }
        let deadline = Deadline::after(limit);
        // A blocking read is enough where nothing else can end the wait.
        let mut must_wait = self.stop.is_some() || limit.is_some();
        loop {
            if must_wait && self.wait(&deadline)? {
                return Ok(0);
            }
            match transfer::read(input, room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => must_wait = true,
                result => return result,
            }
        }
    }

    /// Waits for requests; `true` when told to stop.
    fn wait(&self, deadline: &Deadline) -> io::Result<bool> {
        let input = Awaited::new(self.input, Want::READ);
        let Some(stop) = self.stop else {
            in_time(poll::wait(&mut [input], deadline)?)?;
            return Ok(false);
        };
        let mut sources = [input, Awaited::new(stop.as_source(), Want::READ)];
        in_time(poll::wait(&mut sources, deadline)?)?;
        Ok(!sources[1].ready().is_empty())
    }
}

/// A server's address that is this program's own standard input and output.
struct StdioEndpoint(ServerOptions);

/// Serves the one client at this program's standard input and output.
pub(in crate::transport) fn bind_stdio(options: &ServerOptions) -> Box<dyn Endpoint> {
    Box::new(StdioEndpoint(options.clone()))
}

impl Endpoint for StdioEndpoint {
    fn name(&self) -> String {
        "standard input and output".into()
    }

    /// Standard input and output are the program's, and every child's.
    fn bequeath(&self) {}

    fn adopt(&self) -> Result<()> {
        Ok(())
    }

    fn serve(&self, task: &Task<'_>) -> Result<()> {
        let [input, output] =
            blocking::standard().map_err(|error| Error::os("standard input and output", &error))?;
        (task.begun)();
        task.answer.note(Visit::Came);
        serve(input, output, task.answer, &self.0, Some(task.stop))
    }
}
