//! Clients that connect, ask once and go, one after the other.

use super::super::crowd::scene::{Act, Cast, Pace, Scene};
use super::super::goal::{Finding, Limit};
use super::super::report::{Transport, Waiting};
use super::super::session::Session;
use super::super::spec::{self, Spec};
use super::super::stats::ratio;
use super::super::trouble::Trouble;
use super::super::turns::Effort;
use super::measure::times;
use std::time::Duration;

/// Nobody but the newcomers.
const CAST: Cast = Cast {
    polite: 1,
    busy: 0,
    act: Act::Flood { batch: 1 },
};

pub(super) fn measure(session: &mut Session, effort: &Effort) -> Result<Vec<Finding>, Trouble> {
    session.progress.say("connect, call, close");
    let specs = [
        spec::ours(Transport::Shm, Waiting::Adaptive),
        spec::ours(Transport::Unix, Waiting::Adaptive),
        spec::raw(Transport::Unix, true),
    ];
    let [shm, unix, raw] = rates(session, &specs, effort)?;
    Ok(vec![
        times(
            "shm, connect, call, close, per second, of the Unix socket".to_owned(),
            Limit::AtLeast(0.5),
            ratio(&shm, &unix),
        ),
        times(
            "unix, connect, call, close, per second, of raw unix".to_owned(),
            Limit::Open,
            ratio(&unix, &raw),
        ),
    ])
}

/// Connections per second, of each round; none of whoever failed.
fn rates<const N: usize>(
    session: &mut Session,
    specs: &[Spec; N],
    effort: &Effort,
) -> Result<[Vec<f64>; N], Trouble> {
    let mut scenes = Vec::new();
    for spec in specs {
        let scene = Scene::start(session, spec, CAST);
        scenes.push(session.forgive(&spec.contestant.name, scene)?);
    }
    let pace = Pace {
        pause: Duration::ZERO,
        time: Duration::ZERO,
        newcomers: effort.turn,
    };
    let mut rates = [const { Vec::new() }; N];
    for round in 0..effort.rounds {
        let mut order: Vec<_> = scenes.iter_mut().zip(specs).zip(&mut rates).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for ((place, spec), rates) in order {
            let Some(mut scene) = place.take() else {
                continue;
            };
            let turn = scene.turn(session, pace);
            if let Some(scores) = session.forgive(&spec.contestant.name, turn)? {
                rates.extend(rate(&scores.newcomers));
                *place = Some(scene);
            } else {
                rates.clear();
            }
        }
    }
    Ok(rates)
}

/// How many there were in a second of what they took; `None` of none.
fn rate(nanos: &[u32]) -> Option<f64> {
    let sum: f64 = nanos.iter().copied().map(f64::from).sum();
    let count = f64::from(u32::try_from(nanos.len()).unwrap_or(u32::MAX));
    (sum > 0.0).then(|| count / sum * 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_per_second() {
        assert_eq!(rate(&[500_000, 1_500_000]), Some(1000.0));
        assert_eq!(rate(&[]), None);
    }
}
