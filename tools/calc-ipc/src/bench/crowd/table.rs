//! What was found, for people.

use super::super::goal;
use super::super::spread::cell;
use super::super::table::{add, count, factor, heading, nanos};
use super::report::{Contestant, Report};
use crate::bench::spec::text;
use std::fmt::Write;

const CROWDS: [&str; 8] = [
    "",
    "greedy",
    "p50",
    "p99",
    "greedy req/s",
    "least/most",
    "newcomer p50",
    "newcomer p99",
];
const SLOW: [&str; 4] = ["", "p50", "p99", "worst"];

pub(super) fn render(report: &Report) -> String {
    let mut out = heading(report.version, &report.machine);
    let settings = &report.settings;
    let _ = writeln!(
        out,
        "Times are those of a client that asks, waits for {}, and asks again. Greedy ones send {} requests at once, without a pause.\n\
        Medians of {} rounds, and in brackets the lowest and the highest.",
        nanos(number(settings.pause)),
        settings.batch,
        settings.rounds,
    );
    let crowds = &report.crowds;
    for of_transport in crowds.chunk_by(|one, next| one.transport == next.transport) {
        let title = of_transport.first().map(|crowd| text(crowd.transport));
        let rows = of_transport.iter().flat_map(|crowd| {
            let greedy = crowd.greedy.to_string();
            crowd
                .contestants
                .iter()
                .map(move |found| crowd_row(found, &greedy))
        });
        add(&mut out, &title.unwrap_or_default(), &CROWDS, 1, rows);
    }
    if !report.slow_handlers.is_empty() {
        let rows = report.slow_handlers.iter();
        let rows = rows.flat_map(|slow| slow.contestants.iter().map(slow_row));
        let title = "8 clients, and one whose calls keep the handler for 100 ms; 4 workers, raw: a thread for each client";
        add(&mut out, title, &SLOW, 1, rows);
    }
    goal::add(&mut out, &report.goals, &report.skipped);
    out
}

fn crowd_row(found: &Contestant, greedy: &str) -> Vec<String> {
    let mut cells = vec![found.name.clone(), greedy.to_owned()];
    cells.extend([found.p50, found.p99].map(|spread| cell(spread, nanos)));
    cells.push(cell(found.requests_per_second, count));
    cells.push(cell(found.least_of_most, |share| factor(Some(share))));
    cells.extend([found.newcomer_p50, found.newcomer_p99].map(|spread| cell(spread, nanos)));
    cells
}

fn slow_row(found: &Contestant) -> Vec<String> {
    let mut cells = vec![found.name.clone()];
    cells.extend([found.p50, found.p99, found.worst].map(|spread| cell(spread, nanos)));
    cells
}

#[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
fn number(nanoseconds: u64) -> f64 {
    nanoseconds as f64
}
