//! Calls of this library's that nobody waits for: so many are submitted, and then their completions are taken.

#[cfg(unix)]
mod epoll;
#[cfg(windows)]
mod none;

use super::body::wrong;
use super::job::{is_sum, sum};
use super::ours::failure;
use crate::exit::Failure;
use calc_ipc::calculator::frames::BODY_MAX;
use calc_ipc::calculator::text::parse_response;
use calc_ipc::error::Status;
use calc_ipc::service::{Client, Completion, Limit, Next};
#[cfg(unix)]
use epoll::EventLoop;
#[cfg(windows)]
use none::EventLoop;
use std::ops::Range;
use std::time::Duration;

/// How its calls are asked for.
pub(super) struct Flight {
    /// Calls that are submitted before the first completion is taken.
    depth: u64,
    /// An event loop, which waits until there are completions; `None`: the library waits.
    event_loop: Option<EventLoop>,
    room: Vec<u8>,
}

impl Flight {
    pub(super) fn new(depth: usize) -> Self {
        Self {
            depth: u64::try_from(depth).unwrap_or(u64::MAX),
            event_loop: None,
            room: vec![0; BODY_MAX as usize],
        }
    }

    /// The same, in an event loop that watches the client, and looks so long before it sleeps.
    pub(super) fn watching(self, client: &Client, spin: Duration) -> Result<Self, Failure> {
        Ok(Self {
            event_loop: Some(EventLoop::watching(client, spin)?),
            ..self
        })
    }

    /// Asks the calculator `depth` times; the numbers of the calls begin with `first`.
    pub(super) fn round_trip(&mut self, client: &Client, first: u64) -> Result<(), Failure> {
        let Self {
            depth,
            event_loop,
            room,
        } = self;
        let mut numbers = first..first + *depth;
        for number in numbers.clone() {
            let submitted = client.submit_request(Limit::Usual, &sum(number.cast_signed()), number);
            submitted.map_err(|error| failure(&error))?;
        }
        while !numbers.is_empty() {
            match event_loop {
                None => {
                    take(client, None, room, &mut numbers)?;
                }
                Some(event_loop) => {
                    event_loop.wait()?;
                    // An event loop takes all that there is before it sleeps again.
                    while take(client, Some(Duration::ZERO), room, &mut numbers)? {}
                }
            }
        }
        Ok(())
    }
}

/// Takes the next completion, which has to be that of the next number: one connection answers in the order in which it was
/// asked. `false`: none came in time.
fn take(
    client: &Client,
    wait: Option<Duration>,
    room: &mut [u8],
    numbers: &mut Range<u64>,
) -> Result<bool, Failure> {
    let Completion { tag, outcome, .. } = match client.next(wait, room) {
        Ok(Next::Completion(completion)) => completion,
        Ok(Next::NoRoom(_)) => return Err(wrong()),
        Err(error) if error.status() == Status::TimedOut => return Ok(false),
        Err(error) => return Err(failure(&error)),
    };
    let length = outcome.map_err(|error| failure(&error))?;
    let body = room.get(..length).unwrap_or_default();
    let response = parse_response(body).ok_or_else(wrong)?;
    let is_right = numbers.next() == Some(tag) && is_sum(tag.cast_signed(), &response);
    is_right.then_some(true).ok_or_else(wrong)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use calc_ipc::service::{Handler, Server};
    use calc_ipc::transport::{self, Address, ClientOptions, ServerOptions};

    #[test]
    fn every_call_is_answered_however_its_completion_is_awaited() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket").display().to_string();
        let address = Address::Unix(path);
        let bound = transport::bind(&address, &ServerOptions::default()).unwrap();
        let server = Server::new(bound.endpoint, Handler::Calculator).unwrap();
        server.start().unwrap();
        let client = Client::connect(&address, &ClientOptions::default()).unwrap();
        for depth in [1, 8, 64] {
            let waiting = Flight::new(depth);
            let watching = |spin| Flight::new(depth).watching(&client, spin).unwrap();
            let sleeping = watching(Duration::ZERO);
            let spinning = watching(Duration::from_micros(50));
            for mut flight in [waiting, sleeping, spinning] {
                flight.round_trip(&client, 1 << 40).unwrap();
                flight.round_trip(&client, 7).unwrap();
            }
        }
        // One more than may be in flight.
        assert!(Flight::new(65).round_trip(&client, 0).is_err());
        server.stop().unwrap();
    }
}
