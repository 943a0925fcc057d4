//! The recommendation, for people.

use super::answer::{Answer, RunnerUp, Step};
use super::kind::Kind;
use super::lines::Lines;
use std::io::{self, Write};

/// What the choice does not depend on.
const BESIDES: &str = "\
What the messages hold is another question: text is simple; protobuf is compact, and read in many languages.
On Windows named pipes take the place of Unix sockets and FIFOs, see --system.";

pub(super) fn print(output: &mut impl Write, answer: &Answer) -> io::Result<()> {
    let chosen = answer.transport.name();
    writeln!(output, "{chosen}: {}", answer.ends.client.url)?;
    print_list(output, "why", &answer.reasons)?;
    print_figures(output, answer)?;
    print_lines(output, "server", &answer.ends.server)?;
    print_lines(output, "client", &answer.ends.client)?;
    print_list(output, "mind", &answer.warnings)?;
    if !answer.facts.assumed.is_empty() {
        let options = answer.facts.assumed.iter();
        let options: Vec<_> = options
            .map(|fact| format!("--{}", fact.replace('_', "-")))
            .collect();
        writeln!(
            output,
            "\nassumed, since nobody said it\n  {}",
            options.join(" ")
        )?;
    }
    print_tree(output, &answer.tree)
}

fn print_list(output: &mut impl Write, title: &str, items: &[impl AsRef<str>]) -> io::Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(output, "\n{title}")?;
    for item in items {
        writeln!(output, "  {}", item.as_ref())?;
    }
    Ok(())
}

fn print_figures(output: &mut impl Write, answer: &Answer) -> io::Result<()> {
    writeln!(output)?;
    if let Some(figures) = &answer.figures {
        writeln!(output, "measured: {}", figures.about)?;
        if let Some(machine) = &answer.machine {
            writeln!(output, "  on {}", machine.cpu)?;
        }
        let mut rows: Vec<_> = figures.transports.iter().collect();
        rows.sort_by(|a, b| a.time_ns.total_cmp(&b.time_ns));
        for row in rows {
            writeln!(
                output,
                "  {:<14}  {:>9}  CPU {:>9}",
                row.transport.name(),
                time(row.time_ns),
                time(row.cpu_ns)
            )?;
        }
    }
    if let Some(why) = &answer.not_measured {
        writeln!(output, "not measured: {why}")?;
    }
    if let Some(runner_up) = &answer.runner_up {
        writeln!(output, "second best: {}", cost(runner_up, answer.transport))?;
    }
    Ok(())
}

/// What the second best would cost, or bring.
fn cost(runner_up: &RunnerUp, chosen: Kind) -> String {
    let other = runner_up.transport.name();
    match runner_up.times {
        None => other.to_owned(),
        Some(times) if times >= 1.0 => format!("{other}, which takes {times:.1} times as long"),
        Some(times) if chosen != Kind::Shm && runner_up.transport == Kind::Shm => {
            format!(
                "{other}, which is {:.1} times as fast; if that is what counts, say --fastest",
                times.recip()
            )
        }
        Some(times) => format!("{other}, which is {:.1} times as fast", times.recip()),
    }
}

fn print_lines(output: &mut impl Write, title: &str, lines: &Lines) -> io::Result<()> {
    writeln!(output, "\n{title}")?;
    writeln!(output, "  shell  {}", lines.shell)?;
    let indented = |text: &str| text.replace('\n', "\n         ");
    writeln!(output, "  C      {}", indented(&lines.c))?;
    writeln!(output, "  C++    {}", indented(&lines.cxx))
}

fn print_tree(output: &mut impl Write, steps: &[Step]) -> io::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    writeln!(output, "\nhow it is decided: the first yes counts")?;
    for step in steps {
        let mark = if step.decides { '>' } else { ' ' };
        let candidates: Vec<_> = step.candidates.iter().map(|it| it.name()).collect();
        writeln!(output, "{mark} {}", step.question)?;
        writeln!(output, "      {}", step.advice)?;
        writeln!(output, "      {}", candidates.join(", then "))?;
        match step.worth {
            None => {}
            Some(1.0) => writeln!(
                output,
                "      or which of them is measured to be the fastest"
            )?,
            Some(worth) => {
                writeln!(
                    output,
                    "      or another one that is measured {worth} times as fast"
                )?;
            }
        }
    }
    writeln!(output, "\n{BESIDES}")
}

/// A time with three digits that mean something.
pub(super) fn time(nanoseconds: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e9, "s"), (1e6, "ms"), (1e3, "us"), (1.0, "ns")];
    let unit = UNITS.iter().find(|(size, _)| nanoseconds >= *size);
    let (size, unit) = unit.copied().unwrap_or((1.0, "ns"));
    let value = nanoseconds / size;
    match value {
        100.0.. => format!("{value:.0} {unit}"),
        10.0.. => format!("{value:.1} {unit}"),
        _ => format!("{value:.2} {unit}"),
    }
}
