//! `calc-ipc bench --crowd`: whether clients that ask now and then wait for those that ask without a pause, or whose calls
//! take long; and how evenly those are served.
//!
//! Beside each of ours is a raw server with a thread for each client, which does the same work and leaves what is fair to the
//! kernel. The two take turns, every other round in reverse.

mod goals;
mod report;
mod rounds;
pub(super) mod scene;
mod table;

use super::machine;
use super::report::{Transport, Waiting};
use super::session::Session;
use super::spec::{self, Spec};
use super::trouble::Trouble;
use crate::cli::BenchArgs;
use crate::exit::Failure;
use report::{Crowd, Report, SCHEMA, Settings, SlowHandler};
use rounds::Rounds;
use scene::{Act, Cast, Pace, Scene};
use std::time::Duration;

const TRANSPORTS: [Transport; 5] = [
    Transport::Unix,
    Transport::Seqpacket,
    Transport::Tcp,
    Transport::Fifo,
    Transport::Shm,
];
const GREEDY: [u32; 4] = [0, 2, 16, 64];
const QUICK_GREEDY: [u32; 2] = [0, 2];
/// Between an answer and the next request of a polite client.
pub(super) const PAUSE: Duration = Duration::from_micros(200);
/// A handler that takes long, who serves, and who asks for something else.
pub(super) const SLOW: Act = Act::Slow {
    time: Duration::from_millis(100),
    workers: 4,
};
pub(super) const BESIDE_SLOW: u32 = 8;

/// How much work goes into it.
struct Effort {
    rounds: u32,
    turn: Duration,
    batch: u32,
}

/// What keeps a server busy.
#[derive(Clone, Copy, Debug)]
enum Beside {
    /// So many clients that ask without a pause.
    Greedy(u32),
    /// One whose calls take long.
    SlowHandler,
}

/// This library and its raw counterpart, beside the same.
struct Pairing {
    transport: Transport,
    beside: Beside,
    ours: Spec,
    raw: Spec,
}

impl Pairing {
    fn new(transport: Transport, beside: Beside) -> Self {
        // Bare shared memory has one client. Who does without the library takes a socket for many.
        let raw = match transport {
            Transport::Shm => Transport::Unix,
            other => other,
        };
        Self {
            transport,
            beside,
            ours: spec::ours(transport, Waiting::Adaptive),
            raw: spec::raw(raw, true),
        }
    }

    fn title(&self) -> String {
        let transport = spec::text(self.transport);
        match self.beside {
            Beside::Greedy(greedy) => format!("{transport}, {greedy} greedy"),
            Beside::SlowHandler => format!("{transport}, a slow handler"),
        }
    }
}

/// Measures, and prints what was found.
pub(super) fn run(session: &mut Session, args: &BenchArgs) -> Result<(), Trouble> {
    let pairings = pairings(args)?;
    let effort = effort(args);
    let turns = u64::try_from(pairings.len()).unwrap_or(0) * 2 * u64::from(effort.rounds);
    session.progress.expect(turns);
    let report = measure(session, &pairings, &effort)?;
    Ok(super::run::print(&report, args.json, table::render)?)
}

fn effort(args: &BenchArgs) -> Effort {
    let (rounds, turn) = match args.quick {
        true => (2, Duration::from_millis(20)),
        false => (5, Duration::from_millis(400)),
    };
    Effort {
        rounds: args.rounds.unwrap_or(rounds),
        turn: args.crowds.turn.unwrap_or(turn),
        batch: args.crowds.batch,
    }
}

/// What is asked for, a transport after the other.
fn pairings(args: &BenchArgs) -> Result<Vec<Pairing>, Failure> {
    if args.transports.contains(&Transport::Pipe) {
        let why = "an anonymous pipe has one client, and no crowd";
        return Err(Failure::Usage(why.to_owned()));
    }
    let chosen =
        |transport: &Transport| args.transports.is_empty() || args.transports.contains(transport);
    let default = match args.quick {
        true => &QUICK_GREEDY[..],
        false => &GREEDY,
    };
    let greedy = match args.crowds.greedy.as_slice() {
        [] => default,
        some => some,
    };
    let beside = greedy.iter().map(|&greedy| Beside::Greedy(greedy));
    let beside: Vec<_> = beside.chain([Beside::SlowHandler]).collect();
    let transports = TRANSPORTS.into_iter().filter(chosen);
    let all = transports.flat_map(|transport| {
        let pairing = |&beside| Pairing::new(transport, beside);
        beside.iter().map(pairing).collect::<Vec<_>>()
    });
    Ok(all.collect())
}

fn measure(
    session: &mut Session,
    pairings: &[Pairing],
    effort: &Effort,
) -> Result<Report, Trouble> {
    let (mut crowds, mut slow_handlers, mut all_goals) = (Vec::new(), Vec::new(), Vec::new());
    for pairing in pairings {
        session.progress.say(&pairing.title());
        let [ours, raw] = rounds(session, pairing, effort)?;
        all_goals.extend(goals::of(pairing, ours.as_ref(), raw.as_ref()));
        let found = [(&pairing.ours, ours), (&pairing.raw, raw)];
        let found = found.into_iter().filter_map(|(spec, rounds)| {
            rounds.map(|rounds| rounds.summary(&spec.contestant.name))
        });
        let (transport, contestants) = (pairing.transport, found.collect());
        match pairing.beside {
            Beside::Greedy(greedy) => crowds.push(Crowd {
                transport,
                greedy,
                contestants,
            }),
            Beside::SlowHandler => slow_handlers.push(SlowHandler {
                transport,
                contestants,
            }),
        }
    }
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    Ok(Report {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        machine: machine::describe(&session.processors),
        settings: Settings {
            rounds: effort.rounds,
            turn: nanos(effort.turn),
            pause: nanos(PAUSE),
            batch: effort.batch,
        },
        crowds,
        slow_handlers,
        goals: all_goals,
        skipped: session.skipped.clone(),
    })
}

/// The rounds of both, ours first; `None` of whoever failed.
fn rounds(
    session: &mut Session,
    pairing: &Pairing,
    effort: &Effort,
) -> Result<[Option<Rounds>; 2], Trouble> {
    let specs = [&pairing.ours, &pairing.raw];
    let mut scenes = Vec::new();
    for spec in specs {
        let scene = Scene::start(session, spec, cast(pairing.beside, effort));
        let scene = session.forgive(&spec.contestant.name, scene)?;
        scenes.push((spec, scene, Rounds::default()));
    }
    for round in 0..effort.rounds {
        let mut order: Vec<_> = scenes.iter_mut().collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for (spec, scene, rounds) in order {
            session.progress.advance();
            let Some(running) = scene else {
                continue;
            };
            let turn = running.turn(session, pace(pairing.beside, spec, effort));
            match session.forgive(&spec.contestant.name, turn)? {
                Some(scores) => rounds.add(scores),
                None => *scene = None,
            }
        }
    }
    let mut results = scenes
        .into_iter()
        .map(|(_, scene, rounds)| scene.map(|_| rounds));
    Ok([results.next().flatten(), results.next().flatten()])
}

fn cast(beside: Beside, effort: &Effort) -> Cast {
    match beside {
        Beside::Greedy(busy) => Cast {
            polite: 1,
            busy,
            act: Act::Flood {
                batch: effort.batch,
            },
        },
        Beside::SlowHandler => Cast {
            polite: BESIDE_SLOW,
            busy: 1,
            act: SLOW,
        },
    }
}

fn pace(beside: Beside, spec: &Spec, effort: &Effort) -> Pace {
    // A raw FIFO is one client's, who was there before.
    let has_doors = spec.has_doors();
    let newcomers = match beside {
        Beside::Greedy(_) if has_doors => effort.turn / 3,
        _ => Duration::ZERO,
    };
    Pace {
        pause: PAUSE,
        time: effort.turn,
        newcomers,
    }
}
