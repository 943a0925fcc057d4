//! How long it takes a server to stop that owes answers to very many.

use super::super::descriptors::allow_descriptors;
use super::super::report::Transport;
use super::super::session::Session;
use super::super::trouble::Trouble;
use super::place::{PATIENCE, Place};
use super::stop::stop;
use crate::cli::{Answering, ContestantManner, ContestantSettings};
use crate::exit::Failure;
use calc_ipc::service::Client;
use calc_ipc::transport::Address;
use std::io::{self, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Requests whose answers are to come later, each of a client of its own.
pub(super) const OUT: u32 = 10_000;
/// What a process has open besides.
const MORE: u64 = 200;
/// A message of one byte.
const REQUEST: &[u8] = b"\x01\0\0\0x";

/// How long `stop` took, in nanoseconds.
pub(super) fn stop_takes(
    session: &mut Session,
    transport: Transport,
    rounds: u32,
) -> Result<Vec<f64>, Trouble> {
    allow_descriptors(u64::from(OUT) + MORE)?;
    let settings = ContestantSettings {
        echo: Some(16),
        max_clients: Some(OUT + 1),
        manner: ContestantManner {
            answering: Answering::Never,
            ..ContestantManner::default()
        },
        ..ContestantSettings::default()
    };
    let place = Place::new(session, transport, settings);
    let failed = |error| Trouble::from(Failure::io("a peer", &error));
    let one = |_| {
        let mut server = place.serve(session)?;
        let client = place.reach(PATIENCE)?;
        let url = place.url()?;
        let peers: io::Result<Vec<_>> = (0..OUT).map(|_| asking(&url)).collect();
        let _peers = peers.map_err(failed)?;
        await_all(session, &client)?;
        let took = stop(session, &mut server);
        session.progress.advance();
        took
    };
    (0..rounds).map(one).collect()
}

/// A connection on which a request was sent.
fn asking(url: &Address) -> io::Result<Box<dyn Write>> {
    let mut stream: Box<dyn Write> = match url {
        Address::Unix(path) => Box::new(UnixStream::connect(path)?),
        Address::Tcp { host, port } => Box::new(TcpStream::connect((host.as_str(), *port))?),
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    stream.write_all(REQUEST)?;
    Ok(stream)
}

/// Waits until the server owes all of them an answer. An empty message is answered with how many it owes.
fn await_all(session: &Session, client: &Client) -> Result<(), Trouble> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        let mut owed = [0; 4];
        let asked = client.call_bytes(&[], &mut owed);
        asked.map_err(|error| Trouble::Broken(format!("a call failed: {error}")))?;
        if u32::from_le_bytes(owed) >= OUT {
            return Ok(());
        }
        session.interrupt.pause(Duration::from_millis(1))?;
    }
    Err(Trouble::Broken(format!(
        "{OUT} requests never came to the handler"
    )))
}
