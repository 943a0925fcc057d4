//! The report, for people.

use super::report::{Contestant, Latency, Machine, Placement, Report, Skipped, Throughput};
use super::spec::waiting_text;
use super::turns;
use comfy_table::{CellAlignment, Table, presets};
use std::fmt::Write;

const ROUND_TRIPS: [&str; 9] = [
    "",
    "waiting",
    "p50",
    "p99",
    "p99.9",
    "calls/s",
    "client CPU",
    "server CPU",
    "over raw",
];
const CROWDS: [&str; 6] = [
    "",
    "waiting",
    "calls/s",
    "client CPU",
    "server CPU",
    "of raw",
];

/// One table for each placement, size, batch and number of clients.
pub(super) fn render(report: &Report) -> String {
    let mut text = heading(&report.version, &report.machine);
    text.push_str("Times are those of round trips. CPU is processor time of one request.\n");
    for rows in report
        .latencies
        .chunk_by(|one, next| place(one) == place(next))
    {
        let title = rows.first().map(title).unwrap_or_default();
        add(&mut text, &title, &ROUND_TRIPS, 2, rows.iter().map(latency));
    }
    for rows in report
        .throughputs
        .chunk_by(|one, next| one.clients == next.clients)
    {
        let clients = rows.first().map_or(0, |row| row.clients);
        let title = format!("{clients} clients at once, anywhere");
        add(&mut text, &title, &CROWDS, 2, rows.iter().map(throughput));
    }
    add_skipped(&mut text, &report.skipped);
    text
}

/// Appends what was left out, and why.
pub(super) fn add_skipped(text: &mut String, skipped: &[Skipped]) {
    for skipped in skipped {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\nskipped: {}: {}", skipped.name, skipped.why);
    }
}

/// What was measured, and where.
pub(super) fn heading(version: &str, machine: &Machine) -> String {
    let Machine { cpu, cpus, system } = machine;
    format!("calc_ipc {version}, {cpu}, {cpus} CPUs, {system}\n")
}

fn place(row: &Latency) -> (Placement, u32, u32) {
    (row.placement, row.size, row.batch)
}

fn title(row: &Latency) -> String {
    turns::title(row.placement, row.size, row.batch)
}

/// Appends a table. The first columns are words, and all that follow are figures.
pub(super) fn add(
    text: &mut String,
    title: &str,
    header: &[&str],
    words: usize,
    rows: impl Iterator<Item = Vec<String>>,
) {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(header)
        .add_rows(rows);
    for column in table.column_iter_mut().skip(words) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let _ = writeln!(text, "\n{title}");
    for line in table.lines() {
        let _ = writeln!(text, " {}", line.trim_end());
    }
}

fn who(contestant: &Contestant) -> [String; 2] {
    [
        contestant.name.clone(),
        waiting_text(contestant.waiting).to_owned(),
    ]
}

fn latency(row: &Latency) -> Vec<String> {
    let mut cells = who(&row.contestant).to_vec();
    cells.extend([row.p50, row.p99, row.p999].map(time));
    cells.push(count(row.calls_per_second));
    cells.extend([row.client_cpu, row.server_cpu].map(nanos));
    cells.push(factor(row.over_raw));
    cells
}

fn throughput(row: &Throughput) -> Vec<String> {
    let mut cells = who(&row.contestant).to_vec();
    cells.push(count(row.calls_per_second));
    cells.extend([row.client_cpu, row.server_cpu].map(nanos));
    cells.push(factor(row.over_raw));
    cells
}

#[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
fn time(nanoseconds: u64) -> String {
    nanos(nanoseconds as f64)
}

/// A time in the unit that suits it.
pub(super) fn nanos(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e3 => format!("{nanoseconds:.0} ns"),
        ..1e5 => format!("{:.2} us", nanoseconds / 1e3),
        ..1e6 => format!("{:.0} us", nanoseconds / 1e3),
        _ => format!("{:.2} ms", nanoseconds / 1e6),
    }
}

pub(super) fn count(number: f64) -> String {
    match number {
        ..1e4 => format!("{number:.0}"),
        ..1e6 => format!("{:.0}k", number / 1e3),
        _ => format!("{:.2}M", number / 1e6),
    }
}

pub(super) fn factor(ratio: Option<f64>) -> String {
    ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}x"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_units() {
        for (nanoseconds, text) in [
            (0.0, "0 ns"),
            (82.4, "82 ns"),
            (8123.0, "8.12 us"),
            (123_456.0, "123 us"),
            (8_123_456.0, "8.12 ms"),
        ] {
            assert_eq!(nanos(nanoseconds), text);
        }
        assert_eq!(
            [9.0, 12_345.0, 7_000_000.0].map(count),
            ["9", "12k", "7.00M"]
        );
        assert_eq!([Some(1.046), None].map(factor), ["1.05x", ""]);
    }
}
