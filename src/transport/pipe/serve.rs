//! The server's side: one client, at two descriptors.

use super::pair::in_time;
use crate::error::{Error, Result, Status};
use crate::sys::blocking;
use crate::sys::unix::fd;
use crate::sys::unix::poll::{self, PollFd, PollFlags};
use crate::sys::wait::Spin;
use crate::transport::inbox::{Inbox, Piece};
use crate::transport::{Answer, Bell, Deadline, Endpoint, Outbox, ServerOptions, Task, Visit};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// Half a request may rest this long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves the one client that writes to `input` and reads from `output`, until the input ends or
/// `stop` rings. Both are the host's: blocking or not, of any kind, and never changed.
pub(crate) fn serve(
    input: BorrowedFd<'_>,
    output: BorrowedFd<'_>,
    answer: &dyn Answer,
    options: &ServerOptions,
    stop: Option<&Bell>,
) -> Result<()> {
    options.validate()?;
    let mut inbox = Inbox::new(options.max_message);
    let mut spare = Vec::new();
    let mut answers = Outbox::new(options.max_message);
    let mut source = Source {
        input,
        spin: Spin::new(options.spin),
        stop,
    };
    loop {
        let goes_on = answer_all(&mut inbox, answer, &mut answers);
        match blocking::write_all(output, answers.frames()) {
            Ok(()) => answers.clear(),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(Error::os("write answers", &error)),
        }
        if !goes_on {
            let context = "a request is over max_message";
            return Err(Error::new(Status::TooLarge, context));
        }
        let limit = if inbox.has_partial_frame() {
            PATIENCE
        } else {
            options.idle_timeout
        };
        inbox.return_room(&mut spare);
        inbox.borrow_room(&mut spare);
        match source.read(inbox.room(), limit) {
            Ok(0) => return Ok(()),
            Ok(count) => inbox.fill(count),
            Err(error) if error.kind() == ErrorKind::TimedOut => return Ok(()),
            Err(error) => return Err(Error::os("read requests", &error)),
        }
    }
}

/// Answers the whole requests that are there; `false` after one that ends the connection.
fn answer_all(inbox: &mut Inbox, answer: &dyn Answer, answers: &mut Outbox) -> bool {
    while let Some(piece) = inbox.next() {
        match piece {
            Piece::Body(body) => answer.answer(inbox.bytes(body), answers),
            Piece::TooLarge(_) | Piece::Notice(_) => {
                answer.too_large(answers);
                return false;
            }
        }
    }
    true
}

/// Where requests come from.
struct Source<'a> {
    input: BorrowedFd<'a>,
    spin: Spin,
    stop: Option<&'a Bell>,
}

impl Source<'_> {
    /// Reads once, waiting no longer than `limit` (zero: without limit); 0 at the end, or when
    /// told to stop.
    fn read(&mut self, room: &mut [u8], limit: Duration) -> io::Result<usize> {
        let input = self.input;
        let found = self.spin.until(|| match fd::read_now(input, room) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            result => Some(result),
        });
        if let Some(result) = found {
            return result;
        }
        let deadline = Deadline::after((!limit.is_zero()).then_some(limit));
        // A blocking read is enough where nothing else can end the wait.
        let mut must_wait = self.stop.is_some() || !limit.is_zero();
        loop {
            if must_wait && self.wait(&deadline)? {
                return Ok(0);
            }
            match fd::read(input, room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => must_wait = true,
                result => return result,
            }
        }
    }

    /// Waits for requests; `true` when told to stop.
    fn wait(&self, deadline: &Deadline) -> io::Result<bool> {
        let input = PollFd::new(self.input, PollFlags::POLLIN);
        let Some(stop) = self.stop else {
            in_time(poll::wait(&mut [input], deadline)?)?;
            return Ok(false);
        };
        let mut fds = [input, PollFd::new(stop.as_fd(), PollFlags::POLLIN)];
        in_time(poll::wait(&mut fds, deadline)?)?;
        Ok(fds[1].any().unwrap_or(false))
    }
}

/// A server's address that is this program's own standard input and output.
struct StdioEndpoint(ServerOptions);

/// Serves the one client at this program's standard input and output.
pub(crate) fn bind_stdio(options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
    options.validate()?;
    Ok(Box::new(StdioEndpoint(options.clone())))
}

impl Endpoint for StdioEndpoint {
    fn adopt(&self) -> Result<()> {
        Ok(())
    }

    fn serve(&self, task: &Task<'_>) -> Result<()> {
        (task.begun)();
        task.answer.note(Visit::Came);
        let (input, output) = (io::stdin(), io::stdout());
        serve(
            input.as_fd(),
            output.as_fd(),
            task.answer,
            &self.0,
            Some(task.stop),
        )
    }
}
