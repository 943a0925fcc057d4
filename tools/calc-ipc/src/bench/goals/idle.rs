//! How often a server and a client wake up that nobody wants anything from.

use super::super::pair::{Job, Pair};
use super::super::report::{Placement, Waiting};
use super::super::session::Session;
use super::super::spec::{self, Spec};
use super::super::trouble::Trouble;
use super::super::wake_ups;
use super::measure::TRANSPORTS;
use std::time::Duration;

/// Until both sides have gone to sleep after a call.
const SETTLE: Duration = Duration::from_millis(100);

/// The wake-ups of each transport's server and client within this time; `None` of whoever failed.
pub(super) fn wake_ups(
    session: &mut Session,
    time: Duration,
) -> Result<Vec<(Spec, Option<f64>)>, Trouble> {
    let mut pairs = Vec::new();
    for transport in TRANSPORTS {
        let spec = spec::ours(transport, Waiting::Adaptive);
        let pair = start(session, &spec);
        pairs.push((session.forgive(&spec.contestant.name, pair)?, spec));
    }
    session.interrupt.pause(SETTLE)?;
    let count = |pair: &Option<Pair>| pair.as_ref().and_then(Pair::switches);
    let before: Vec<_> = pairs.iter().map(|(pair, _)| count(pair)).collect();
    session.interrupt.pause(time)?;
    let woken = pairs.iter().zip(before).map(|((pair, spec), before)| {
        let more = count(pair)
            .zip(before)
            .map(|(after, before)| after.saturating_sub(before));
        (spec.clone(), more.map(f64::from))
    });
    Ok(woken.collect())
}

/// A contestant that has been asked something.
fn start(session: &mut Session, spec: &Spec) -> Result<Pair, Trouble> {
    let job = Job {
        size: 0,
        clients: 1,
    };
    let seats = session.processors.seats(Placement::Anywhere);
    let seats = seats.ok_or_else(|| Trouble::Unable("there is no processor".to_owned()))?;
    let mut pair = Pair::start(session, spec, &seats, job)?;
    pair.calls(session, 8, 0, 1)?;
    Ok(pair)
}

impl Pair {
    /// How often the threads of both sides have gone to sleep so far.
    fn switches(&self) -> Option<u32> {
        let [client, server] = self.processes();
        Some(wake_ups::of(client?)? + wake_ups::of(server?)?)
    }
}
