//! What was found, for people.

use super::super::spec;
use super::super::table::{add, heading, nanos};
use super::report::{Judge, Promise, Report, Unit};
use std::fmt::Write;

const COLUMNS: [&str; 7] = ["", "times", "p50", "p99", "worst", "promised", ""];

/// One table for each promise.
pub(super) fn render(report: &Report) -> String {
    let mut out = heading(report.version, &report.machine);
    let promises = report.promises.as_slice();
    for over_transports in promises.chunk_by(|one, next| one.what == next.what) {
        let title = over_transports.first().map_or("", |promise| promise.what);
        add(
            &mut out,
            title,
            &COLUMNS,
            1,
            over_transports.iter().map(row),
        );
    }
    let broken = promises.iter().filter(|promise| !promise.kept).count();
    let _ = writeln!(
        out,
        "\n{} of {} kept",
        promises.len() - broken,
        promises.len()
    );
    for skipped in &report.skipped {
        let _ = writeln!(out, "skipped: {}: {}", skipped.name, skipped.why);
    }
    out
}

fn row(promise: &Promise) -> Vec<String> {
    let judge = match promise.judged_by {
        Judge::P50 => "p50",
        Judge::Worst => "worst",
    };
    let limit = text(promise.unit, promise.limit);
    let mut cells = vec![spec::text(promise.transport), promise.count.to_string()];
    cells.extend([promise.p50, promise.p99, promise.worst].map(|value| text(promise.unit, value)));
    cells.push(format!("{judge} <= {limit}"));
    cells.push(if promise.kept { "kept" } else { "BROKEN" }.to_owned());
    cells
}

fn text(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Nanoseconds => nanos(value),
        Unit::Bytes => format!("{:.1} KiB", value / 1024.0),
        Unit::WakeUps => format!("{value:.0}"),
    }
}
