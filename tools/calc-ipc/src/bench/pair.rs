//! A contestant that is running: its server and its client.

use super::processors::{self, Seats};
use super::program::{Process, Program, freeze, pid};
use super::session::Session;
use super::spec::Spec;
use super::trouble::Trouble;
#[cfg(unix)]
use crate::cli::Passing;
use std::time::Duration;

/// The kernel books the time of a thread that runs when it next looks at it, which is when the thread goes to sleep at
/// the latest. A server does so once it has looked for work in vain.
const SETTLE: Duration = Duration::from_millis(1);

/// Both sides. The client is dropped first, and so ends first.
pub(super) struct Pair {
    client: Program,
    /// Kept so that it lives as long.
    _server: Option<Program>,
    /// `None`: who serves is not known.
    server_process: Option<Process>,
    /// Between turns its server has to be stopped, since it never sleeps.
    is_restless: bool,
}

/// The processor time of both sides, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    pub(super) client: u64,
    pub(super) server: u64,
}

/// What is asked of a contestant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) size: u32,
    pub(super) clients: u32,
}

/// Frames, and the time from one to the next.
#[cfg(unix)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Frames {
    pub(super) size: u32,
    pub(super) period: Duration,
}

impl Pair {
    pub(super) fn start(
        session: &mut Session,
        spec: &Spec,
        seats: &Seats,
        job: Job,
    ) -> Result<Self, Trouble> {
        let address = session.address();
        let start = |command, side: &str, cpus: &[usize]| {
            let title = format!("{}, {side}", spec.title());
            let log = address.with_extension(side);
            processors::starting_on(cpus, || Program::start(command, title, log))
        };
        let mut server = None;
        if spec.has_server() {
            let command = spec.server(&address, job.size)?;
            let mut program = start(command, "server", &seats.server)?;
            expect_ready(&program.read_line(&session.interrupt)?)?;
            server = Some(program);
        }
        let command = spec.client(&address, job.size, job.clients)?;
        let mut client = start(command, "client", &seats.client)?;
        let own_child = expect_ready(&client.read_line(&session.interrupt)?)?;
        // What another program says that it started is believed, but it is neither everybody (0) nor init.
        let own_child = (own_child > 1).then(|| pid(own_child));
        let server_process = own_child.or(server.as_ref().map(Program::pid));
        processors::move_to(client.pid(), &seats.client);
        if let Some(process) = server_process {
            processors::move_to(process, &seats.server);
        }
        let pair = Self {
            client,
            _server: server,
            server_process,
            is_restless: spec.is_restless(),
        };
        pair.rest(true);
        Ok(pair)
    }

    /// The processes of client and server.
    #[cfg(unix)]
    pub(super) fn processes(&self) -> [Option<Process>; 2] {
        [Some(self.client.pid()), self.server_process]
    }

    /// Round trips of `batch` requests each, and how many nanoseconds each took.
    pub(super) fn calls(
        &mut self,
        session: &Session,
        count: u32,
        size: u32,
        batch: u32,
    ) -> Result<(Vec<u32>, Used), Trouble> {
        let order = format!("calls {count} {size} {batch}");
        self.timed(session, &order, count, Duration::ZERO)
    }

    /// Frames at a steady pace, and how many nanoseconds each took until the server had read it.
    #[cfg(unix)]
    pub(super) fn frames(
        &mut self,
        session: &Session,
        frames: &Frames,
        passing: Passing,
        count: u32,
    ) -> Result<(Vec<u32>, Used), Trouble> {
        let Frames { size, period } = frames;
        let order = format!("{} {count} {size} {}", passing.frames(), period.as_micros());
        self.timed(session, &order, count, *period * count)
    }

    /// What gives so many times, and takes so long.
    fn timed(
        &mut self,
        session: &Session,
        order: &str,
        count: u32,
        time: Duration,
    ) -> Result<(Vec<u32>, Used), Trouble> {
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(0) * size_of::<u32>()];
        let used = self.turn(session, order, &mut bytes, time)?;
        let (times, _) = bytes.as_chunks();
        let times = times.iter().map(|&time| u32::from_ne_bytes(time));
        Ok((times.collect(), used))
    }

    /// How many requests are answered in this time.
    pub(super) fn during(
        &mut self,
        session: &Session,
        time: Duration,
        size: u32,
    ) -> Result<(u64, Used), Trouble> {
        let mut bytes = [0; size_of::<u64>()];
        let order = format!("during {} {size}", time.as_millis());
        let used = self.turn(session, &order, &mut bytes, time)?;
        Ok((u64::from_ne_bytes(bytes), used))
    }

    fn turn(
        &mut self,
        session: &Session,
        order: &str,
        answer: &mut [u8],
        time: Duration,
    ) -> Result<Used, Trouble> {
        let before = self.used();
        self.rest(false);
        self.client.tell(order)?;
        self.client.read(&session.interrupt, answer, time)?;
        self.rest(true);
        session.interrupt.pause(SETTLE)?;
        let after = self.used();
        Ok(Used {
            client: after.client.saturating_sub(before.client),
            server: after.server.saturating_sub(before.server),
        })
    }

    fn used(&self) -> Used {
        Used {
            client: processors::time_used(self.client.pid()),
            server: self.server_process.map_or(0, processors::time_used),
        }
    }

    fn rest(&self, is_resting: bool) {
        if let Some(process) = self.server_process.filter(|_| self.is_restless) {
            freeze(process, is_resting);
        }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // So that it sees the end of its input.
        self.rest(false);
    }
}

/// The number in `ready` or `ready PID`.
pub(super) fn expect_ready(line: &str) -> Result<u32, Trouble> {
    let rest = line.strip_prefix("ready").map(str::trim);
    let number = rest.and_then(|rest| match rest {
        "" => Some(0),
        number => number.parse().ok(),
    });
    number.ok_or_else(|| Trouble::Broken(format!("'{line}' instead of 'ready'")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_a_word_and_perhaps_a_number() {
        for (line, number) in [
            ("ready", Some(0)),
            ("ready 0", Some(0)),
            ("ready 4711", Some(4711)),
            ("read", None),
            ("ready x", None),
            ("", None),
        ] {
            assert_eq!(expect_ready(line).ok(), number, "{line}");
        }
    }
}
