//! How soon a client knows that its server was killed.

use super::super::program::murder;
use super::super::report::Transport;
use super::super::session::Session;
use super::super::trouble::Trouble;
use super::place::{PATIENCE, Pair, Place, expect_end};
use super::slow_server;
use crate::contestant::{slow, sum};
use calc_ipc::calculator::Request;
use calc_ipc::error::Status;
use calc_ipc::service::Client;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// What the server does when it is killed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    /// It is inside the handler.
    Handler,
    /// The client makes one call after the other.
    Any,
    /// Nothing: the client learns of it by its next call.
    Between,
}

/// How long it took from the kill, or from the next call, to the failure of a call, in nanoseconds.
pub(super) fn noticed(
    session: &mut Session,
    transport: Transport,
    moment: Moment,
    rounds: u32,
) -> Result<Vec<f64>, Trouble> {
    let place = Place::new(session, transport, slow_server(1));
    let one = |round| {
        let pair = place.open(session, PATIENCE)?;
        let time = match moment {
            Moment::Handler => {
                during_calls(session, &pair, &slow(PATIENCE), Duration::from_millis(3))?
            }
            Moment::Any => during_calls(session, &pair, &sum(1), varied(round))?,
            Moment::Between => {
                pair.kill(&session.interrupt)?;
                let (ended, status) = call_until_it_fails(&pair.client, &sum(1), Instant::now());
                expect_end(status)?;
                ended
            }
        };
        session.progress.advance();
        Ok(nanos(time))
    };
    (0..rounds).map(one).collect()
}

/// Up to 2 ms, another time in every round.
fn varied(round: u32) -> Duration {
    Duration::from_micros(u64::from(round * 617 % 2000))
}

/// Kills the server after `delay`, in which the client asks.
fn during_calls(
    session: &Session,
    pair: &Pair,
    request: &Request,
    delay: Duration,
) -> Result<Duration, Trouble> {
    let since = Instant::now();
    let (killed, paused, (failed, status)) = thread::scope(|scope| {
        let asking = scope.spawn(|| call_until_it_fails(&pair.client, request, since));
        let paused = session.interrupt.pause(delay);
        let killed = since.elapsed();
        murder(pair.process);
        (
            killed,
            paused,
            asking.join().unwrap_or((killed, Status::Internal)),
        )
    });
    paused?;
    expect_end(status)?;
    let early = || Trouble::Broken("a call failed before the server was killed".to_owned());
    failed.checked_sub(killed).ok_or_else(early)
}

/// When a call failed, counted from `since`, and how.
fn call_until_it_fails(client: &Client, request: &Request, since: Instant) -> (Duration, Status) {
    loop {
        if let Err(error) = client.call(request) {
            return (since.elapsed(), error.status());
        }
    }
}

/// The same during a call, of a child whose own child keeps the pipes open.
pub(super) fn with_an_heir(session: &mut Session, rounds: u32) -> Result<Vec<f64>, Trouble> {
    let place = Place::new(session, Transport::Pipe, slow_server(1));
    let heir = place.beside("heir");
    let one = |_| {
        let script = "sleep 600 <&0 & echo $! >\"$0\"; exec \"$@\"";
        let (client, process) = place.open_within(script, &heir.display().to_string())?;
        let number = fs::read_to_string(&heir).unwrap_or_default();
        let heir = number.trim().parse().map(super::super::program::pid);
        let heir = heir.map_err(|_| Trouble::Broken("the child has no child".to_owned()))?;
        let pair = Pair {
            client,
            process,
            _server: None,
        };
        let time = during_calls(session, &pair, &slow(PATIENCE), Duration::from_millis(3));
        murder(heir);
        session.progress.advance();
        Ok(nanos(time?))
    };
    (0..rounds).map(one).collect()
}

pub(super) fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}
