//! The backends, and which of their connections a call goes over.

mod backend;
mod call;
mod lane;
mod queue;
mod standing;

pub use backend::{Backend, Probe, body};
pub use call::Call;
pub use lane::Lane;
pub(crate) use lane::expired;
pub use queue::Queue;

use bytes::Bytes;
use calc_ipc::error::{Error, Result, Status};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::Instant;

/// How backends are asked.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Connections to each backend.
    pub connections: usize,
    /// Calls that may wait for each backend.
    pub queue: usize,
    /// The longest body sent or taken, in bytes.
    pub max_message: u32,
}

/// Backends of which any may answer.
pub struct Pool {
    backends: Vec<Arc<Backend>>,
    /// All of their lanes, of which there is one at least.
    members: Vec<Member>,
    turn: AtomicUsize,
}

/// A lane, and whose it is.
struct Member {
    backend: Arc<Backend>,
    lane: Arc<Lane>,
}

/// How much a lane is to be avoided: its backend is not well, its server is full, and how busy it is.
type Rank = (bool, bool, usize);

/// The rank of a lane than which none is better.
const IDLE: Rank = (false, false, 0);

impl Member {
    fn rank(&self) -> Rank {
        let Self { backend, lane } = self;
        (!backend.is_well(), lane.is_refused(), lane.load())
    }
}

impl Pool {
    /// A pool of these backends, of which there is one at least.
    pub fn new(backends: Vec<Arc<Backend>>) -> Self {
        let members = backends.iter().flat_map(|backend| {
            let lanes = backend.lanes().iter();
            lanes.map(|lane| Member {
                backend: backend.clone(),
                lane: lane.clone(),
            })
        });
        Self {
            members: members.collect(),
            backends,
            turn: AtomicUsize::new(0),
        }
    }

    /// The backends.
    pub fn backends(&self) -> &[Arc<Backend>] {
        &self.backends
    }

    /// Whether any of them is well.
    pub fn is_well(&self) -> bool {
        self.backends.iter().any(|backend| backend.is_well())
    }

    /// The least busy connection to a backend that is well, and whose server let it in; of equals, another one each time. If
    /// there is none, the call itself finds out.
    pub fn pick(&self) -> &Arc<Lane> {
        self.pick_for(false)
    }

    /// The same, for a call that goes elsewhere if the server is full: it `may_try` those that were refused.
    fn pick_for(&self, may_try: bool) -> &Arc<Lane> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.members.len().max(1);
        let (before, after) = self.members.split_at(turn);
        let mut best: Option<(Rank, &Member)> = None;
        for member in after.iter().chain(before) {
            let rank = member.rank();
            let (is_ill, is_refused, _) = rank;
            let tries = may_try && is_refused && !is_ill && member.lane.may_try();
            if rank == IDLE || tries {
                return &member.lane;
            }
            if best.is_none_or(|(least, _)| rank < least) {
                best = Some((rank, member));
            }
        }
        let (_, member) = best.expect("a pool has a backend, and a backend has a lane");
        &member.lane
    }

    /// What a backend answers to `message`, until `due`. A server that is full has not looked at it, and it goes over another
    /// connection then, as long as there is one that may be let in.
    pub async fn ask(&self, message: Bytes, due: Instant) -> Result<Bytes> {
        for _ in &self.members {
            let lane = self.pick_for(true);
            let answer = lane.ask(message.clone(), due).answer().await;
            let is_refusal = answer.as_ref().is_err_and(is_refusal);
            if !is_refusal || !lane.is_refused() || !self.has_other() {
                return answer;
            }
        }
        self.pick().ask(message, due).answer().await
    }

    /// Whether there is a lane that was not refused.
    fn has_other(&self) -> bool {
        let mut ranks = self.members.iter().map(Member::rank);
        ranks.any(|(is_ill, is_refused, _)| !is_ill && !is_refused)
    }
}

/// Whether a call failed since there is no place for it.
fn is_refusal(error: &Error) -> bool {
    error.status() == Status::Refused && error.is_not_executed()
}
