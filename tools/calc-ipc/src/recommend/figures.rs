//! What a report says of the question at hand.

use super::facts::Facts;
use super::kind::Kind;
use super::tree::Rule;
use crate::bench::report::{Family, Latency, Placement, Report, Throughput, Transport, Waiting};
use serde::Serialize;

/// What one transport was measured at.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure {
    pub(super) transport: Kind,
    /// The median of a call; with many clients, the time in which one of all their calls is answered.
    pub(super) time_ns: f64,
    /// CPU time of a call, both sides together.
    pub(super) cpu_ns: f64,
    pub(super) over_raw: Option<f64>,
}

/// Figures that may be compared: all were measured in the same way.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    /// How.
    pub(super) about: String,
    pub(super) transports: Vec<Figure>,
}

/// The first of these that was measured: what most programs see comes first.
const PLACEMENTS: [Placement; 3] = [Placement::Anywhere, Placement::TwoCores, Placement::OneCore];
const WAITINGS: [Waiting; 2] = [Waiting::Adaptive, Waiting::Blocking];

/// Messages up to so many times as long or short cost much the same.
const COMPARABLE: f64 = 8.0;

impl Figures {
    /// The figures that are nearest to the facts; `None` if nothing that the rule chooses from was measured.
    pub(super) fn find(report: &Report, facts: &Facts, rule: &Rule) -> Option<Self> {
        let candidates = &rule.candidates(facts.system);
        let latencies = || round_trips(report, facts, candidates);
        let figures = match facts.clients {
            1 => latencies(),
            _ => throughputs(report, facts, candidates).or_else(latencies),
        };
        figures.filter(|figures| !figures.transports.is_empty())
    }

    pub(super) fn of(&self, transport: Kind) -> Option<&Figure> {
        self.transports
            .iter()
            .find(|figure| figure.transport == transport)
    }
}

fn round_trips(report: &Report, facts: &Facts, candidates: &[Kind]) -> Option<Figures> {
    let ours: Vec<_> = report
        .latencies
        .iter()
        .filter(|row| row.contestant.family == Family::CalcIpc && row.batch == 1 && row.p50 > 0)
        .filter(|row| place_of(row.contestant.transport, candidates).is_some())
        .collect();
    let rank = |row: &Latency| {
        let place = PLACEMENTS.iter().position(|it| *it == row.placement);
        let waiting = WAITINGS.iter().position(|it| *it == row.contestant.waiting);
        let candidate = place_of(row.contestant.transport, candidates);
        (candidate, place, waiting)
    };
    let distance = |row: &Latency| sizes_apart(row.size, facts.message_size);
    // A size that is much the same, then where and how; only then the very nearest size.
    let magnitude = |row: &Latency| (distance(row) / COMPARABLE.ln()).floor();
    let best = ours.iter().min_by(|a, b| {
        let by_magnitude = magnitude(a).total_cmp(&magnitude(b));
        let by_size = || distance(a).total_cmp(&distance(b));
        by_magnitude
            .then_with(|| rank(a).cmp(&rank(b)))
            .then_with(by_size)
    })?;
    let is_alike = |row: &&&Latency| {
        row.placement == best.placement
            && row.contestant.waiting == best.contestant.waiting
            && row.size == best.size
    };
    let figure = |row: &&Latency| {
        Some(Figure {
            transport: kind_of(row.contestant.transport, candidates)?,
            time_ns: nanoseconds(row.p50),
            cpu_ns: row.client_cpu + row.server_cpu,
            over_raw: row.over_raw,
        })
    };
    Some(Figures {
        about: format!(
            "median of a call of {}, {}",
            size(best.size),
            place(best.placement)
        ),
        transports: ours.iter().filter(is_alike).filter_map(figure).collect(),
    })
}

fn throughputs(report: &Report, facts: &Facts, candidates: &[Kind]) -> Option<Figures> {
    let ours: Vec<_> = report
        .throughputs
        .iter()
        .filter(|row| row.contestant.family == Family::CalcIpc && row.calls_per_second > 0.0)
        .filter(|row| place_of(row.contestant.transport, candidates).is_some())
        // What tells nothing of such messages is worse than what tells of one client.
        .filter(|row| sizes_apart(row.size, facts.message_size) <= COMPARABLE.ln())
        .collect();
    let rank = |row: &Throughput| {
        let candidate = place_of(row.contestant.transport, candidates);
        let waiting = WAITINGS.iter().position(|it| *it == row.contestant.waiting);
        (candidate, waiting)
    };
    let distance = |row: &Throughput| {
        apart(row.clients, facts.clients) + sizes_apart(row.size, facts.message_size)
    };
    let best = ours.iter().min_by(|a, b| {
        let by_distance = || distance(a).total_cmp(&distance(b));
        rank(a).cmp(&rank(b)).then_with(by_distance)
    })?;
    let is_alike = |row: &&&Throughput| {
        row.contestant.waiting == best.contestant.waiting
            && row.clients == best.clients
            && row.size == best.size
    };
    let figure = |row: &&Throughput| {
        Some(Figure {
            transport: kind_of(row.contestant.transport, candidates)?,
            time_ns: 1e9 / row.calls_per_second,
            cpu_ns: row.client_cpu + row.server_cpu,
            over_raw: row.over_raw,
        })
    };
    Some(Figures {
        about: format!(
            "time for each call of {}, clients that never pause: {}",
            size(best.size),
            best.clients
        ),
        transports: ours.iter().filter(is_alike).filter_map(figure).collect(),
    })
}

/// Where a transport stands among the candidates, if it is one.
fn place_of(transport: Transport, candidates: &[Kind]) -> Option<usize> {
    candidates
        .iter()
        .position(|kind| kind.measured() == transport)
}

fn kind_of(transport: Transport, candidates: &[Kind]) -> Option<Kind> {
    candidates.get(place_of(transport, candidates)?).copied()
}

/// How far two sizes are apart: it is the ratio that counts. Below some 16 bytes it makes no difference,
/// and 0 is a calculation, which is about as long.
fn sizes_apart(a: u32, b: u32) -> f64 {
    apart(a.max(16), b.max(16))
}

fn apart(a: u32, b: u32) -> f64 {
    (f64::from(a).ln() - f64::from(b).ln()).abs()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a time in nanoseconds of more than 2^53 is more than a hundred days"
)]
fn nanoseconds(time: u64) -> f64 {
    time as f64
}

fn size(bytes: u32) -> String {
    match bytes {
        0 => "the calculator".to_owned(),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

fn place(placement: Placement) -> &'static str {
    match placement {
        Placement::OneCore => "both processes on one CPU",
        Placement::TwoCores => "each process on a CPU of its own",
        Placement::Anywhere => "processes where the kernel puts them",
    }
}
