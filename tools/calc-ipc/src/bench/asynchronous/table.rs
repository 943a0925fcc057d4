//! What was found, for people.

use super::super::goal::{self, NOT_HERE, verdict};
use super::super::spec;
use super::super::table::{add, add_skipped, count, factor, heading, nanos};
use super::super::turns::place;
use super::report::{Comparison, Kind, Report, Unit};
use std::fmt::Write;

const COLUMNS: [&str; 5] = ["", "measured", "ratio", "goal", ""];

/// One table for each kind.
pub(super) fn render(report: &Report) -> String {
    let mut out = heading(report.version, &report.machine);
    let _ = writeln!(
        out,
        "Times are those of one call; figures are medians of {} rounds, ratios those of the same round.",
        report.settings.rounds
    );
    let comparisons = report.comparisons.as_slice();
    for of_kind in comparisons.chunk_by(|one, next| one.kind == next.kind) {
        let title = of_kind
            .first()
            .map_or("", |comparison| title(comparison.kind));
        add(&mut out, title, &COLUMNS, 1, of_kind.iter().map(row));
    }
    add_skipped(&mut out, &report.skipped);
    out
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Submitted => "calls that nobody waits for, beside call and call_many",
        Kind::Rivals => "the same, beside requests of other libraries that are under way at once",
        Kind::Shared => "clients that threads may share, beside a client for each",
        Kind::Deferred => "handlers that reply, beside one that returns its answer",
        Kind::Driven => "servers in an event loop, beside such that run",
        Kind::Watched => "clients that sleep in an event loop, beside calls that sleep",
    }
}

fn row(comparison: &Comparison) -> Vec<String> {
    let Comparison { what, of, .. } = comparison;
    let name = spec::text(comparison.transport);
    let place = place(comparison.placement);
    let measured = comparison.measured.map(|value| match comparison.unit {
        Unit::Nanoseconds => nanos(value),
        Unit::CallsPerSecond => format!("{}/s", count(value)),
    });
    vec![
        format!("{name}, {place}: {what}, of {of}"),
        measured.unwrap_or_else(|| NOT_HERE.to_owned()),
        factor(comparison.ratio),
        comparison.limit.text(goal::Unit::Times),
        verdict(comparison.met).to_owned(),
    ]
}
