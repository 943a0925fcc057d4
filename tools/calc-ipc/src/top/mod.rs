//! `calc-ipc top`: what servers do at this moment.

mod rates;
mod view;

use crate::cli::TopArgs;
use crate::colour::Paint;
use crate::exit::{Exit, Failure};
use crate::stats::{self, Sheet};
use rates::Rates;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};
use std::thread;
use std::time::Instant;

/// A server, as `--json` prints it.
#[derive(Serialize)]
struct Row<'a> {
    pid: u32,
    up_ms: u64,
    #[serde(flatten)]
    server: &'a stats::ServerSheet,
    /// `None`: the server was not there before.
    rates: Option<Rates>,
}

/// Shows views until there have been enough, or nobody is there to show.
pub(crate) fn run(args: &TopArgs) -> Result<Exit, Failure> {
    let is_live = io::stdout().is_terminal() && !args.json;
    let count = args.count.or((!is_live).then_some(1));
    let mut before = look(args)?;
    let mut views = 0;
    while count.is_none_or(|count| views < count) {
        thread::sleep(args.interval);
        let now = look(args)?;
        let rows = rows(&before, &now);
        let mut output = io::stdout().lock();
        match args.json {
            true => print_json(&mut output, &rows)?,
            false => {
                let view = view::of(&rows, is_live, Paint::of(&output));
                output.write_all(view.as_bytes())?;
            }
        }
        output.flush()?;
        before = now;
        views += 1;
    }
    Ok(Exit::Success)
}

/// What servers tell, and when it was asked for.
struct Look {
    at: Instant,
    sheets: Vec<Sheet>,
}

fn look(args: &TopArgs) -> Result<Look, Failure> {
    let at = Instant::now();
    let mut sheets = stats::all();
    let is_wanted = |sheet: &Sheet| args.processes.contains(&sheet.pid);
    let missing = args.processes.iter();
    let mut missing = missing.filter(|pid| sheets.iter().all(|sheet| sheet.pid != **pid));
    if let Some(pid) = missing.next() {
        return Err(nobody(format!("process {pid} offers no stats")));
    }
    if !args.processes.is_empty() {
        sheets.retain(is_wanted);
    }
    match sheets.is_empty() {
        true => Err(nobody("nobody offers stats".to_owned())),
        false => Ok(Look { at, sheets }),
    }
}

fn nobody(what: String) -> Failure {
    let why = match stats::folder() {
        Some(folder) => format!(
            "'calc-ipc serve' does, to its own user, in {}",
            folder.display()
        ),
        None => "XDG_RUNTIME_DIR does not say where".to_owned(),
    };
    Failure::Transport(format!("{what}: {why}"))
}

fn rows<'a>(before: &Look, now: &'a Look) -> Vec<Row<'a>> {
    let elapsed = now.at - before.at;
    let earlier = |pid: u32, index: usize| {
        let sheet = before.sheets.iter().find(|sheet| sheet.pid == pid)?;
        Some(sheet.servers.get(index)?.counters)
    };
    let of_sheet = |sheet: &'a Sheet| {
        let servers = sheet.servers.iter().enumerate();
        servers.map(move |(index, server)| Row {
            pid: sheet.pid,
            up_ms: sheet.up_ms,
            rates: earlier(sheet.pid, index)
                .map(|earlier| Rates::between(&earlier, &server.counters, elapsed)),
            server,
        })
    };
    now.sheets.iter().flat_map(of_sheet).collect()
}

fn print_json(output: &mut impl Write, rows: &[Row<'_>]) -> io::Result<()> {
    for row in rows {
        serde_json::to_writer(&mut *output, row)?;
        writeln!(output)?;
    }
    Ok(())
}
