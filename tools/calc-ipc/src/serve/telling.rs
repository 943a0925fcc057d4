//! The stats that a server's process offers to commands of the same user, and what of them is kept while serving.

use super::Named;
use crate::stats::{Offer, Presence, ServerSheet, Sheet, milliseconds};
use calc_ipc::transport::Address;
use std::io;
use std::thread::{self, Scope};
use std::time::Instant;

/// The offer, if there is a session that it is for.
pub(super) struct Telling {
    offer: Option<Offer>,
    since: Instant,
}

/// What is kept of a server.
pub(super) type Kept = Presence;

impl Telling {
    /// What cannot be offered is no reason not to serve; it is said. A server of its parent's alone offers nothing.
    pub(super) fn prepare(urls: &[Address]) -> Self {
        let made = match urls {
            [Address::Stdio] => Ok(None),
            _ => Offer::make(),
        };
        let offer = made.unwrap_or_else(|error| {
            super::log(format_args!(
                "no stats in $XDG_RUNTIME_DIR/calc_ipc: {error}"
            ));
            None
        });
        Self {
            offer,
            since: Instant::now(),
        }
    }

    /// Whether anything has to be kept.
    pub(super) fn is_on(&self) -> bool {
        self.offer.is_some()
    }

    /// Tells whoever asks, on a thread of its own, until what it gives is called.
    pub(super) fn begin<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        servers: &'scope [Named],
    ) -> io::Result<Option<impl Fn() + use<>>> {
        let Some(offer) = &self.offer else {
            return Ok(None);
        };
        let close = offer.closer()?;
        let tell = move || offer.tell(|| self.sheet(servers));
        thread::Builder::new().spawn_scoped(scope, tell)?;
        Ok(Some(close))
    }

    fn sheet(&self, servers: &[Named]) -> Vec<u8> {
        let sheet = Sheet {
            pid: std::process::id(),
            up_ms: milliseconds(self.since.elapsed()),
            servers: servers.iter().map(of_server).collect(),
        };
        serde_json::to_vec(&sheet).unwrap_or_default()
    }
}

fn of_server(named: &Named) -> ServerSheet {
    ServerSheet {
        url: named.url.to_string(),
        counters: named.server.stats().map(Into::into).unwrap_or_default(),
        present: named.kept.list(),
    }
}
