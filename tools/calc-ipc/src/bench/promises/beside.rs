//! How long a client waits that others are served before.

use super::super::crowd::scene::{Act, Cast, Pace, Scene};
use super::super::crowd::{BESIDE_SLOW, PAUSE, SLOW};
use super::super::report::{Transport, Waiting};
use super::super::session::Session;
use super::super::spec;
use super::super::trouble::Trouble;
use std::time::Duration;

/// The calls of one client beside 16 that send batches without a pause, in nanoseconds.
pub(super) fn greedy(
    session: &mut Session,
    transport: Transport,
    rounds: u32,
) -> Result<Vec<f64>, Trouble> {
    let cast = Cast {
        polite: 1,
        busy: 16,
        act: Act::Flood { batch: 512 },
    };
    calls(session, transport, cast, rounds)
}

/// The calls of 8 clients beside one that keeps the handler for 100 ms at a time, in nanoseconds.
pub(super) fn slow_handler(
    session: &mut Session,
    transport: Transport,
    rounds: u32,
) -> Result<Vec<f64>, Trouble> {
    let cast = Cast {
        polite: BESIDE_SLOW,
        busy: 1,
        act: SLOW,
    };
    calls(session, transport, cast, rounds)
}

fn calls(
    session: &mut Session,
    transport: Transport,
    cast: Cast,
    rounds: u32,
) -> Result<Vec<f64>, Trouble> {
    let pace = Pace {
        pause: PAUSE,
        time: Duration::from_millis(300),
        newcomers: Duration::ZERO,
    };
    let spec = spec::ours(transport, Waiting::Adaptive);
    let mut scene = Scene::start(session, &spec, cast)?;
    let mut times = Vec::new();
    for _ in 0..rounds {
        let scores = scene.turn(session, pace)?;
        times.extend(scores.polite.into_iter().map(f64::from));
        session.progress.advance();
    }
    Ok(times)
}
