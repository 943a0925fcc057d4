//! How soon calls end whose client is stopped.

use super::super::program::murder;
use super::super::report::Transport;
use super::super::session::Session;
use super::super::trouble::Trouble;
use super::death::nanos;
use super::place::{PATIENCE, Place};
use super::slow_server;
use crate::cli::{ContestantManner, ContestantSettings};
use crate::contestant::{slow, sum};
use calc_ipc::error::{Result as Called, Status};
use calc_ipc::service::{Client, Limit, Next};
use std::thread;
use std::time::{Duration, Instant};

/// What the client does when it is stopped.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    /// It waits for an answer.
    Blocking,
    /// It waits for the completion of a call that was submitted.
    Submitted,
    /// It waits for the only connection, which another call has.
    Waiting,
}

/// Until calls are under way, or wait.
const BEGINNING: Duration = Duration::from_millis(3);

/// How long it took from the order to stop until that ended, in nanoseconds.
pub(super) fn heard(
    session: &mut Session,
    transport: Transport,
    call: Call,
    rounds: u32,
) -> Result<Vec<f64>, Trouble> {
    let manner = ContestantManner {
        connections: u32::from(matches!(call, Call::Waiting)),
        ..ContestantManner::default()
    };
    let settings = ContestantSettings {
        manner,
        ..slow_server(1)
    };
    let place = Place::new(session, transport, settings);
    let one = |round| {
        let pair = place.open(session, PATIENCE)?;
        let stopped = stopped(session, &pair.client, call, BEGINNING + varied(round));
        // Its handler still has the call.
        murder(pair.process);
        session.progress.advance();
        stopped.map(nanos)
    };
    (0..rounds).map(one).collect()
}

/// Up to 50 ms, another time in every round: some who wait look now and then.
fn varied(round: u32) -> Duration {
    Duration::from_micros(u64::from(round) * 6173 % 50_000)
}

/// The same of one client, that is stopped after `delay`.
fn stopped(
    session: &Session,
    client: &Client,
    call: Call,
    delay: Duration,
) -> Result<Duration, Trouble> {
    let (paused, told, ended) = thread::scope(|scope| {
        let holder = || client.call(&slow(PATIENCE)).map(drop);
        if matches!(call, Call::Waiting) {
            scope.spawn(holder);
        }
        let asking = scope.spawn(move || {
            let ended = match call {
                Call::Blocking => holder(),
                Call::Submitted => submitted(client),
                Call::Waiting => until_one_fails(client),
            };
            (ended, Instant::now())
        });
        let paused = session.interrupt.pause(delay);
        let told = Instant::now();
        client.request_stop();
        (paused, told, asking.join().ok())
    });
    paused?;
    let (ended, at) = ended.ok_or_else(|| Trouble::Broken("a thread panicked".to_owned()))?;
    match ended {
        Err(error) if error.status() == Status::Cancelled => Ok(at.saturating_duration_since(told)),
        other => {
            let what = format!("a call whose client was stopped gave {other:?}");
            Err(Trouble::Broken(what))
        }
    }
}

/// Calls again and again; the one that finds the connection taken waits.
fn until_one_fails(client: &Client) -> Called<()> {
    loop {
        client.call(&sum(1)).map(drop)?;
    }
}

/// Submits a call that takes its time, and waits for what it comes to.
fn submitted(client: &Client) -> Called<()> {
    client.submit_request(Limit::Usual, &slow(PATIENCE), 1)?;
    match client.next(None, &mut [])? {
        Next::Completion(completion) => completion.outcome.map(drop),
        Next::NoRoom(_) => Ok(()),
    }
}
