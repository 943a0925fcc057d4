//! `calc-ipc doctor`: why a server cannot be reached, or that it can.

mod finding;
#[cfg(windows)]
mod pipe;
#[cfg(unix)]
mod place;
mod probe;
mod program;
mod tcp;

use crate::cli::DoctorArgs;
use crate::colour::{Colour, Paint};
use crate::exit::{Exit, Failure};
use calc_ipc::error::Status;
use calc_ipc::transport::Address;
use finding::{Finding, Verdict};
#[cfg(windows)]
use pipe::{by_name, holder, stranger};
#[cfg(unix)]
use place::{by_name, holder, stranger};
use probe::{Kind, Probe, RoundTrip, Trouble};
use serde::Serialize;
use std::io::{self, Write};

/// What the doctor says, as `--json` prints it.
#[derive(Serialize)]
struct Report {
    url: String,
    #[serde(flatten)]
    finding: Finding,
    /// What the library says.
    #[serde(skip_serializing_if = "Option::is_none")]
    library: Option<String>,
    /// What kind of server answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    round_trip: Option<RoundTrip>,
}

/// Connects, asks, and explains what comes of it.
pub(crate) fn run(args: &DoctorArgs) -> Result<Exit, Failure> {
    let options = args.client.options();
    let report = match probe::measure(&args.url, args.message.as_deref(), &options) {
        Ok(Probe { kind, round_trip }) => Report {
            url: args.url.to_string(),
            finding: healthy(&args.url, kind),
            library: None,
            server: Some(kind),
            round_trip: Some(round_trip),
        },
        Err(trouble) => Report {
            url: args.url.to_string(),
            finding: explain(&args.url, &trouble),
            library: Some(trouble.error.to_string()),
            server: None,
            round_trip: None,
        },
    };
    match args.json {
        true => print_json(&report)?,
        false => print_text(&report)?,
    }
    Ok(match report.finding.verdict {
        Verdict::Healthy => Exit::Success,
        _ => Exit::Transport,
    })
}

fn healthy(url: &Address, kind: Kind) -> Finding {
    let who = match holder(url) {
        Some(process) => format!("process {process}"),
        None => "a server".to_owned(),
    };
    let finding = |what: &str| Finding::new(Verdict::Healthy, format!("{who} {what}"));
    match kind {
        Kind::Calculator => finding("answers as a calculator"),
        Kind::Bytes => finding("answers, with messages of its own"),
        Kind::Particular => {
            finding("has messages of its own, and refuses what a calculator is asked")
                .advise("ask what it knows: --message")
        }
    }
}

/// A program that is none of this library's, then what means the same over every transport, then what needs a look at the address.
fn explain(url: &Address, trouble: &Trouble) -> Finding {
    if let Some(finding) = stranger(url, trouble) {
        return finding;
    }
    match trouble.error.status() {
        Status::Refused => Finding::full(),
        // The doctor's limit lets any answer in: this is no answer's length.
        Status::Malformed | Status::TooLarge => Finding::version_mismatch(),
        Status::HandlerFailed => Finding::handler_failed(),
        Status::TimedOut if trouble.is_connected => Finding::no_answer(holder(url)),
        _ => match url {
            Address::Tcp { host, port } => tcp::explain(host, *port, trouble),
            Address::Exec { program, .. } => program::explain(program.as_ref(), &trouble.error),
            _ => by_name(url, &trouble.error),
        },
    }
}

fn print_json(report: &Report) -> io::Result<()> {
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, report)?;
    writeln!(output)
}

fn print_text(report: &Report) -> io::Result<()> {
    let mut output = io::stdout().lock();
    let Finding {
        verdict,
        explanation,
        advice,
    } = &report.finding;
    let colour = match verdict {
        Verdict::Healthy => Colour::Good,
        _ => Colour::Bad,
    };
    let verdict = Paint::of(&output).paint(&verdict.name(), colour);
    writeln!(output, "{}: {verdict}", report.url)?;
    writeln!(output, "  {explanation}")?;
    if let Some(round_trip) = &report.round_trip {
        writeln!(output, "  {round_trip}")?;
    }
    if let Some(library) = &report.library
        && !library.ends_with(explanation.as_str())
    {
        writeln!(output, "  the library says: {library}")?;
    }
    if let Some(advice) = advice {
        writeln!(output, "  {advice}")?;
    }
    Ok(())
}
