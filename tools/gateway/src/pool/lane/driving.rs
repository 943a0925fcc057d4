//! The task that takes the answers of a lane.

use super::Lane;
use calc_ipc::error::{Error, Result, Status};
use calc_ipc::service::{Completion, Next};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task;

/// The room for an answer from the start, in bytes, and what is kept after one that was larger.
const ROOM: usize = 64 << 10;

/// So many answers are taken before other tasks of the thread have their turn.
const TURN: u32 = 256;

/// Has a task of this runtime drive the lane, for as long as the runtime lives.
pub(super) fn begin(lane: &Arc<Lane>) -> Result<()> {
    let number = lane.client.source()?.as_raw_fd();
    let watched = watch(Watched(lane.clone(), number));
    let watched = watched.map_err(|error| Error::os("watch a client", &error))?;
    task::spawn(drive(watched));
    Ok(())
}

/// A lane, and the number of the descriptor that tells of it, which stays the same for the client's life.
struct Watched(Arc<Lane>, RawFd);

impl AsRawFd for Watched {
    fn as_raw_fd(&self) -> RawFd {
        self.1
    }
}

#[allow(
    deprecated,
    reason = "the other way is unsafe code, which has no place here; what that has to promise is so: the client keeps the \
              descriptor open, under the same number, and `Watched` keeps the client"
)]
fn watch(watched: Watched) -> io::Result<AsyncFd<Watched>> {
    AsyncFd::with_interest(watched, Interest::READABLE)
}

/// Takes the answers of a lane as they come.
async fn drive(watched: AsyncFd<Watched>) {
    let lane = &watched.get_ref().0;
    let mut room = vec![0; ROOM];
    loop {
        let Ok(mut ready) = watched.readable().await else {
            return; // The runtime ends.
        };
        while !lane.advance(&mut room) {
            task::yield_now().await;
        }
        ready.clear_ready();
    }
}

impl Lane {
    /// Takes all answers that have come, and submits what waits. `false`: there may be more to take.
    fn advance(&self, room: &mut Vec<u8>) -> bool {
        let is_done = self.take(room);
        let mut calls = self.lock();
        self.refill(&mut calls);
        self.count(&calls);
        is_done
    }

    fn take(&self, room: &mut Vec<u8>) -> bool {
        for _ in 0..TURN {
            match self.client.next(Some(Duration::ZERO), room) {
                Ok(Next::Completion(completion)) => self.complete(completion, room),
                Ok(Next::NoRoom(length)) => room.resize(length, 0),
                Err(_) => {
                    room.truncate(ROOM);
                    room.shrink_to(ROOM);
                    return true;
                }
            }
        }
        false
    }

    fn complete(&self, completion: Completion, room: &[u8]) {
        let Completion { tag, outcome, .. } = completion;
        match &outcome {
            Ok(_) => self.standing.hope(),
            Err(error) if error.status() == Status::HandlerFailed => self.standing.hope(),
            Err(error) => self.note(error),
        }
        let mut calls = self.lock();
        let reply = calls.flying.take(tag);
        self.refill(&mut calls);
        drop(calls);
        if let Some(reply) = reply {
            reply.send(outcome.map(|length| room.get(..length).unwrap_or_default()));
        }
    }
}
