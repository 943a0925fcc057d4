//! The other way round: a server of calc_ipc, whose requests a gRPC server answers.

mod remote;
mod running;
mod settling;
mod target;

pub use remote::Remote;
pub use target::Target;

use crate::cli::Cli;
use crate::code;
use bytes::Bytes;
use calc_ipc::error::{Error, Result};
use calc_ipc::service::{Event, Handler, Reply, Server};
use calc_ipc::transport::{self, Address, ServerOptions};
use running::Running;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// A server of calc_ipc, and whom it asks.
pub struct Egress {
    server: Server,
    running: Arc<Running>,
    /// Where it is served, with the port that the system chose.
    pub address: Address,
}

/// What each request needs.
struct Asking {
    remote: Arc<Remote>,
    running: Arc<Running>,
    /// Calls fail, and somebody was told.
    is_failing: Arc<AtomicBool>,
    runtime: Handle,
}

impl Egress {
    /// Serves at `address` from now on, and asks `remote`. Tasks of this runtime do so.
    pub fn open(address: &Address, remote: Arc<Remote>, cli: &Cli) -> Result<Self> {
        let options = ServerOptions {
            max_message: cli.limits.max_message,
            allow_remote: cli.guard.allow_remote_plaintext,
            ..ServerOptions::default()
        };
        let bound = transport::bind(address, &options)?;
        let running = Arc::new(Running::default());
        let is_failing = Arc::new(AtomicBool::new(false));
        let asking = Asking {
            remote,
            running: running.clone(),
            is_failing: is_failing.clone(),
            runtime: Handle::current(),
        };
        let handler = Handler::deferred(move |reply, body| asking.ask(reply, body));
        let observer = move |event: &Event<'_>| tell(event, &is_failing);
        let server = Server::observed(bound.endpoint, handler, Box::new(observer))?;
        server.start()?;
        Ok(Self {
            server,
            running,
            address: bound.address,
        })
    }

    /// Asks no more, and waits until all that was asked is answered, and the answers are on their way, at most so long.
    /// Whether they are.
    pub async fn drain(&self, grace: Duration) -> bool {
        let all = async {
            self.running.end().await;
            settling::settled(|| self.unsent()).await;
        };
        timeout(grace, all).await.is_ok()
    }

    /// How many answers that were given are not on their way. There may be somebody who waits for them.
    fn unsent(&self) -> u64 {
        match self.server.stats() {
            // Of what is given after that look, none seems to have been sent.
            Ok(stats) if stats.clients > 0 => self.running.given().saturating_sub(stats.requests),
            _ => 0,
        }
    }

    /// Ends it, and frees the address.
    pub fn stop(self) -> Result<()> {
        tokio::task::block_in_place(|| self.server.stop())
    }
}

impl Asking {
    /// Has a request answered. It never waits: this is a thread of the server.
    fn ask(&self, reply: Reply, body: &[u8]) {
        if !self.running.begin() {
            return reply.fail(b"the gateway ends; the request was not sent on");
        }
        let body = Bytes::copy_from_slice(body);
        let (remote, running) = (self.remote.clone(), self.running.clone());
        let is_failing = self.is_failing.clone();
        self.runtime.spawn(async move {
            let mut until_answered = running.until_answered();
            let answer = remote.ask(body).await;
            if reply.check().is_ok() {
                until_answered.is_given();
            }
            match answer {
                Ok(answer) => {
                    // The observer is told of one that is too large; nobody else waits for it.
                    if reply.send(&answer).is_ok() {
                        is_failing.store(false, Ordering::Relaxed);
                    }
                }
                Err(error) => reply.fail(said(&error).as_bytes()),
            }
        });
    }
}

/// What the server's side is told of a failure. The client learns only that there was one.
fn said(error: &Error) -> String {
    let executed = match error.is_not_executed() {
        true => " (not executed)",
        false => "",
    };
    let name = code::name(error.status());
    format!("{name}{executed}: {}", error.context())
}

/// Logs the first of several failures, and the others for those who want to know all.
fn tell(event: &Event<'_>, is_failing: &AtomicBool) {
    let Event::HandlerFailed(_, why) = event else {
        return;
    };
    match is_failing.swap(true, Ordering::Relaxed) {
        false => tracing::warn!(why = why.as_str(), "a call failed; so may more"),
        true => tracing::debug!(why = why.as_str(), "a call failed"),
    }
}
