//! The server's side: one client, from whom it reads at one handle and to whom it writes at another.

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests;

use super::later::Later;
use super::pair::in_time;
use crate::error::{Error, Result, Status};
use crate::sys::poll::{self, Awaited};
use crate::sys::ready::Want;
use crate::sys::room::NoMemory;
use crate::sys::wait::Spin;
use crate::sys::{AsSource, Source, blocking, socket, transfer};
use crate::transport::conversation::inbox::Piece;
use crate::transport::conversation::outbox::Outbox;
use crate::transport::conversation::server::ServerSide;
use crate::transport::conversation::spare::Spare;
use crate::transport::deferral::{Manner, Parking, Prompt, Service};
use crate::transport::reactor::{Limits, Times, Trim, TurnEnd};
use crate::transport::{
    Bell, Cause, Credentials, Deadline, Endpoint, ServerOptions, Task, Visit, Visitors,
};
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// Who writes to `input`: known where that is a socket whose other end the kernel knows.
pub(crate) fn peer_of(input: Source<'_>) -> Credentials {
    socket::peer(input).unwrap_or(Credentials::UNKNOWN)
}

/// Serves the one client that writes to `input` and reads from `output`, until the input ends or
/// `stop` rings. Both are the host's: blocking or not, of any kind, and never changed.
pub(crate) fn serve(
    input: Source<'_>,
    output: Source<'_>,
    service: &Service<'_>,
    options: &ServerOptions,
    stop: Option<&Bell>,
) -> Result<()> {
    let Service { from, answer, .. } = service;
    answer.note(from, Visit::Came);
    let ended = match answer.deferring() {
        None => converse(input, output, service, options, stop, Prompt, None),
        Some(_) => converse_later(input, output, service, options, stop),
    };
    let visit = match &ended {
        Ok(visit) | Err((visit, _)) => *visit,
    };
    answer.note(from, visit);
    ended.map(|_| ()).map_err(|(_, error)| error)
}

/// How serving ended: of itself, or by a failure.
type Ended = std::result::Result<Visit, (Visit, Error)>;

/// Serves where answers may come later, and says how that ended.
fn converse_later(
    input: Source<'_>,
    output: Source<'_>,
    service: &Service<'_>,
    options: &ServerOptions,
    stop: Option<&Bell>,
) -> Ended {
    let later = Later::new().map_err(|error| {
        let error = Error::os("create an event", &error);
        (Visit::Dropped(Cause::Shortage), error)
    })?;
    let parking = Parking::new(later.clone(), 0, options.max_message);
    converse(input, output, service, options, stop, parking, Some(&later))
}

/// Serves in this manner, and says how that ended; `later` tells of answers that come later.
fn converse(
    input: Source<'_>,
    output: Source<'_>,
    service: &Service<'_>,
    options: &ServerOptions,
    stop: Option<&Bell>,
    mut manner: impl Manner,
    later: Option<&Later>,
) -> Ended {
    let answer = service.answer;
    let mut side = ServerSide::new(options.max_message);
    let mut spare = Spare::default();
    let lack = |what: &str, lack: NoMemory| {
        let error = Error::new(Status::System, format!("{what}: {lack}"));
        (Visit::Dropped(Cause::Shortage), error)
    };
    let aligns = answer.takes_aligned();
    let mut out = Outbox::new(answer.longest_answer(options.max_message), aligns)
        .map_err(|error| lack("room for answers", error))?;
    let mut requests = Requests {
        input,
        spin: Spin::of_stream(options.spin),
        stop,
    };
    let limits = Limits::new(options, 1);
    let mut times = Times::new(&limits, Instant::now());
    let mut trim = Trim::default();
    loop {
        let had_partial = side.has_partial();
        let has_answered = side.has_next();
        loop {
            let refused = answer_some(&mut side, service, aligns, &mut out, &mut manner);
            let may_be_more = out.is_full();
            match blocking::write_all(output, out.frames()) {
                Ok(()) => out.clear(),
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Visit::Left),
                Err(error) => return Err((Visit::Left, Error::os("write answers", &error))),
            }
            if let Some((why, length)) = refused {
                return Err((Visit::Dropped(why), too_large(length, options.max_message)));
            }
            if let Some(later) = later.filter(|_| manner.is_parked()) {
                let has_come = later.wait_for(&manner, output, stop);
                if !has_come.map_err(|error| (Visit::Left, error))? {
                    let is_told = stop.is_some_and(Bell::has_rung);
                    return Ok(if is_told { Visit::Ended } else { Visit::Left });
                }
                manner.resume(service, &mut out);
            } else if !may_be_more {
                break;
            }
        }
        let half = side.half(had_partial, has_answered);
        let due = if half.is_some() || !times.are_stopped() {
            let end = half.map_or(TurnEnd::Idle { answered: true }, |half| {
                TurnEnd::partial(half, true)
            });
            times.note(end, &limits);
            times.due(&limits)
        } else {
            None // As after nearly every request.
        };
        let room = side.room(&mut spare);
        let room = room.map_err(|error| lack("read requests", error))?;
        if out.was_used() | spare.was_used() {
            trim.put_off(Instant::now());
        }
        let trim_all = || {
            out.trim();
            spare.trim();
        };
        match requests.read_by(room, due, &mut trim, trim_all) {
            Ok(0) if stop.is_some_and(Bell::has_rung) => return Ok(Visit::Ended),
            Ok(0) => return Ok(Visit::Left),
            Ok(count) => side.fill(count),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                return Ok(Visit::Dropped(times.cause(Instant::now(), &limits)));
            }
            Err(error) => return Err((Visit::Left, Error::os("read requests", &error))),
        }
    }
}

/// Answers the whole requests that are there, as far as there is room for answers; gives the length of one
/// that ends the connection, and why it does.
fn answer_some(
    side: &mut ServerSide,
    service: &Service<'_>,
    aligns: bool,
    out: &mut Outbox,
    manner: &mut impl Manner,
) -> Option<(Cause, u32)> {
    while !manner.is_parked() && !out.is_full() {
        let refused = match side.next()? {
            Piece::Body(body) => {
                let body = side.body(body, aligns);
                manner.answer(service, body, out);
                continue;
            }
            Piece::TooLarge(length) => (Cause::TooLarge, length),
            Piece::Notice(notice) => (Cause::Malformed, notice as u32),
        };
        out.append(|room| service.answer.too_large(room));
        return Some(refused);
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
    /// Reads once, by this time (`None`: without limit). If nothing comes until long room is to be given back, that is
    /// done, and reading goes on.
    fn read_by(
        &mut self,
        room: &mut [u8],
        due: Option<Instant>,
        trim: &mut Trim,
        mut trim_all: impl FnMut(),
    ) -> io::Result<usize> {
        loop {
            let next = [due, trim.next()].into_iter().flatten().min();
            let limit = next.map(|next| next.saturating_duration_since(Instant::now()));
            match self.read(room, limit) {
                Err(error)
                    if error.kind() == ErrorKind::TimedOut && trim.strikes(Instant::now()) =>
                {
                    trim_all();
                }
                read => return read,
            }
        }
    }

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
struct StdioEndpoint {
    options: ServerOptions,
    visitors: Visitors,
}

/// Serves the one client at this program's standard input and output.
pub(in crate::transport) fn bind_stdio(options: &ServerOptions) -> Box<dyn Endpoint> {
    Box::new(StdioEndpoint {
        options: options.clone(),
        visitors: Visitors::default(),
    })
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
        let visitor = self.visitors.next(peer_of(input));
        let service = Service {
            from: &visitor,
            answer: task.answer,
            tally: &task.tallies.begin(),
        };
        serve(input, output, &service, &self.options, Some(task.stop))
    }
}
