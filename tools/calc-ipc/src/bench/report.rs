//! What a benchmark found, as it is written with `--json` and read by `recommend`.
//!
//! The schema is documented in `docs/performance.md`. Times are nanoseconds, sizes are bytes of a
//! message's body. A field may be added; none changes its meaning under the same [`SCHEMA`].

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// The name and version of the schema.
pub(crate) const SCHEMA: &str = "calc-ipc-bench/1";

/// One run of the benchmark.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Report {
    /// [`SCHEMA`].
    pub(crate) schema: String,
    /// The version of calc_ipc.
    pub(crate) version: String,
    pub(crate) machine: Machine,
    pub(crate) settings: Settings,
    pub(crate) latencies: Vec<Latency>,
    pub(crate) throughputs: Vec<Throughput>,
    /// What was not measured, and why.
    pub(crate) skipped: Vec<Skipped>,
}

/// Where it was measured.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Machine {
    /// As the kernel calls it.
    pub(crate) cpu: String,
    /// CPUs that the benchmark could use.
    pub(crate) cpus: usize,
    pub(crate) system: String,
}

/// How it was measured.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Settings {
    /// Contestants take turns; a round is one turn of each.
    pub(crate) rounds: u32,
    /// Calls in a turn, of the smallest messages.
    pub(crate) calls: u32,
}

/// Who was measured.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Family {
    /// This library.
    CalcIpc,
    /// The bare primitive: the same bytes to and fro, nothing around them.
    Raw,
    /// What a textbook shows: blocking, semaphores, a thread per client.
    Textbook,
    /// Another library.
    Rival,
}

/// What carries the messages.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Transport {
    Shm,
    Pipe,
    Fifo,
    Unix,
    Seqpacket,
    Tcp,
    Npipe,
}

impl Transport {
    /// Whether this system has it.
    pub(crate) fn is_here(self) -> bool {
        match self {
            Self::Shm | Self::Pipe | Self::Tcp => true,
            Self::Fifo | Self::Unix | Self::Seqpacket => cfg!(unix),
            Self::Npipe => cfg!(windows),
        }
    }
}

/// Where the two processes ran.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Placement {
    /// Both on the same CPU.
    OneCore,
    /// Each on a CPU of its own.
    TwoCores,
    /// Where the kernel put them.
    Anywhere,
}

/// How a contestant waits.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Waiting {
    /// It sleeps in the kernel at once (ours: `spin_us = 0`).
    Blocking,
    /// It spins as long as that pays, then sleeps (ours: the default options).
    Adaptive,
    /// It looks again and again without sleeping for the budget that `Adaptive` has, and then sleeps; raw limits.
    Polling,
    /// It never sleeps.
    Spinning,
}

/// Who, over what, where, and how.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Contestant {
    /// For people: `calc_ipc shm`, `raw pipe`, `ZeroMQ`.
    pub(crate) name: String,
    pub(crate) family: Family,
    pub(crate) transport: Transport,
    pub(crate) waiting: Waiting,
}

/// The round trips of one client.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Latency {
    #[serde(flatten)]
    pub(crate) contestant: Contestant,
    pub(crate) placement: Placement,
    /// Bytes of each request and of each answer.
    pub(crate) size: u32,
    /// Requests sent at once; times are those of a whole batch.
    pub(crate) batch: u32,
    /// Round trips measured.
    pub(crate) samples: u64,
    pub(crate) min: u64,
    pub(crate) p50: u64,
    pub(crate) p90: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
    pub(crate) max: u64,
    pub(crate) mean: f64,
    /// Requests answered in a second.
    pub(crate) calls_per_second: f64,
    /// CPU time of a request on each side.
    pub(crate) client_cpu: f64,
    pub(crate) server_cpu: f64,
    /// Its median time over that of its raw limit: the median of the ratios of all rounds.
    pub(crate) over_raw: Option<f64>,
    /// How many round trips took at most so many nanoseconds, and more than the bucket before.
    pub(crate) histogram: Vec<Bucket>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Bucket {
    pub(crate) at_most: u64,
    pub(crate) count: u64,
}

/// Many clients of one server, all asking all the time.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Throughput {
    #[serde(flatten)]
    pub(crate) contestant: Contestant,
    pub(crate) clients: u32,
    pub(crate) size: u32,
    /// Requests answered in a second, all clients together: the median of all rounds.
    pub(crate) calls_per_second: f64,
    /// Of that of its raw limit: the median of the ratios of all rounds.
    pub(crate) over_raw: Option<f64>,
    /// CPU time of a request, of all clients and of the server.
    pub(crate) client_cpu: f64,
    pub(crate) server_cpu: f64,
}

/// Something that could not be measured.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Skipped {
    pub(crate) name: String,
    pub(crate) why: String,
}
