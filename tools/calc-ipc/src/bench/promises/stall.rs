//! When a server drops peers that begin a message and do not go on, or do not read.

use super::super::report::Transport;
use super::super::session::Session;
use super::super::trouble::Trouble;
use super::death::nanos;
use super::place::Place;
use crate::cli::ContestantSettings;
use crate::exit::Failure;
use calc_ipc::transport::Address;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{self, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_millis(100);
/// The same for who drips, and has to be let do so on a busy machine, too: who does not for so long has stopped.
const LIMIT_OF_DRIPS: Duration = Duration::from_secs(1);
/// What a message may take longer for each MiB of it that is begun.
const FOR_A_MIB: Duration = Duration::from_secs(1);
/// Between two bytes of who drips.
const DRIP: Duration = Duration::from_millis(20);
/// The length of what drips: it is not whole before anybody's patience ends.
const LONG: u32 = 60_000;
/// A request of the calculator's.
const FRAME: &[u8] = b"\x09\0\0\0ADD 10 20";

/// What a peer does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Misdeed {
    /// It sends two bytes of a message.
    Half,
    /// It sends a byte now and then.
    Drip,
    /// It asks and never reads.
    Deaf,
}

impl Misdeed {
    /// The server's stall timeout.
    fn stall_timeout(self) -> Duration {
        match self {
            Self::Half | Self::Deaf => LIMIT,
            Self::Drip => LIMIT_OF_DRIPS,
        }
    }

    /// When a peer is to be dropped.
    fn limit(self) -> Duration {
        match self {
            Self::Half | Self::Deaf => self.stall_timeout(),
            Self::Drip => self.stall_timeout() + FOR_A_MIB,
        }
    }
}

/// A connection that is written to without waiting.
struct Peer {
    stream: Stream,
    /// When it began.
    since: Instant,
    /// When something of it was taken last.
    moved: Instant,
    /// The longest that nothing was.
    rested: Duration,
    /// Bytes of the message sent so far.
    sent: usize,
}

enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// How long after the stall timeout each of `count` peers was dropped, in nanoseconds.
pub(super) fn dropped(
    session: &mut Session,
    transport: Transport,
    misdeed: Misdeed,
    count: u32,
) -> Result<Vec<f64>, Trouble> {
    let settings = ContestantSettings {
        stall: misdeed.stall_timeout(),
        ..ContestantSettings::default()
    };
    let place = Place::new(session, transport, settings);
    let _server = place.serve(session)?;
    let failed = |error| Trouble::from(Failure::io("a peer", &error));
    let mut peers = Vec::new();
    for _ in 0..count {
        peers.push(Peer::begin(&place.url()?, misdeed).map_err(failed)?);
    }
    let deadline = Instant::now() + misdeed.limit() + Duration::from_secs(60);
    let mut times = Vec::new();
    while !peers.is_empty() {
        if Instant::now() > deadline {
            return Err(Trouble::Broken(format!(
                "{} peers were never dropped",
                peers.len()
            )));
        }
        session.interrupt.pause(Duration::ZERO)?;
        // Level-triggered: whoever was not looked at in time is seen by the next look.
        for index in gone(&peers, DRIP / 20).map_err(failed)?.into_iter().rev() {
            let peer = peers.swap_remove(index);
            if peer.was_kept_from_it(misdeed) {
                peers.push(Peer::begin(&place.url()?, misdeed).map_err(failed)?);
                continue;
            }
            times.push(peer.dropped(misdeed)?);
            session.progress.advance();
        }
        for peer in &mut peers {
            match misdeed {
                Misdeed::Half => {}
                Misdeed::Drip => peer.drip(),
                Misdeed::Deaf => peer.fill(),
            }
        }
    }
    Ok(times)
}

/// Which of them were dropped, after waiting for the first one this long.
fn gone(peers: &[Peer], time: Duration) -> io::Result<Vec<usize>> {
    // That the other side has closed, and not that there is something to read (poll(2)).
    let closed = PollFlags::from_bits_retain(nix::libc::POLLRDHUP);
    let watched = |peer| PollFd::new(Peer::fd(peer), closed);
    let mut fds: Vec<_> = peers.iter().map(watched).collect();
    let timeout = PollTimeout::try_from(time).unwrap_or(PollTimeout::ZERO);
    poll(&mut fds, timeout)?;
    let is_gone = |fd: &PollFd<'_>| fd.any().unwrap_or(true);
    let indices = fds.iter().enumerate().filter(|(_, fd)| is_gone(fd));
    Ok(indices.map(|(index, _)| index).collect())
}

impl Peer {
    fn begin(url: &Address, misdeed: Misdeed) -> io::Result<Self> {
        let stream = match url {
            Address::Unix(path) => Stream::Unix(UnixStream::connect(path)?),
            Address::Tcp { host, port } => Stream::Tcp(TcpStream::connect((host.as_str(), *port))?),
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        match &stream {
            Stream::Unix(stream) => stream.set_nonblocking(true)?,
            Stream::Tcp(stream) => stream.set_nonblocking(true)?,
        }
        let mut peer = Self {
            stream,
            since: Instant::now(),
            moved: Instant::now(),
            rested: Duration::ZERO,
            sent: 0,
        };
        match misdeed {
            Misdeed::Half => peer.write(FRAME.get(..2).unwrap_or_default())?,
            Misdeed::Drip => peer.write(&LONG.to_le_bytes())?,
            Misdeed::Deaf => peer.fill(),
        }
        Ok(peer)
    }

    /// Whether the machine, which had other things to do, did not let it drip in time, so that it counts for nothing.
    fn was_kept_from_it(&self, misdeed: Misdeed) -> bool {
        let rested = self.rested.max(self.moved.elapsed());
        misdeed == Misdeed::Drip && rested >= misdeed.stall_timeout() / 2
    }

    /// How many nanoseconds late it was dropped just now.
    fn dropped(&self, misdeed: Misdeed) -> Result<f64, Trouble> {
        let limit = misdeed.limit();
        if self.since.elapsed() < limit {
            let what = format!(
                "a peer was dropped {:?} after it began",
                self.since.elapsed()
            );
            return Err(Trouble::Broken(what));
        }
        // The kernel takes a little more after the server has read from it last, so that this is the latest that it was.
        let since = match misdeed {
            Misdeed::Half | Misdeed::Drip => self.since,
            Misdeed::Deaf => self.moved,
        };
        Ok(nanos(since.elapsed().saturating_sub(limit)))
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match &self.stream {
            Stream::Unix(stream) => stream.as_fd(),
            Stream::Tcp(stream) => stream.as_fd(),
        }
    }

    /// Sends what the kernel takes of it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let count = match &mut self.stream {
            Stream::Unix(stream) => stream.write(bytes)?,
            Stream::Tcp(stream) => stream.write(bytes)?,
        };
        self.sent += count;
        self.rested = self.rested.max(self.moved.elapsed());
        self.moved = Instant::now();
        Ok(())
    }

    /// Asks until the kernel takes no more: the server reads no more, since nobody reads its answers.
    fn fill(&mut self) {
        let requests = FRAME.repeat(1000);
        let rest = |sent: usize| requests.get(sent % FRAME.len()..).unwrap_or_default();
        while self.write(rest(self.sent)).is_ok() {}
    }

    /// Sends the next byte when its time has come.
    fn drip(&mut self) {
        let due = DRIP * u32::try_from(self.sent - LONG.to_le_bytes().len()).unwrap_or(u32::MAX);
        if self.since.elapsed() > due {
            // It may have been dropped a moment ago, which the next look sees.
            let _ = self.write(b"x");
        }
    }
}
