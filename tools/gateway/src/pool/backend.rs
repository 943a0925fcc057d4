//! A backend: the server at one URL, its connections, and whether it is well.

use super::lane::Lane;
use super::queue::Queue;
use super::{Settings, is_refusal};
use crate::code::Executed;
use bytes::Bytes;
use calc_ipc::calculator::{Operation, Request, frames};
use calc_ipc::error::{Error, Result, Status};
use calc_ipc::protocol::frame::PREFIX;
use calc_ipc::transport::{self, Address, ClientOptions, Deadline};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, mem};
use tokio::sync::watch;
use tokio::task;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// How long a probe may take.
const PROBE_LIMIT: Duration = Duration::from_millis(500);

/// How long a server that is full has to say so to one that only connects.
const REFUSAL: Duration = Duration::from_millis(20);

/// How a backend is found to be well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// By asking for 0 + 0. Whatever answers is well, handlers of bytes too.
    Ask,
    /// By connecting, where nobody knows what the handler does with a question of the gateway's.
    Connect,
}

/// The server at one URL.
pub struct Backend {
    address: Address,
    lanes: Vec<Arc<Lane>>,
    queue: Arc<Queue>,
    is_well: watch::Sender<bool>,
    /// Over which it is asked how it is: one connection more than those of calls.
    probing: Option<Arc<Lane>>,
}

impl Backend {
    /// The server at `address`, which need not be there yet. It is not well before it was probed.
    pub fn open(address: Address, probe: Probe, settings: &Settings) -> Result<Arc<Self>> {
        let queue = Arc::new(Queue::new(settings.queue));
        let is_well = watch::Sender::new(false);
        let open = |queue: &Arc<Queue>| {
            let is_well = is_well.clone();
            let lost = move || {
                is_well.send_if_modified(mem::take);
            };
            Lane::open(&address, settings.max_message, queue.clone(), lost)
        };
        let lanes = (0..settings.connections).map(|_| open(&queue));
        let lanes = lanes.collect::<Result<_>>()?;
        // Last, so that calls have what places there are.
        let probing = match probe {
            Probe::Ask => Some(open(&Arc::new(Queue::new(1)))?),
            Probe::Connect => None,
        };
        Ok(Arc::new(Self {
            address,
            lanes,
            queue,
            is_well,
            probing,
        }))
    }

    /// Its URL.
    pub fn address(&self) -> &Address {
        &self.address
    }

    pub(super) fn lanes(&self) -> &[Arc<Lane>] {
        &self.lanes
    }

    /// How many calls wait until a connection can carry them.
    pub fn queued(&self) -> usize {
        self.queue.length()
    }

    /// Whether the last probe was answered in time, and no call has found since that no server is there.
    pub fn is_well(&self) -> bool {
        *self.is_well.borrow()
    }

    /// Tells of each change of [`Backend::is_well`].
    pub fn changes(&self) -> watch::Receiver<bool> {
        self.is_well.subscribe()
    }

    /// Probes it once, and gives why it is not well.
    pub async fn probe(&self) -> Result<()> {
        let probed = match &self.probing {
            Some(lane) => self.ask(lane).await,
            None => self.connect().await,
        };
        let is_well = probed.is_ok();
        let has_changed = self.is_well.send_if_modified(|was| {
            let has_changed = *was != is_well;
            *was = is_well;
            has_changed
        });
        match &probed {
            Ok(()) if has_changed => {
                self.lanes.iter().for_each(|lane| lane.hope());
                tracing::info!(backend = %self, "well");
            }
            Err(error) if has_changed => tracing::warn!(backend = %self, %error, "not well"),
            _ => {}
        }
        probed
    }

    /// Asks over `lane`; if the server has no place for that, over those of calls.
    async fn ask(&self, lane: &Arc<Lane>) -> Result<()> {
        let mut refusal = Ok(());
        for lane in [lane].into_iter().chain(&self.lanes) {
            let asked = ask(lane).await;
            if !asked.as_ref().is_err_and(is_refusal) {
                return asked;
            }
            refusal = asked;
        }
        refusal
    }

    /// Connects. If the server has no place for that, it may have some for calls, which find out.
    async fn connect(&self) -> Result<()> {
        let has_hope = || self.lanes.iter().any(|lane| !lane.is_refused());
        match connect(self.address.clone()).await {
            Err(error) if is_refusal(&error) && has_hope() => Ok(()),
            connected => connected,
        }
    }

    /// Probes it once in each `period`, for ever.
    pub async fn keep_probing(self: Arc<Self>, period: Duration) {
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let _ = self.probe().await; // It has taken note of it.
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.address, f)
    }
}

async fn ask(lane: &Arc<Lane>) -> Result<()> {
    let due = Instant::now() + PROBE_LIMIT;
    let call = lane.ask(question(), due);
    match call.answer().await {
        Err(error) if Executed::of(&error) != Executed::Yes => Err(error),
        _ => Ok(()),
    }
}

/// Connects, and closes again. Names are resolved anew.
async fn connect(address: Address) -> Result<()> {
    let connected = task::spawn_blocking(move || {
        let options = ClientOptions {
            connect_timeout: Some(PROBE_LIMIT),
            ..ClientOptions::default()
        };
        let mut channel = transport::connect(&address, &options)?;
        // Sockets let everybody in, and say on the connection that the server is full.
        match channel.recv(&Deadline::after(Some(REFUSAL))) {
            Err(error) if is_refusal(&error) => Err(error),
            _ => Ok(()),
        }
    });
    let connected = connected.await;
    connected.unwrap_or_else(|_| Err(Error::new(Status::Internal, "the probe panicked")))
}

/// The body of 0 + 0.
fn question() -> Bytes {
    body(&Request {
        operation: Operation::Add,
        arg1: 0,
        arg2: 0,
    })
}

/// The body of a request.
pub fn body(request: &Request) -> Bytes {
    let mut frame = Vec::with_capacity(frames::REQUEST_MAX);
    frames::append_request(&mut frame, request);
    Bytes::from(frame).split_off(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Pool;
    use calc_ipc::transport::Side;
    use std::thread;

    const SETTINGS: Settings = Settings {
        connections: 1,
        queue: 1,
        max_message: 1000,
    };

    #[tokio::test]
    async fn calls_are_given_a_lane_whenever_backends_change() {
        let folder = tempfile::tempdir().unwrap();
        let backend = |name: &str| {
            let url = format!("unix://{}", folder.path().join(name).display());
            let address = Address::parse(&url, Side::Client).unwrap();
            Backend::open(address, Probe::Connect, &SETTINGS).unwrap()
        };
        let backends = vec![backend("one"), backend("other")];
        let pool = Pool::new(backends.clone());
        thread::scope(|scope| {
            let picking = scope.spawn(|| {
                for _ in 0..200_000 {
                    pool.pick();
                }
            });
            while !picking.is_finished() {
                for backend in &backends {
                    backend.is_well.send_modify(|is_well| *is_well = !*is_well);
                }
            }
        });
    }
}
