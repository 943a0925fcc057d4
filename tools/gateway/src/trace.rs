//! What is logged, and the trace that a call belongs to.

use http::HeaderMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// The variable with the levels: one for all, or `TARGET=LEVEL,...`.
const VARIABLE: &str = "RUST_LOG";

/// Where it says nothing: failures and changes of the gateway, and what goes wrong beneath it.
const DEFAULT: &str = "warn,calc_ipc_gateway=info";

/// The header, see <https://www.w3.org/TR/trace-context/>.
const HEADER: &str = "traceparent";

/// Lines about failures in a second. Whoever makes calls fail on purpose cannot fill the log.
const LINES: u32 = 100;

/// Sends log lines to standard error, those that RUST_LOG asks for.
pub fn init() {
    let asked = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty());
    let parsed = asked.as_deref().unwrap_or(DEFAULT).parse::<Targets>();
    let refused = parsed.as_ref().err().map(ToString::to_string);
    let levels = parsed.unwrap_or_else(|_| DEFAULT.parse().unwrap_or_default());
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_filter(levels);
    tracing_subscriber::registry().with(lines).init();
    if let Some(error) = refused {
        tracing::warn!(%error, "{VARIABLE} makes no sense, and {DEFAULT} is in its place");
    }
}

/// Logs a connection that was refused or broken, unless there were too many of late.
pub fn refused(peer: Option<SocketAddr>, reason: &dyn Error) {
    static LINES: Budget = Budget::new();
    let Some(left_out) = LINES.spend() else {
        return;
    };
    if left_out > 0 {
        tracing::warn!(left_out, "more connections failed than were logged");
    }
    let peer = peer.map(|peer| peer.to_string());
    let beneath = reason.source().map(ToString::to_string);
    tracing::info!(peer, why = %reason, beneath, "connection failed");
}

/// The trace that a call belongs to, and the step of it that makes the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    trace: u128,
    step: u64,
}

impl Parent {
    /// What the headers say, if they do.
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(HEADER).iter();
        let value = values.next()?;
        // Of several, none is to be believed.
        match values.next() {
            Some(_) => None,
            None => Self::parse(value.to_str().ok()?),
        }
    }

    /// Reads `00-TRACE-STEP-FLAGS`; later versions may have more behind it.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = hex(parts.next()?, 2)?;
        let (trace, step) = (hex(parts.next()?, 32)?, hex(parts.next()?, 16)?);
        hex(parts.next()?, 2)?;
        let is_read = match version {
            0 => parts.next().is_none(),
            0xff => false,
            _ => true,
        };
        let step = u64::try_from(step).ok()?;
        (is_read && trace != 0 && step != 0).then_some(Self { trace, step })
    }
}

impl fmt::Display for Parent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}-{:016x}", self.trace, self.step)
    }
}

/// A number of so many small hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_number = text.len() == digits && text.bytes().all(is_hex);
    is_number.then(|| u128::from_str_radix(text, 16).ok())?
}

/// How many more lines may be logged.
#[derive(Debug, Default)]
pub struct Budget(Mutex<Spent>);

#[derive(Debug, Default)]
struct Spent {
    since: Option<Instant>,
    lines: u32,
}

impl Budget {
    /// One of which nothing is spent.
    pub const fn new() -> Self {
        Self(Mutex::new(Spent {
            since: None,
            lines: 0,
        }))
    }

    /// Whether there may be one more line, and how many there were not since one was.
    pub fn spend(&self) -> Option<u32> {
        self.spend_at(Instant::now())
    }

    fn spend_at(&self, now: Instant) -> Option<u32> {
        // Nothing panics while it is locked.
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = spent
            .since
            .is_none_or(|since| now.saturating_duration_since(since) >= Duration::from_secs(1));
        let mut left_out = 0;
        if is_over {
            left_out = spent.lines.saturating_sub(LINES);
            *spent = Spent {
                since: Some(now),
                lines: 0,
            };
        }
        spent.lines = spent.lines.saturating_add(1);
        (spent.lines <= LINES).then_some(left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const STEP: &str = "00f067aa0ba902b7";

    #[test]
    fn a_parent_is_read_as_the_recommendation_says() {
        let written = format!("{TRACE}-{STEP}");
        for good in [
            format!("00-{written}-01"),
            format!("00-{written}-00"),
            format!("cc-{written}-01"),
            format!("cc-{written}-01-what-comes-later"),
        ] {
            let parent = Parent::parse(&good).map(|parent| parent.to_string());
            assert_eq!(parent.as_deref(), Some(&*written), "{good}");
        }
        let none = ["0".repeat(32), "0".repeat(16)];
        for bad in [
            String::new(),
            written.clone(),
            format!("ff-{written}-01"),
            format!("00-{written}-01-more"),
            format!("00-{written}-1"),
            format!("00-{written}-0g"),
            format!("00-{}-{STEP}-01", TRACE.to_uppercase()),
            format!("00-{}-{STEP}-01", none[0]),
            format!("00-{TRACE}-{}-01", none[1]),
            format!("00-+{}-{STEP}-01", &TRACE[1..]),
        ] {
            assert_eq!(Parent::parse(&bad), None, "{bad}");
        }
    }

    #[test]
    fn of_two_parents_none_is_believed() {
        let value: http::HeaderValue = format!("00-{TRACE}-{STEP}-01").parse().unwrap();
        let mut headers = HeaderMap::new();
        assert_eq!(Parent::read(&headers), None);
        headers.append(HEADER, value.clone());
        assert!(Parent::read(&headers).is_some());
        headers.append(HEADER, value);
        assert_eq!(Parent::read(&headers), None);
    }

    #[test]
    fn lines_beyond_the_budget_of_a_second_are_counted() {
        let budget = Budget::default();
        let begin = Instant::now();
        for _ in 0..LINES {
            assert_eq!(budget.spend_at(begin), Some(0));
        }
        for _ in 0..7 {
            assert_eq!(budget.spend_at(begin), None);
        }
        let later = begin + Duration::from_secs(1);
        assert_eq!(budget.spend_at(later), Some(7));
        assert_eq!(budget.spend_at(later), Some(0));
    }

    #[test]
    fn the_levels_where_none_are_asked_for_are_some() {
        let levels: Targets = DEFAULT.parse().unwrap();
        assert!(levels.would_enable("calc_ipc_gateway::run", &tracing::Level::INFO));
        assert!(!levels.would_enable("h2", &tracing::Level::INFO));
    }
}
