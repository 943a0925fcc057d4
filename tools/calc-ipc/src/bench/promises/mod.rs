//! `calc-ipc bench --promises`: what is promised in time, measured: what it is, its median, p99 and worst, and whether it
//! was kept.
//!
//! A machine that runs nobody for a while breaks any promise in time; so the tests assert that these things happen, and this
//! says how soon.

mod beside;
mod cancel;
mod deadline;
mod death;
mod idle;
mod place;
mod replies;
mod report;
mod restart;
mod stall;
mod stop;
mod table;
mod terms;

use super::machine;
use super::report::Transport;
use super::session::Session;
use super::spec;
use super::trouble::Trouble;
use crate::cli::{BenchArgs, ContestantSettings};
use cancel::Call;
use death::Moment;
use report::{Promise, Report, SCHEMA, Terms};
use stall::Misdeed;
use stop::Clients;

const ALL: [Transport; 6] = [
    Transport::Unix,
    Transport::Seqpacket,
    Transport::Tcp,
    Transport::Fifo,
    Transport::Shm,
    Transport::Pipe,
];
/// Those that many clients can use.
const SHARED: [Transport; 5] = [
    Transport::Unix,
    Transport::Seqpacket,
    Transport::Tcp,
    Transport::Fifo,
    Transport::Shm,
];
/// Those that a peer can be written for which knows streams of frames only.
const SOCKETS: [Transport; 2] = [Transport::Unix, Transport::Tcp];

/// A measurement over one transport: so many values, or fewer.
type Measure = fn(&mut Session, Transport, u32) -> Result<Vec<f64>, Trouble>;

/// What is measured, over which transports, and for how many of the rounds once.
struct Line {
    terms: fn(Transport) -> Terms,
    transports: &'static [Transport],
    measure: Measure,
    share: u32,
}

/// Measures, prints what was found, and says whether all promises were kept.
pub(super) fn run(session: &mut Session, args: &BenchArgs) -> Result<bool, Trouble> {
    let chosen =
        |transport: &Transport| args.transports.is_empty() || args.transports.contains(transport);
    let rounds = args.rounds.unwrap_or(if args.quick { 2 } else { 200 });
    let work: Vec<_> = lines()
        .into_iter()
        .flat_map(|line| {
            let transports = line.transports.iter().copied().filter(chosen);
            let rounds = rounds.div_ceil(line.share);
            transports.map(move |transport| (line.terms, transport, line.measure, rounds))
        })
        .collect();
    session
        .progress
        .expect(work.iter().map(|(.., rounds)| u64::from(*rounds)).sum());
    let mut promises = Vec::new();
    for (terms, transport, measure, rounds) in work {
        let terms = terms(transport);
        let name = format!("{}, {}", spec::text(transport), terms.what);
        session.progress.say(&name);
        let values = measure(session, transport, rounds);
        let values = session.forgive(&name, values)?;
        promises.extend(values.and_then(|values| terms.judge(transport, values)));
    }
    promises.extend(idle(
        session,
        rounds,
        &ALL.into_iter().filter(chosen).collect::<Vec<_>>(),
    )?);
    let are_kept = promises.iter().all(|promise| promise.kept);
    print(session, args.json, promises)?;
    Ok(are_kept)
}

fn print(session: &Session, is_json: bool, promises: Vec<Promise>) -> Result<(), Trouble> {
    let report = Report {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        machine: machine::describe(&session.processors),
        promises,
        skipped: session.skipped.clone(),
    };
    Ok(super::run::print(&report, is_json, table::render)?)
}

/// All servers are idle at once.
fn idle(
    session: &mut Session,
    rounds: u32,
    transports: &[Transport],
) -> Result<Vec<Promise>, Trouble> {
    session.progress.say(terms::WAKE_UPS.what);
    let found = idle::wakes(session, transports, rounds.div_ceil(40));
    let found = session.forgive("idle", found)?.unwrap_or_default();
    let promises = found
        .into_iter()
        .filter_map(|(transport, values)| terms::WAKE_UPS.judge(transport, values));
    Ok(promises.collect())
}

/// Settings of a server whose handler takes as long as it is asked to.
fn slow_server(workers: u32) -> ContestantSettings {
    ContestantSettings {
        is_slow: true,
        workers,
        ..ContestantSettings::default()
    }
}

fn line(terms: fn(Transport) -> Terms, transports: &'static [Transport], measure: Measure) -> Line {
    Line {
        terms,
        transports,
        measure,
        share: 1,
    }
}

/// All but who is idle.
fn lines() -> Vec<Line> {
    let often = |line: Line, share| Line { share, ..line };
    vec![
        line(
            |transport| terms::noticed(terms::KILLED_IN_HANDLER, transport),
            &ALL,
            |session, transport, rounds| {
                death::noticed(session, transport, Moment::Handler, rounds)
            },
        ),
        line(
            |transport| terms::noticed(terms::KILLED_ANY_TIME, transport),
            &ALL,
            |session, transport, rounds| death::noticed(session, transport, Moment::Any, rounds),
        ),
        line(
            |transport| terms::noticed(terms::KILLED_BETWEEN, transport),
            &ALL,
            |session, transport, rounds| {
                death::noticed(session, transport, Moment::Between, rounds)
            },
        ),
        line(
            |_| terms::HEIR,
            &[Transport::Pipe],
            |session, _, rounds| death::with_an_heir(session, rounds),
        ),
        line(|_| terms::RESTART, &ALL, restart::takes),
        line(
            |_| terms::STOP_IDLE,
            &SHARED,
            |session, transport, rounds| stop::takes(session, transport, Clients::Idle(64), rounds),
        ),
        line(
            |_| terms::STOP_BUSY,
            &SHARED,
            |session, transport, rounds| stop::takes(session, transport, Clients::Busy(16), rounds),
        ),
        line(
            |_| terms::STOP_DEAF,
            &SHARED,
            |session, transport, rounds| stop::takes(session, transport, Clients::Deaf(8), rounds),
        ),
        line(|_| terms::STOP_HEARD, &SHARED, stop::heard),
        often(
            line(|_| terms::STOP_OWING, &SOCKETS, replies::stop_takes),
            20,
        ),
        often(
            line(
                |_| terms::CANCELLED_CALL,
                &ALL,
                |session, transport, rounds| {
                    cancel::heard(session, transport, Call::Blocking, rounds)
                },
            ),
            4,
        ),
        often(
            line(
                |_| terms::CANCELLED_SUBMITTED,
                &ALL,
                |session, transport, rounds| {
                    cancel::heard(session, transport, Call::Submitted, rounds)
                },
            ),
            4,
        ),
        often(
            line(
                |_| terms::CANCELLED_WAITING,
                &ALL,
                |session, transport, rounds| {
                    cancel::heard(session, transport, Call::Waiting, rounds)
                },
            ),
            4,
        ),
        line(|_| terms::DEADLINE, &ALL, deadline::passed),
        line(|_| terms::BUSY, &ALL, deadline::busy),
        often(
            line(
                |_| terms::HUNG_CHILD,
                &[Transport::Pipe],
                |session, _, rounds| deadline::hung_child(session, rounds),
            ),
            20,
        ),
        line(
            |_| terms::STALL_HALF,
            &SOCKETS,
            |session, transport, rounds| stall::dropped(session, transport, Misdeed::Half, rounds),
        ),
        line(
            |_| terms::STALL_DRIP,
            &SOCKETS,
            |session, transport, rounds| stall::dropped(session, transport, Misdeed::Drip, rounds),
        ),
        often(
            line(
                |_| terms::STALL_DEAF,
                &SOCKETS,
                |session, transport, rounds| {
                    stall::dropped(session, transport, Misdeed::Deaf, rounds)
                },
            ),
            10,
        ),
        often(line(|_| terms::TURN, &SHARED, beside::greedy), 40),
        often(
            line(|_| terms::SLOW_HANDLER, &SHARED, beside::slow_handler),
            40,
        ),
        often(line(|_| terms::KEPT, &SHARED, idle::kept_of_clients), 20),
        often(
            line(|_| terms::LENGTH, &SOCKETS, idle::given_for_a_length),
            20,
        ),
    ]
}
