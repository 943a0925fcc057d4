//! When calls end that are not answered, and those that cannot begin.

use super::super::program::{await_states, freeze};
use super::super::report::Transport;
use super::super::session::Session;
use super::super::trouble::Trouble;
use super::death::nanos;
use super::place::{Place, ask};
use super::slow_server;
use crate::contestant::{is_sum, slow, sum};
use calc_ipc::error::Status;
use calc_ipc::service::Client;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_millis(20);
/// What a handler that hangs is given when its client is destroyed.
const GRACE: Duration = Duration::from_millis(500);

/// How long after its deadline a call of a stopped server ended with TIMED_OUT, in nanoseconds. Then the server goes on, and
/// no later call is given the late answer.
pub(super) fn passed(
    session: &mut Session,
    transport: Transport,
    rounds: u32,
) -> Result<Vec<f64>, Trouble> {
    let place = Place::new(session, transport, slow_server(1));
    let mut pair = place.open(session, TIMEOUT)?;
    let mut times = Vec::new();
    for round in 0..rounds {
        freeze(pair.process, true);
        let stopped = await_states(&session.interrupt, pair.process, &['T', 'Z']);
        let before = Instant::now();
        let result = pair.client.call(&sum(i64::from(round)));
        let took = before.elapsed();
        freeze(pair.process, false);
        stopped?;
        match result {
            Err(error) if error.status() == Status::TimedOut && took >= TIMEOUT => {
                times.push(nanos(took - TIMEOUT));
            }
            other => {
                let what = format!("a call of a stopped server gave {other:?} after {took:?}");
                return Err(Trouble::Broken(what));
            }
        }
        if !is_answered(&pair.client, i64::from(round) + 1_000_000)? {
            // It was closed since its request was sent in part only.
            pair = place.open(session, TIMEOUT)?;
        }
        session.progress.advance();
    }
    Ok(times)
}

/// Asks until there is an answer, which has to be this request's; `false` if the client is over.
fn is_answered(client: &Client, number: i64) -> Result<bool, Trouble> {
    const ATTEMPTS: u32 = 1000;
    for _ in 0..ATTEMPTS {
        match client.call(&sum(number)) {
            Ok(response) if is_sum(number, &response) => return Ok(true),
            Ok(_) => {
                return Err(Trouble::Broken(
                    "a late answer was given to a later call".to_owned(),
                ));
            }
            Err(error) if error.status() == Status::TimedOut => {}
            Err(error) if error.status() == Status::Closed => return Ok(false),
            Err(error) => return Err(Trouble::Broken(format!("a later call failed: {error}"))),
        }
    }
    Err(Trouble::Broken(
        "a server that goes on answers nothing".to_owned(),
    ))
}

/// How soon a thread learns that another one uses its client, in nanoseconds.
pub(super) fn busy(
    session: &mut Session,
    transport: Transport,
    rounds: u32,
) -> Result<Vec<f64>, Trouble> {
    let place = Place::new(session, transport, slow_server(1));
    let pair = place.open(session, TIMEOUT)?;
    let is_over = AtomicBool::new(false);
    freeze(pair.process, true);
    let times = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let _ = pair.client.call(&sum(1));
            }
        });
        let mut times = Vec::new();
        let mut result = Ok(());
        // Between two calls of the other thread the client is free, so not every round counts.
        for _ in 0..1000 * rounds as usize {
            if times.len() >= rounds as usize {
                break;
            }
            result = session.interrupt.pause(Duration::from_millis(1));
            let before = Instant::now();
            let refused = pair.client.call(&sum(2));
            let took = before.elapsed();
            if refused.is_err_and(|error| error.status() == Status::Busy) {
                times.push(nanos(took));
                session.progress.advance();
            }
            if result.is_err() {
                break;
            }
        }
        is_over.store(true, Ordering::Relaxed);
        result.map(|()| times)
    });
    freeze(pair.process, false);
    times
}

/// How long after the time that a handler which hangs is given its child is gone, in nanoseconds.
pub(super) fn hung_child(session: &mut Session, rounds: u32) -> Result<Vec<f64>, Trouble> {
    let place = Place::new(session, Transport::Pipe, slow_server(1));
    let one = |_| {
        let pair = place.open(session, TIMEOUT)?;
        ask(&pair.client, 1)?;
        let hangs = pair.client.call(&slow(Duration::from_secs(600)));
        if !hangs.is_err_and(|error| error.status() == Status::TimedOut) {
            return Err(Trouble::Broken(
                "a handler that hangs has answered".to_owned(),
            ));
        }
        let before = Instant::now();
        drop(pair.client);
        let took = before.elapsed();
        await_states(&session.interrupt, pair.process, &[])?;
        session.progress.advance();
        Ok(nanos(took.saturating_sub(GRACE)))
    };
    (0..rounds).map(one).collect()
}
