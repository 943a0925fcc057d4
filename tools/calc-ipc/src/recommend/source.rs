//! Where the figures come from.

use crate::bench::report::Report;
use crate::cli::{RecommendArgs, System};
use crate::exit::Failure;
use crate::report;
use std::process::{Command, Stdio};

/// A report, or why there is none.
pub(super) fn report(
    args: &RecommendArgs,
    system: System,
) -> Result<Result<Report, String>, Failure> {
    if let Some(path) = &args.from {
        return report::read(path).map(Ok);
    }
    if args.no_measure {
        return Ok(Err("as was asked".to_owned()));
    }
    if system != System::HERE {
        return Ok(Err("this machine is not one of that system".to_owned()));
    }
    // A recommendation without figures is better than none.
    Ok(measure())
}

/// Measures for a few seconds: the command's own benchmark, which shows its progress on standard error.
fn measure() -> Result<Report, String> {
    let program = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let output = Command::new(program)
        .args(["bench", "--quick", "--json"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("calc-ipc bench: {error}"))?;
    // It ends with a failure also where only some of it could not be measured.
    report::parse(&output.stdout)
        .map_err(|why| format!("calc-ipc bench ended with {}: {why}", output.status))
}
