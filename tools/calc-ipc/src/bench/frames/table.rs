//! What was found, for people.

use super::super::goal;
use super::super::spread::cell;
use super::super::table::{add, heading, nanos};
use super::report::{Contestant, Report, Settings};
use std::fmt::Write;

const COLUMNS: [&str; 7] = [
    "",
    "CPU of both",
    "of a core",
    "producer",
    "consumer",
    "delivery",
    "late",
];

pub(super) fn render(report: &Report) -> String {
    let mut out = heading(report.version, &report.machine);
    let settings = &report.settings;
    let _ = writeln!(
        out,
        "Frames of {} MiB, {:.0} in a second, two cores: the producer writes all of a frame, the consumer reads all of it, and its sum is checked.\n\
        CPU is processor time of a frame; delivery is from its first byte until the producer knows the sum.\n\
        Medians of {} rounds of {} frames, and in brackets the lowest and the highest.",
        settings.size >> 20,
        1e9 / period(settings),
        settings.rounds,
        settings.frames,
    );
    let rows = report.contestants.iter().map(|found| row(found, settings));
    add(&mut out, "frames", &COLUMNS, 1, rows);
    if let Some(read) = report.read {
        let read = cell(Some(read), nanos);
        let _ = writeln!(
            out,
            "\na plain read of as many bytes, which the other core has written: {read}"
        );
    }
    goal::add(&mut out, &report.goals, &report.skipped);
    out
}

#[expect(clippy::cast_precision_loss, reason = "it is below 2^53")]
fn period(settings: &Settings) -> f64 {
    settings.period as f64
}

fn row(found: &Contestant, settings: &Settings) -> Vec<String> {
    let share = found.both_cpu.median / period(settings);
    let figure = |spread| cell(Some(spread), nanos);
    vec![
        found.name.clone(),
        figure(found.both_cpu),
        format!("{:.1}%", share * 100.0),
        figure(found.producer_cpu),
        figure(found.consumer_cpu),
        figure(found.delivery),
        format!("{} of {}", found.late, found.frames),
    ]
}
