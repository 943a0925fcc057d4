//! How often servers and clients wake up that nobody wants anything from, and what memory they keep.

use super::super::program::Program;
use super::super::report::Transport;
use super::super::session::Session;
use super::super::stats::float;
use super::super::trouble::Trouble;
use super::super::wake_ups;
use super::place::{PATIENCE, Pair, Place};
use super::slow_server;
use crate::cli::ContestantSettings;
use calc_ipc::transport::Address;
use nix::unistd::Pid;
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Until all have gone to sleep after a call.
const SETTLE: Duration = Duration::from_millis(200);
/// How long the idle are watched.
const WATCH: Duration = Duration::from_secs(1);
/// A length that a peer announces.
const LENGTH: u32 = 16 << 20;

/// How often the threads of a server with a client woke up, in each of `rounds` seconds. It is one that has
/// as many threads as there can be: four that serve, and the one that looks after them.
pub(super) fn wakes(
    session: &mut Session,
    transports: &[Transport],
    rounds: u32,
) -> Result<Vec<(Transport, Vec<f64>)>, Trouble> {
    let open = |session: &mut Session, &transport: &Transport| {
        let place = Place::new(session, transport, slow_server(4));
        let pair = place.open(session, PATIENCE)?;
        Ok::<_, Trouble>((place, pair, Vec::new()))
    };
    let mut all = Vec::new();
    for transport in transports {
        all.push(open(session, transport)?);
    }
    session.interrupt.pause(SETTLE)?;
    let count = |pair: &Pair| {
        let gone = || Trouble::Broken("an idle server has ended".to_owned());
        wake_ups::of(pair.process).ok_or_else(gone)
    };
    for _ in 0..rounds {
        let before = all.iter().map(|(_, pair, _)| count(pair));
        let before = before.collect::<Result<Vec<_>, _>>()?;
        session.interrupt.pause(WATCH)?;
        for ((_, pair, found), before) in all.iter_mut().zip(before) {
            found.push(f64::from(count(pair)?.saturating_sub(before)));
            session.progress.advance();
        }
    }
    let found = all.into_iter();
    Ok(found
        .map(|(place, _, found)| (place.transport(), found))
        .collect())
}

/// By how many bytes the memory of a server has grown after each 100 clients that came, asked and went.
pub(super) fn kept_of_clients(
    session: &mut Session,
    transport: Transport,
    rounds: u32,
) -> Result<Vec<f64>, Trouble> {
    let place = Place::new(session, transport, ContestantSettings::default());
    let server = place.serve(session)?;
    let come_and_go = || (0..100).try_for_each(|_| place.connect(PATIENCE).map(drop));
    growth(session, &server, rounds, come_and_go)
}

/// By how many bytes the memory of a server has grown for each of 100 peers that announced a message of 16 MiB and sent two bytes of it.
pub(super) fn given_for_a_length(
    session: &mut Session,
    transport: Transport,
    rounds: u32,
) -> Result<Vec<f64>, Trouble> {
    let settings = ContestantSettings {
        echo: Some(LENGTH),
        ..ContestantSettings::default()
    };
    let place = Place::new(session, transport, settings);
    let server = place.serve(session)?;
    let url = place.url()?;
    let mut peers = Vec::new();
    let announce = || {
        for _ in 0..100 {
            peers.push(announced(&url).map_err(|error| Trouble::Broken(error.to_string()))?);
        }
        Ok(())
    };
    let grown = growth(session, &server, rounds, announce)?;
    Ok(grown.into_iter().map(|bytes| bytes / 100.0).collect())
}

/// A connection that is kept open.
fn announced(url: &Address) -> std::io::Result<Box<dyn Write>> {
    let mut stream: Box<dyn Write> = match url {
        Address::Unix(path) => Box::new(UnixStream::connect(path)?),
        Address::Tcp { host, port } => Box::new(TcpStream::connect((host.as_str(), *port))?),
        _ => return Err(std::io::ErrorKind::Unsupported.into()),
    };
    stream.write_all(&LENGTH.to_le_bytes())?;
    stream.write_all(b"xx")?;
    Ok(stream)
}

/// By how many bytes the server has grown by what is done, after doing it once.
fn growth(
    session: &Session,
    server: &Program,
    rounds: u32,
    mut act: impl FnMut() -> Result<(), Trouble>,
) -> Result<Vec<f64>, Trouble> {
    let mut settled = || {
        act()?;
        // The server has seen it all by then, and sleeps.
        session.interrupt.pause(SETTLE / 4)?;
        let gone = || Trouble::Broken("the server has ended".to_owned());
        resident(server.pid()).ok_or_else(gone)
    };
    let mut before = settled()?;
    let mut grown = Vec::new();
    for _ in 0..rounds {
        let after = settled()?;
        grown.push(float(after.saturating_sub(before)));
        before = after;
        session.progress.advance();
    }
    Ok(grown)
}

/// Bytes of memory that a process has, files aside.
fn resident(process: Pid) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let kibibytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    };
    Some((kibibytes("RssAnon:")? + kibibytes("RssShmem:")?) * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_used_is_counted() {
        let before = resident(Pid::this()).unwrap();
        let used = vec![1_u8; 64 << 20];
        let after = resident(Pid::this()).unwrap();
        assert!(
            after > before + (32 << 20),
            "{before} {after} {}",
            used.len()
        );
    }
}
