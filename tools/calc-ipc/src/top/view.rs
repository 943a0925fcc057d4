//! What people see.

use super::Row;
use crate::colour::{Colour, Paint};
use crate::stats::Present;
use std::fmt::Write;
use std::fs;
use std::time::Duration;

/// What has a terminal begin at its top, and forget what it showed (ECMA-48: CUP, ED).
const ANEW: &str = "\x1b[H\x1b[2J";

/// The most clients of a server that are shown.
const MOST: usize = 20;

const HEAD: &str =
    "    PID        UP  CLIENTS    CALLS/s       IN/s      OUT/s     CALLS   FAILED  URL";

/// A view of these servers, which takes the place of the one before.
pub(super) fn of(rows: &[Row<'_>], is_live: bool, paint: Paint) -> String {
    let mut text = String::new();
    if is_live {
        text.push_str(ANEW);
    }
    text.push_str(&paint.paint(HEAD, Colour::Head));
    text.push('\n');
    for row in rows {
        text.push_str(&server(row));
        let present = &row.server.present;
        for client in present.iter().take(MOST) {
            text.push_str(&self::client(client));
        }
        if let Some(more @ 1..) = present.len().checked_sub(MOST) {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{:>9} and {more} more", "");
        }
    }
    text
}

fn server(row: &Row<'_>) -> String {
    let counters = &row.server.counters;
    let rate = |of: fn(&super::Rates) -> f64, unit: fn(f64) -> String| {
        row.rates
            .as_ref()
            .map_or("-".into(), |rates| unit(of(rates)))
    };
    format!(
        "{:>7}  {:>8}  {:>7}  {:>9}  {:>9}  {:>9}  {:>8}  {:>7}  {}\n",
        row.pid,
        time(row.up_ms),
        counters.clients,
        rate(|rates| rates.requests, |rate| format!("{rate:.0}")),
        rate(|rates| rates.bytes_in, size),
        rate(|rates| rates.bytes_out, size),
        counters.requests,
        counters.failed,
        row.server.url
    )
}

fn client(client: &Present) -> String {
    let who = match client.pid {
        Some(pid) => format!("process {pid}{}", name(pid)),
        None => "a process that is not known".to_owned(),
    };
    let user = client
        .uid
        .map_or(String::new(), |uid| format!(", user {uid}"));
    let time = time(client.for_ms);
    format!(
        "{:>9} client {}: {who}{user}, for {time}\n",
        "", client.connection
    )
}

/// What a process is called, in parentheses, if it is there (proc_pid_comm(5)). It gave itself the name.
fn name(pid: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    match name.trim_end() {
        "" => String::new(),
        name => format!(" ({})", name.escape_debug()),
    }
}

/// A time as its two largest units.
fn time(milliseconds: u64) -> String {
    let seconds = Duration::from_millis(milliseconds).as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// A number of bytes in the largest unit of which there is one.
fn size(bytes: f64) -> String {
    let units = ["KiB", "MiB", "GiB"];
    let mut shown = format!("{bytes:.0}B");
    let mut rest = bytes;
    for unit in units {
        rest /= 1024.0;
        if rest >= 1.0 {
            shown = format!("{rest:.1}{unit}");
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_short() {
        for (milliseconds, text) in [
            (0, "0s"),
            (59_999, "59s"),
            (61_000, "1m01s"),
            (3_660_000, "1h01m"),
            (90_000_000, "1d01h"),
        ] {
            assert_eq!(time(milliseconds), text);
        }
        for (bytes, text) in [
            (0.0, "0B"),
            (1023.0, "1023B"),
            (1536.0, "1.5KiB"),
            (1024.0 * 1024.0, "1.0MiB"),
            (3e12, "2794.0GiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
