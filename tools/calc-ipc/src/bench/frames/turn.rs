//! Turns of frames, each beside a plain read of as many bytes.

use super::super::pair::{Frames, Job, Pair, Used};
use super::super::processors::{self, Seats};
use super::super::report::Placement;
use super::super::session::Session;
use super::super::spec::Spec;
use super::super::stats::{float, median};
use super::super::trouble::Trouble;
use super::super::turns;
use super::who::Who;
use crate::contestant::{fill, sum_of_body};
use nix::unistd::Pid;
use std::hint::black_box;
use std::thread;
use std::time::Duration;

/// How long to measure.
pub(super) struct Effort {
    pub(super) rounds: u32,
    /// In a turn.
    pub(super) frames: u32,
}

/// Frames before those that count: both sides have to wake up, and memory to be there.
const FIRST: u32 = 4;
/// Reads beside a turn, of which the median counts.
const READS: u64 = 5;

/// What one contestant's turns took; empty of whoever failed.
#[derive(Default)]
pub(super) struct Turns(Vec<Turn>);

struct Turn {
    /// Nanoseconds until each frame was read.
    times: Vec<u32>,
    used: Used,
    /// Nanoseconds of the processor for a plain read, measured before.
    read: f64,
}

/// Everybody's turns, in the order of `all`.
pub(super) fn measure(
    session: &mut Session,
    all: &[Who],
    effort: &Effort,
    frames: &Frames,
) -> Result<Vec<Turns>, Trouble> {
    let nothing = || all.iter().map(|_| Turns::default()).collect();
    let Some(seats) = session.processors.seats(Placement::TwoCores) else {
        session.skip("two_cores", "this program may use one processor only");
        return Ok(nothing());
    };
    let specs: Vec<Spec> = all.iter().map(|who| who.spec.clone()).collect();
    let turns = u64::try_from(specs.len()).unwrap_or(0) * u64::from(effort.rounds);
    session.progress.expect(turns);
    session.progress.say("frames, two cores");
    let job = Job {
        size: frames.size,
        clients: 1,
    };
    let mut players = turns::start::<Turns>(session, &specs, &seats, job)?;
    let mut body = vec![0; usize::try_from(frames.size).unwrap_or(0)];
    let found = turns::in_rounds(
        session,
        effort.rounds,
        &specs,
        &mut players,
        |session, spec, player, pair| {
            let read = read(&mut body, &seats)?;
            let turn = take(session, spec, pair, effort, frames, read)?;
            player.result.0.push(turn);
            Ok(())
        },
    )?;
    Ok(found.into_iter().map(Option::unwrap_or_default).collect())
}

fn take(
    session: &Session,
    spec: &Spec,
    pair: &mut Pair,
    effort: &Effort,
    frames: &Frames,
    read: f64,
) -> Result<Turn, Trouble> {
    let [passing] = spec.frames() else {
        return Err(Trouble::Unable(
            "its frames go no way, or several".to_owned(),
        ));
    };
    pair.frames(session, frames, *passing, FIRST)?;
    let (times, used) = pair.frames(session, frames, *passing, effort.frames)?;
    Ok(Turn { times, used, read })
}

/// The nanoseconds of the processor that it takes to read all of this, which the other side's processor has written just before.
fn read(body: &mut [u8], seats: &Seats) -> Result<f64, Trouble> {
    let mut reads = Vec::new();
    for number in 0..READS {
        on(&seats.client, || fill(body, number))?;
        reads.push(on(&seats.server, || {
            let before = processors::time_used(Pid::this());
            black_box(sum_of_body(black_box(body)));
            float(processors::time_used(Pid::this()).saturating_sub(before))
        })?);
    }
    Ok(median(reads).unwrap_or(0.0))
}

/// Does the work in a thread on these processors.
fn on<T: Send>(cpus: &[usize], work: impl FnOnce() -> T + Send) -> Result<T, Trouble> {
    let done = thread::scope(|scope| processors::starting_on(cpus, || scope.spawn(work)).join());
    done.map_err(|_| Trouble::Broken("a thread panicked".to_owned()))
}

impl Turns {
    fn each(&self, figure: impl Fn(&Turn) -> f64) -> Vec<f64> {
        self.0.iter().map(figure).collect()
    }

    /// How many frames there were.
    pub(super) fn frames(&self) -> usize {
        self.0.iter().map(|turn| turn.times.len()).sum()
    }

    /// How many took longer than the time to the next one.
    pub(super) fn late(&self, period: Duration) -> usize {
        let times = self.0.iter().flat_map(|turn| &turn.times);
        times
            .filter(|&&time| Duration::from_nanos(time.into()) > period)
            .count()
    }

    /// The median nanoseconds until a frame was read, of each turn.
    pub(super) fn deliveries(&self) -> Vec<f64> {
        self.each(|turn| median(turn.times.iter().copied().map(f64::from)).unwrap_or(0.0))
    }

    /// Nanoseconds of the processors for a frame, of each turn.
    pub(super) fn both(&self) -> Vec<f64> {
        self.each(|turn| turn.of_a_frame(turn.used.client + turn.used.server))
    }

    pub(super) fn producers(&self) -> Vec<f64> {
        self.each(|turn| turn.of_a_frame(turn.used.client))
    }

    pub(super) fn consumers(&self) -> Vec<f64> {
        self.each(|turn| turn.of_a_frame(turn.used.server))
    }

    /// A plain read beside each turn.
    pub(super) fn reads(&self) -> Vec<f64> {
        self.each(|turn| turn.read)
    }
}

impl Turn {
    fn of_a_frame(&self, nanos: u64) -> f64 {
        float(nanos) / float(u64::try_from(self.times.len()).unwrap_or(u64::MAX).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_a_frame() {
        let turn = |times: &[u32], client| Turn {
            times: times.to_vec(),
            used: Used {
                client,
                server: 200,
            },
            read: 7.0,
        };
        let turns = Turns(vec![turn(&[10, 30], 100), turn(&[20; 4], 600)]);
        assert_eq!(turns.frames(), 6);
        assert_eq!(turns.late(Duration::from_nanos(20)), 1);
        assert_eq!(turns.deliveries(), [20.0, 20.0]);
        assert_eq!(turns.both(), [150.0, 200.0]);
        assert_eq!(turns.producers(), [50.0, 150.0]);
        assert_eq!(turns.consumers(), [100.0, 50.0]);
        assert_eq!(turns.reads(), [7.0, 7.0]);
    }

    #[test]
    fn a_read_takes_time() {
        let seats = Seats {
            server: Vec::new(),
            client: Vec::new(),
        };
        assert!(read(&mut vec![0; 6 << 20], &seats).unwrap() > 0.0);
    }
}
