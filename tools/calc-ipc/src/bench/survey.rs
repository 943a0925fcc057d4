//! Carries the plan out, and writes down what was found.

use super::machine;
use super::plan::{self, Plan};
use super::report::{Latency, Report, SCHEMA, Settings, Throughput, Transport};
use super::session::Session;
use super::spec::Spec;
use super::stats::{Rates, Tally, lowest, median, ratio};
use super::trouble::Trouble;
use super::turns::{self, Crowd, Effort, Group};

/// Measures everything, of these transports.
pub(super) fn run(
    session: &mut Session,
    is_quick: bool,
    transports: &[Transport],
    rivals: &[Spec],
) -> Result<Report, Trouble> {
    let plan = plan::plan(is_quick, transports, rivals);
    session.progress.expect(plan.turns());
    let (latencies, throughputs) = measure(session, &plan)?;
    Ok(Report {
        schema: SCHEMA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: machine::describe(&session.processors),
        settings: Settings {
            rounds: plan.efforts.round_trips.rounds,
            calls: plan.efforts.round_trips.calls,
        },
        latencies,
        throughputs,
        skipped: session.skipped.clone(),
    })
}

fn measure(session: &mut Session, plan: &Plan) -> Result<(Vec<Latency>, Vec<Throughput>), Trouble> {
    let mut found = (Vec::new(), Vec::new());
    for group in &plan.round_trips {
        found
            .0
            .extend(latencies(session, group, &plan.efforts.round_trips)?);
    }
    for group in &plan.loads {
        found
            .0
            .extend(latencies(session, group, &plan.efforts.loads)?);
    }
    for crowd in &plan.crowds {
        found
            .1
            .extend(throughputs(session, crowd, &plan.efforts.crowds)?);
    }
    Ok(found)
}

fn latencies(
    session: &mut Session,
    group: &Group,
    effort: &Effort,
) -> Result<Vec<Latency>, Trouble> {
    session.progress.say(&group.title());
    let tallies = turns::latencies(session, group, effort)?;
    let rows = group.specs.iter().zip(&tallies);
    let row = |(spec, tally): (&Spec, &Option<Tally>)| {
        let limits = spec.raw_among(&group.specs);
        let limits = limits
            .iter()
            .filter_map(|&index| tallies.get(index)?.as_ref());
        let limit = lowest(limits.map(|raw| raw.medians.as_slice()));
        Some(latency(group, spec, tally.as_ref()?, &limit))
    };
    Ok(rows.filter_map(row).collect())
}

fn latency(group: &Group, spec: &Spec, tally: &Tally, limit: &[f64]) -> Latency {
    let [client_cpu, server_cpu] = tally.used_per_call();
    Latency {
        contestant: spec.contestant.clone(),
        placement: group.placement,
        size: group.size,
        batch: group.batch,
        samples: tally.samples(),
        min: tally.min(),
        p50: tally.quantile(0.5),
        p90: tally.quantile(0.9),
        p99: tally.quantile(0.99),
        p999: tally.quantile(0.999),
        max: tally.max(),
        mean: tally.mean(),
        calls_per_second: tally.calls_per_second(),
        client_cpu,
        server_cpu,
        over_raw: ratio(&tally.medians, limit),
        histogram: tally.buckets(),
    }
}

fn throughputs(
    session: &mut Session,
    crowd: &Crowd,
    effort: &Effort,
) -> Result<Vec<Throughput>, Trouble> {
    session.progress.say(&format!("{} clients", crowd.clients));
    let rates = turns::throughputs(session, crowd, effort)?;
    let rows = crowd.specs.iter().zip(&rates);
    let row = |(spec, own): (&Spec, &Option<Rates>)| {
        let own = own.as_ref()?;
        // There is one at most.
        let raw = spec
            .raw_among(&crowd.specs)
            .first()
            .and_then(|&index| rates.get(index)?.as_ref());
        let [client_cpu, server_cpu] = own.used_per_call();
        Some(Throughput {
            contestant: spec.contestant.clone(),
            clients: crowd.clients,
            size: 0,
            calls_per_second: median(own.rates.iter().copied())?,
            over_raw: raw.and_then(|raw| ratio(&own.rates, &raw.rates)),
            client_cpu,
            server_cpu,
        })
    };
    Ok(rows.filter_map(row).collect())
}
