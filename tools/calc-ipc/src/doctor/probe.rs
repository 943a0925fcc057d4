//! Does what any client does, and measures it.

use calc_ipc::error::{Error, Result, Status};
use calc_ipc::protocol::{Operation, Request};
use calc_ipc::service::Client;
use calc_ipc::transport::ClientOptions;
use calc_ipc::transport::url::{self, Url};
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

/// What failed.
#[derive(Debug)]
pub(super) struct Trouble {
    /// Connecting had worked.
    pub(super) is_connected: bool,
    pub(super) error: Error,
}

/// Connects to `url` and asks.
pub(super) fn measure(
    url: &Url,
    options: &ClientOptions,
) -> std::result::Result<RoundTrip, Trouble> {
    let trouble = |is_connected| {
        move |error| Trouble {
            is_connected,
            error,
        }
    };
    let channel = url::connect(url, options).map_err(trouble(false))?;
    ask(&Client::new(channel, options)).map_err(trouble(true))
}

fn ask(client: &Client) -> Result<RoundTrip> {
    for _ in 0..WARM_UP {
        time_call(client)?;
    }
    let start = Instant::now();
    let mut times = Vec::new();
    for _ in 0..CALLS {
        times.push(time_call(client)?);
        if start.elapsed() > PATIENCE {
            break;
        }
    }
    RoundTrip::of(times).ok_or_else(|| Error::new(Status::Internal, "nothing was measured"))
}

/// Any answer is one: the handler need not be the calculator.
fn time_call(client: &Client) -> Result<Duration> {
    let request = Request {
        operation: Operation::Add,
        arg1: 10,
        arg2: 20,
    };
    let start = Instant::now();
    client.call(&request).map(|_| start.elapsed())
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
