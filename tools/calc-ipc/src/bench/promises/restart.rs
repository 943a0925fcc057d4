//! How soon a server serves where another was killed.

use super::super::report::Transport;
use super::super::session::Session;
use super::super::trouble::Trouble;
use super::death::nanos;
use super::place::{PATIENCE, Place, ask};
use crate::cli::ContestantSettings;
use crate::exit::Failure;
use calc_ipc::error::Error;
use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::{self, ServerOptions};
use std::time::{Duration, Instant};

/// From its making to the first answer, in nanoseconds; of a pipe, from the making of a new child.
pub(super) fn takes(
    session: &mut Session,
    transport: Transport,
    rounds: u32,
) -> Result<Vec<f64>, Trouble> {
    let place = Place::new(session, transport, ContestantSettings::default());
    let one = |_| {
        let pair = place.open(session, PATIENCE)?;
        pair.kill(&session.interrupt)?;
        let took = match transport {
            Transport::Pipe => {
                let before = Instant::now();
                place.open(session, PATIENCE)?;
                before.elapsed()
            }
            _ => take_over(&place)?,
        };
        session.progress.advance();
        Ok(nanos(took))
    };
    (0..rounds).map(one).collect()
}

/// Serves there from this process.
fn take_over(place: &Place) -> Result<Duration, Trouble> {
    let url = place.url()?;
    let failed = |error: Error| Trouble::from(Failure::of(&url, &error));
    let before = Instant::now();
    let bound = transport::bind(&url, &ServerOptions::default()).map_err(failed)?;
    let server = Server::new(bound.endpoint, Handler::Calculator).map_err(failed)?;
    server.start().map_err(failed)?;
    let client = place.connect(PATIENCE)?;
    let took = before.elapsed();
    ask(&client, 1)?;
    drop(client);
    server.stop().map_err(failed)?;
    Ok(took)
}
