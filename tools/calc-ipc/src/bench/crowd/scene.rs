//! A server, a polite client or several, and whoever keeps the server busy: a process each.

use super::super::pair::expect_ready;
use super::super::processors::{self, Seats};
use super::super::program::Program;
use super::super::report::{Family, Placement};
use super::super::session::Session;
use super::super::spec::Spec;
use super::super::stats::float;
use super::super::trouble::Trouble;
use crate::cli::ContestantSettings;
use std::time::Duration;

/// How long the busy ones are busy before the others begin.
const WARM_UP: Duration = Duration::from_millis(30);

/// Who takes part, and what they do.
#[derive(Clone, Copy, Debug)]
pub(in crate::bench) struct Cast {
    pub(in crate::bench) polite: u32,
    pub(in crate::bench) busy: u32,
    pub(in crate::bench) act: Act,
}

/// What the busy ones do.
#[derive(Clone, Copy, Debug)]
pub(in crate::bench) enum Act {
    /// Batches of so many requests, one after the other.
    Flood { batch: u32 },
    /// One request after the other, each of which keeps the server's handler for so long.
    Slow { time: Duration, workers: u32 },
}

/// How the polite ones are measured.
#[derive(Clone, Copy, Debug)]
pub(in crate::bench) struct Pace {
    /// Between an answer and the next request.
    pub(in crate::bench) pause: Duration,
    pub(in crate::bench) time: Duration,
    /// For how long newcomers come, one after the other; zero: nobody does.
    pub(in crate::bench) newcomers: Duration,
}

/// What happened in one turn. Times are nanoseconds.
#[derive(Clone, Debug, Default)]
pub(in crate::bench) struct Scores {
    /// How long each call of the polite ones took.
    pub(in crate::bench) polite: Vec<u32>,
    /// How long it took each newcomer to connect, ask once, and go.
    pub(in crate::bench) newcomers: Vec<u32>,
    /// The requests of each busy client that were answered.
    pub(in crate::bench) served: Vec<u64>,
    /// How long they were busy.
    pub(in crate::bench) took: u64,
}

impl Scores {
    /// Of the busy ones, the requests of the least served, of those of the most served.
    pub(in crate::bench) fn least_of_most(&self) -> Option<f64> {
        let least = self.served.iter().copied().min()?;
        let most = self.served.iter().copied().max()?;
        Some(float(least) / float(most.max(1)))
    }
}

/// The processes. Clients are dropped, and so end, first.
pub(in crate::bench) struct Scene {
    polite: Program,
    /// `None`: nobody is busy.
    busy: Option<Program>,
    cast: Cast,
    _server: Program,
}

impl Scene {
    pub(in crate::bench) fn start(
        session: &mut Session,
        spec: &Spec,
        cast: Cast,
    ) -> Result<Self, Trouble> {
        let address = session.address();
        let seats = session.processors.seats(Placement::Anywhere);
        let Seats { server: cpus, .. } =
            seats.ok_or_else(|| Trouble::Unable("there is no processor".to_owned()))?;
        let start = |side: &str, role: &str, clients: u32, settings: ContestantSettings| {
            let title = format!("{}, {side}", spec.title());
            let command = spec.command(role, &address, clients, settings)?;
            let log = address.with_extension(side);
            let mut program =
                processors::starting_on(&cpus, || Program::start(command, title, log))?;
            expect_ready(&program.read_line(&session.interrupt)?)?;
            Ok::<_, Trouble>(program)
        };
        let settings = settings(spec, cast.act);
        let server = start(
            "server",
            "server",
            cast.busy + cast.polite,
            settings.clone(),
        )?;
        let numbered_from = |first| ContestantSettings {
            first,
            ..settings.clone()
        };
        let polite = start("polite", "client", cast.polite, numbered_from(cast.busy))?;
        let busy = match cast.busy {
            0 => None,
            clients => Some(start("busy", "client", clients, numbered_from(0))?),
        };
        Ok(Self {
            polite,
            busy,
            cast,
            _server: server,
        })
    }

    /// Lets the busy ones be busy, and measures the polite ones meanwhile.
    pub(in crate::bench) fn turn(
        &mut self,
        session: &Session,
        pace: Pace,
    ) -> Result<Scores, Trouble> {
        let mut scores = Scores::default();
        if let Some(busy) = &mut self.busy {
            busy.tell(&match self.cast.act {
                Act::Flood { batch } => format!("flood {batch}"),
                Act::Slow { time, .. } => format!("slow {}", time.as_micros()),
            })?;
            session.interrupt.pause(WARM_UP)?;
        }
        scores.polite = self.ask(session, "paced", pace.pause, pace.time)?;
        if !pace.newcomers.is_zero() {
            scores.newcomers = self.ask(session, "newcomers", pace.pause, pace.newcomers)?;
        }
        if let Some(busy) = &mut self.busy {
            busy.tell("halt")?;
            let mut read = || {
                let mut word = [0; size_of::<u64>()];
                busy.read(&session.interrupt, &mut word, Duration::ZERO)?;
                Ok::<_, Trouble>(u64::from_ne_bytes(word))
            };
            for _ in 0..self.cast.busy {
                scores.served.push(read()?);
            }
            scores.took = read()?;
        }
        Ok(scores)
    }

    /// The nanoseconds of each of the polite ones' calls.
    fn ask(
        &mut self,
        session: &Session,
        order: &str,
        pause: Duration,
        time: Duration,
    ) -> Result<Vec<u32>, Trouble> {
        let order = format!("{order} {} {}", pause.as_micros(), time.as_micros());
        self.polite.tell(&order)?;
        let mut count = [0; size_of::<u32>()];
        self.polite.read(&session.interrupt, &mut count, time)?;
        let count = usize::try_from(u32::from_ne_bytes(count)).unwrap_or(0);
        let mut bytes = vec![0; count * size_of::<u32>()];
        self.polite
            .read(&session.interrupt, &mut bytes, Duration::ZERO)?;
        let (times, _) = bytes.as_chunks();
        Ok(times.iter().map(|&time| u32::from_ne_bytes(time)).collect())
    }
}

/// What all three processes are told.
fn settings(spec: &Spec, act: Act) -> ContestantSettings {
    let (is_slow, workers) = match act {
        Act::Flood { .. } => (false, 0),
        Act::Slow { workers, .. } => (true, workers),
    };
    ContestantSettings {
        calculate: spec.contestant.family == Family::Raw,
        is_slow,
        workers,
        ..ContestantSettings::default()
    }
}
