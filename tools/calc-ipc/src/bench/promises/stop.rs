//! How long it takes a server to stop, whatever its clients do.

use super::super::program::{Program, freeze, murder};
use super::super::report::Transport;
use super::super::session::Session;
use super::super::stats::float;
use super::super::trouble::Trouble;
use super::death::nanos;
use super::place::{PATIENCE, Place, expect_end};
use crate::cli::ContestantSettings;
use crate::contestant::sum;
use std::thread;
use std::time::{Duration, Instant};

/// What the clients do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Clients {
    /// They asked once.
    Idle(u32),
    /// They send batch after batch.
    Busy(u32),
    /// They did so, and were stopped: nobody reads their answers.
    Deaf(u32),
}

/// How long `stop` took, in nanoseconds.
pub(super) fn takes(
    session: &mut Session,
    transport: Transport,
    clients: Clients,
    rounds: u32,
) -> Result<Vec<f64>, Trouble> {
    let place = Place::new(session, transport, ContestantSettings::default());
    let one = |_| {
        let mut server = place.serve(session)?;
        let (Clients::Idle(count) | Clients::Busy(count) | Clients::Deaf(count)) = clients;
        let mut crowd = place.crowd(session, count)?;
        if !matches!(clients, Clients::Idle(_)) {
            crowd.tell("flood 512")?;
            session.interrupt.pause(Duration::from_millis(3))?;
        }
        let is_deaf = matches!(clients, Clients::Deaf(_));
        if is_deaf {
            freeze(crowd.pid(), true);
        }
        let took = stop(session, &mut server);
        if is_deaf {
            murder(crowd.pid());
        }
        session.progress.advance();
        took
    };
    (0..rounds).map(one).collect()
}

/// Has the server stop, and gives how long that took.
pub(super) fn stop(session: &Session, server: &mut Program) -> Result<f64, Trouble> {
    server.tell("stop")?;
    let mut took = [0; size_of::<u64>()];
    server.read(&session.interrupt, &mut took, Duration::ZERO)?;
    Ok(float(u64::from_ne_bytes(took)))
}

/// How long after the order to stop a client that makes one call after the other hears of it.
pub(super) fn heard(
    session: &mut Session,
    transport: Transport,
    rounds: u32,
) -> Result<Vec<f64>, Trouble> {
    let place = Place::new(session, transport, ContestantSettings::default());
    let one = |_| {
        let mut server = place.serve(session)?;
        let client = place.connect(PATIENCE)?;
        let (told, result, ended) = thread::scope(|scope| {
            let asking = scope.spawn(|| {
                loop {
                    if let Err(error) = client.call(&sum(1)) {
                        return (Instant::now(), error.status());
                    }
                }
            });
            let paused = session.interrupt.pause(Duration::from_millis(1));
            let told = Instant::now();
            let result = stop(session, &mut server);
            if result.is_err() {
                // So that the call fails.
                murder(server.pid());
            }
            (told, paused.and(result), asking.join().ok())
        });
        result?;
        let (ended, status) =
            ended.ok_or_else(|| Trouble::Broken("a thread panicked".to_owned()))?;
        expect_end(status)?;
        session.progress.advance();
        Ok(nanos(ended.saturating_duration_since(told)))
    };
    (0..rounds).map(one).collect()
}
