//! Contestants take turns.
//!
//! Machines change their speed while one watches, so each round gives everybody a turn, next to its raw limit's,
//! every other round in reverse; and what is compared is the turns of one round.

use super::pair::{Job, Pair};
use super::processors::Seats;
use super::report::Placement;
use super::session::Session;
use super::spec::Spec;
use super::stats::{Rates, Tally};
use super::trouble::Trouble;
use std::time::Duration;

/// Contestants that ask one at a time, side by side.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) placement: Placement,
    pub(super) size: u32,
    pub(super) batch: u32,
    pub(super) specs: Vec<Spec>,
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    pub(super) rounds: u32,
    /// The most calls in a turn.
    pub(super) calls: u32,
    /// About the time of a turn: whoever is slow makes fewer calls.
    pub(super) turn: Duration,
}

/// Contestants that many clients ask at once, side by side.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    pub(super) clients: u32,
    pub(super) specs: Vec<Spec>,
}

impl Group {
    pub(super) fn title(&self) -> String {
        title(self.placement, self.size, self.batch)
    }
}

/// What is measured, in words.
pub(super) fn title(placement: Placement, size: u32, batch: u32) -> String {
    let place = place(placement);
    match (size, batch) {
        (0, 1) => format!("ADD i i+1, {place}"),
        (0, _) => format!("ADD i i+1, {batch} at once, {place}"),
        (size, _) if size % 1024 == 0 => format!("echo of {} KiB, {place}", size / 1024),
        (size, _) => format!("echo of {size} bytes, {place}"),
    }
}

/// A placement, in words.
pub(super) fn place(placement: Placement) -> &'static str {
    match placement {
        Placement::OneCore => "one core",
        Placement::TwoCores => "two cores",
        Placement::Anywhere => "anywhere",
    }
}

/// The fewest calls in a turn.
const FEWEST: u32 = 8;

/// Somebody who takes part, until it fails.
pub(super) struct Player<T> {
    running: Option<Pair>,
    /// Calls in a turn.
    calls: u32,
    pub(super) result: T,
}

/// Starts everybody; whoever cannot start takes no turn.
pub(super) fn start<T: Default>(
    session: &mut Session,
    specs: &[Spec],
    seats: &Seats,
    job: Job,
) -> Result<Vec<Player<T>>, Trouble> {
    let mut players = Vec::new();
    for spec in specs {
        let pair = Pair::start(session, spec, seats, job);
        players.push(Player {
            running: session.forgive(&spec.contestant.name, pair)?,
            calls: 0,
            result: T::default(),
        });
    }
    Ok(players)
}

/// One client's round trips; `None` of whoever failed, and of everybody where there are too few processors.
pub(super) fn latencies(
    session: &mut Session,
    group: &Group,
    effort: &Effort,
) -> Result<Vec<Option<Tally>>, Trouble> {
    let Some(seats) = session.processors.seats(group.placement) else {
        session.skip("two_cores", "this program may use one processor only");
        return Ok(group.specs.iter().map(|_| None).collect());
    };
    let job = Job {
        size: group.size,
        clients: 1,
    };
    let mut players = start(session, &group.specs, &seats, job)?;
    in_rounds(
        session,
        effort.rounds,
        &group.specs,
        &mut players,
        |session, _, player, pair| take_turn(session, group, effort, player, pair),
    )
}

fn take_turn(
    session: &Session,
    group: &Group,
    effort: &Effort,
    player: &mut Player<Tally>,
    pair: &mut Pair,
) -> Result<(), Trouble> {
    let mut ask = |count| pair.calls(session, count, group.size, group.batch);
    // Both sides have to wake up, and some learn how best to wait.
    if player.calls == 0 {
        ask(FEWEST)?;
        let (times, _) = ask(FEWEST)?;
        player.calls = calls_in_turn(&times, effort);
    } else {
        ask(FEWEST.max(player.calls / 10))?;
    }
    let (times, used) = ask(player.calls)?;
    player.result.add(times, group.batch, used);
    Ok(())
}

/// How many calls fill a turn, if they take as long as these.
fn calls_in_turn(times: &[u32], effort: &Effort) -> u32 {
    let nanos: u128 = times.iter().map(|&time| u128::from(time)).sum();
    let each = (nanos / times.len().max(1) as u128).max(1);
    let calls = u32::try_from(effort.turn.as_nanos() / each).unwrap_or(u32::MAX);
    calls.clamp(FEWEST, effort.calls.max(FEWEST))
}

/// Many clients' requests.
pub(super) fn throughputs(
    session: &mut Session,
    crowd: &Crowd,
    effort: &Effort,
) -> Result<Vec<Option<Rates>>, Trouble> {
    let Some(seats) = session.processors.seats(Placement::Anywhere) else {
        return Ok(crowd.specs.iter().map(|_| None).collect());
    };
    let job = Job {
        size: 0,
        clients: crowd.clients,
    };
    let mut players = start::<Rates>(session, &crowd.specs, &seats, job)?;
    in_rounds(
        session,
        effort.rounds,
        &crowd.specs,
        &mut players,
        |session, _, player, pair| {
            pair.during(session, effort.turn / 10, 0)?;
            let (answered, used) = pair.during(session, effort.turn, 0)?;
            player.result.add(answered, effort.turn.as_secs_f64(), used);
            Ok(())
        },
    )
}

/// Gives everybody its turns, and takes the results of those that came through.
pub(super) fn in_rounds<T: Default>(
    session: &mut Session,
    rounds: u32,
    specs: &[Spec],
    players: &mut [Player<T>],
    mut take_turn: impl FnMut(&Session, &Spec, &mut Player<T>, &mut Pair) -> Result<(), Trouble>,
) -> Result<Vec<Option<T>>, Trouble> {
    for round in 0..rounds {
        let mut order: Vec<_> = players.iter_mut().zip(specs).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for (player, spec) in order {
            session.progress.advance();
            let Some(mut pair) = player.running.take() else {
                continue;
            };
            let taken = take_turn(session, spec, player, &mut pair);
            if session.forgive(&spec.contestant.name, taken)?.is_some() {
                player.running = Some(pair);
            }
        }
    }
    let results = players.iter_mut().map(|player| {
        let result = std::mem::take(&mut player.result);
        player.running.take().map(|_| result)
    });
    Ok(results.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_as_long_as_it_should_be() {
        let effort = Effort {
            rounds: 1,
            calls: 1000,
            turn: Duration::from_millis(10),
        };
        assert_eq!(calls_in_turn(&[100_000; 8], &effort), 100);
        assert_eq!(calls_in_turn(&[1; 8], &effort), 1000);
        assert_eq!(calls_in_turn(&[u32::MAX; 8], &effort), FEWEST);
        assert_eq!(calls_in_turn(&[], &effort), 1000);
    }
}
