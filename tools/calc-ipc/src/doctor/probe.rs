//! Does what any client does, and measures it.

use calc_ipc::calculator::text;
use calc_ipc::error::{Error, Result, Status};
use calc_ipc::service::Client;
use calc_ipc::transport::{self, Address, ClientOptions, MAX_MESSAGE_RANGE};
use serde::Serialize;
use std::fmt;
use std::time::{Duration, Instant};

/// Calls before the first that is measured: both sides have to wake up, and some finish their
/// handshake with the first call.
const WARM_UP: u32 = 10;
/// Calls that are measured.
const CALLS: u32 = 500;
/// With a slow server, no more are begun after this long.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long calls took, from the request to its answer, in nanoseconds.
#[derive(Debug, Serialize)]
pub(super) struct RoundTrip {
    calls: usize,
    median_ns: u64,
    fastest_ns: u64,
}

/// What a calculator can answer, and most servers of messages of their own, too.
const QUESTION: &str = "ADD 10 20";

/// What answers at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// What it says are responses.
    Calculator,
    /// It answers with messages of its own.
    Bytes,
    /// Its handler refuses what it was asked, which it need not know.
    Particular,
}

/// What a healthy server showed.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) kind: Kind,
    pub(super) round_trip: RoundTrip,
}

/// What failed.
#[derive(Debug)]
pub(super) struct Trouble {
    /// Connecting had worked.
    pub(super) is_connected: bool,
    pub(super) error: Error,
}

/// Connects to `url` and asks with `message`, or with what a calculator knows.
pub(super) fn measure(
    url: &Address,
    message: Option<&str>,
    options: &ClientOptions,
) -> std::result::Result<Probe, Trouble> {
    // No server's answer is longer: what seems to be is no answer.
    let options = &ClientOptions {
        max_message: *MAX_MESSAGE_RANGE.end(),
        ..options.clone()
    };
    let trouble = |is_connected| {
        move |error| Trouble {
            is_connected,
            error,
        }
    };
    let channel = transport::connect(url, options).map_err(trouble(false))?;
    ask(&Client::new(channel, options), message).map_err(trouble(true))
}

fn ask(client: &Client, message: Option<&str>) -> Result<Probe> {
    let question = message.unwrap_or(QUESTION).as_bytes();
    // A message of the user's is one that has to be answered.
    let may_refuse = message.is_none();
    let mut kind = Kind::Bytes;
    for _ in 0..WARM_UP {
        kind = call(client, question, may_refuse)?;
    }
    let start = Instant::now();
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let begun = Instant::now();
        call(client, question, may_refuse)?;
        times.push(begun.elapsed());
        if start.elapsed() > PATIENCE {
            break;
        }
    }
    let round_trip = RoundTrip::of(times);
    round_trip
        .map(|round_trip| Probe { kind, round_trip })
        .ok_or_else(|| Error::new(Status::Internal, "nothing was measured"))
}

/// Asks once. Any answer is one: the handler need not be the calculator.
fn call(client: &Client, question: &[u8], may_refuse: bool) -> Result<Kind> {
    let mut answer = [0; 512];
    match client.call_bytes(question, &mut answer) {
        Ok(length) => Ok(match answer.get(..length).and_then(text::parse_response) {
            Some(_) => Kind::Calculator,
            None => Kind::Bytes,
        }),
        Err(error) if may_refuse && error.status() == Status::HandlerFailed => Ok(Kind::Particular),
        Err(error) => Err(error),
    }
}

impl RoundTrip {
    fn of(mut times: Vec<Duration>) -> Option<Self> {
        let nanos = |time: &Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        times.sort_unstable();
        Some(Self {
            calls: times.len(),
            median_ns: nanos(times.get(times.len() / 2)?),
            fastest_ns: nanos(times.first()?),
        })
    }
}

impl fmt::Display for RoundTrip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = |nanos: u64| Duration::from_nanos(nanos).as_secs_f64() * 1e6;
        write!(
            f,
            "round trip {:.1} us (median of {} calls, the fastest {:.1} us)",
            micros(self.median_ns),
            self.calls,
            micros(self.fastest_ns)
        )
    }
}
