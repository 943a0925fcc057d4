//! Who can be measured, and how it is started.

use super::report::{Contestant, Family, Transport, Waiting};
use crate::cli::{ContestantManner, ContestantSettings, Passing};
use crate::contestant::Name;
use crate::exit::Failure;
use calc_ipc::transport::ClientOptions;
use clap::ValueEnum;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A contestant, and the program that it is.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) contestant: Contestant,
    program: Program,
}

#[derive(Clone, Debug)]
enum Program {
    /// A hidden command of this program.
    Own {
        name: Name,
        spin: Duration,
        manner: ContestantManner,
        setup: Setup,
    },
    Other {
        path: PathBuf,
        #[cfg_attr(windows, allow(dead_code, reason = "frames are measured on Linux"))]
        frames: Vec<Passing>,
    },
}

/// What both sides of one of this program's are told beyond that.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Setup {
    /// Raw: it formats, parses and calculates.
    pub(super) calculate: bool,
    /// Ours: the longest message.
    pub(super) max_message: Option<u32>,
    /// So many clients are connected at least, of which the first asks unless all are told to.
    pub(super) connected: u32,
}

impl Program {
    /// This one, in the usual manner.
    fn own(name: Name, spin: Duration) -> Self {
        Self::Own {
            name,
            spin,
            manner: ContestantManner::default(),
            setup: Setup::default(),
        }
    }
}

/// How long the library looks for work before it sleeps, unless told otherwise.
fn default_spin() -> Duration {
    ClientOptions::default().spin
}

/// This library.
pub(super) fn ours(transport: Transport, waiting: Waiting) -> Spec {
    let name = match transport {
        Transport::Shm => Name::Shm,
        Transport::Pipe => Name::Pipe,
        Transport::Fifo => Name::Fifo,
        Transport::Unix => Name::Unix,
        Transport::Seqpacket => Name::Seqpacket,
        Transport::Tcp => Name::Tcp,
        Transport::Npipe => Name::Npipe,
    };
    let title = format!("calc_ipc {}", text(transport));
    let spin = match waiting {
        Waiting::Blocking => Duration::ZERO,
        _ => default_spin(),
    };
    Spec::own(
        title,
        Family::CalcIpc,
        transport,
        waiting,
        Program::own(name, spin),
    )
}

/// What the two sides of bare shared memory sleep on.
const SLEEPING: &str = if cfg!(windows) {
    "raw event"
} else {
    "raw futex"
};

/// Whether the bare primitive may look for work without sleeping, at less than the price of a call that sleeps. Nothing of Windows may but memory.
pub(super) fn may_poll(transport: Transport) -> bool {
    cfg!(unix) || transport == Transport::Shm
}

/// The bare primitive, as it is fastest where both sides have a processor.
pub(super) fn awake(transport: Transport) -> Spec {
    raw(transport, !may_poll(transport))
}

/// The bare primitive. Shared memory is polled without end: there is nothing in it to sleep on cheaply.
pub(super) fn raw(transport: Transport, is_blocking: bool) -> Spec {
    let (name, title, polling) = match transport {
        Transport::Shm if is_blocking => (Name::RawFutex, SLEEPING, Waiting::Spinning),
        Transport::Shm => (Name::RawSpin, "raw cache line", Waiting::Spinning),
        Transport::Pipe => (Name::RawPipe, "raw pipe", Waiting::Polling),
        Transport::Fifo => (Name::RawFifo, "raw fifo", Waiting::Polling),
        Transport::Unix => (Name::RawUnix, "raw unix", Waiting::Polling),
        Transport::Seqpacket => (Name::RawSeqpacket, "raw seqpacket", Waiting::Polling),
        Transport::Tcp => (Name::RawTcp, "raw tcp", Waiting::Polling),
        Transport::Npipe => (Name::RawNpipe, "raw npipe", Waiting::Polling),
    };
    let (waiting, spin) = match is_blocking {
        true => (Waiting::Blocking, Duration::ZERO),
        false => (polling, default_spin()),
    };
    Spec::own(
        title.to_owned(),
        Family::Raw,
        transport,
        waiting,
        Program::own(name, spin),
    )
}

/// A bare Unix socket whose server is one thread that waits in epoll_wait(2).
#[cfg(unix)]
pub(super) fn raw_epoll() -> Spec {
    Spec::own(
        "raw epoll".to_owned(),
        Family::Raw,
        Transport::Unix,
        Waiting::Blocking,
        Program::own(Name::RawEpoll, Duration::ZERO),
    )
}

/// A program that speaks as our own contestants do, whose frames go these ways, if it has any.
pub(super) fn other(path: PathBuf, contestant: Contestant, frames: Vec<Passing>) -> Spec {
    Spec {
        contestant,
        program: Program::Other { path, frames },
    }
}

/// A transport's name.
pub(super) fn text(transport: Transport) -> String {
    let value = transport.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

impl Spec {
    fn own(
        name: String,
        family: Family,
        transport: Transport,
        waiting: Waiting,
        program: Program,
    ) -> Self {
        Self {
            contestant: Contestant {
                name,
                family,
                transport,
                waiting,
            },
            program,
        }
    }

    /// The same one of ours, which does it in this manner, and is called so.
    #[cfg(unix)]
    pub(super) fn in_manner(mut self, how: &str, manner: ContestantManner) -> Self {
        self.contestant.name = format!("{}, {how}", self.contestant.name);
        self.with_manner(manner)
    }

    /// The same one of ours, which does it in this manner.
    #[cfg(unix)]
    pub(super) fn with_manner(mut self, manner: ContestantManner) -> Self {
        if let Program::Own { manner: usual, .. } = &mut self.program {
            *usual = manner;
        }
        self
    }

    /// The same one of this program's, set up so, and called so.
    #[cfg(unix)]
    pub(super) fn set_up(mut self, how: &str, wanted: Setup) -> Self {
        self.contestant.name = format!("{}, {how}", self.contestant.name);
        if let Program::Own { setup, .. } = &mut self.program {
            *setup = wanted;
        }
        self
    }

    /// How its frames go, as far as it has any.
    #[cfg(unix)]
    pub(super) fn frames(&self) -> &[Passing] {
        match &self.program {
            Program::Own { manner, .. } => std::slice::from_ref(&manner.passing),
            Program::Other { frames, .. } => frames,
        }
    }

    /// The same other program, whose frames go this way, and which is called so.
    #[cfg(unix)]
    pub(super) fn with_frames(mut self, how: &str, passing: Passing) -> Self {
        self.contestant.name = format!("{}, {how}", self.contestant.name);
        if let Program::Other { frames, .. } = &mut self.program {
            *frames = vec![passing];
        }
        self
    }

    /// For messages: who, and how it waits.
    pub(super) fn title(&self) -> String {
        format!(
            "{}, {}",
            self.contestant.name,
            waiting_text(self.contestant.waiting)
        )
    }

    /// Whether it has a server that is started on its own; the client of an anonymous pipe starts it itself.
    pub(super) fn has_server(&self) -> bool {
        self.contestant.transport != Transport::Pipe
    }

    /// Whether its server lets in whoever comes; a bare FIFO has the two ends that it began with.
    #[cfg(unix)]
    pub(super) fn has_doors(&self) -> bool {
        let is_raw = self.contestant.family == Family::Raw;
        self.has_server() && !(is_raw && self.contestant.transport == Transport::Fifo)
    }

    /// Whether it uses a processor while nobody asks it anything.
    pub(super) fn is_restless(&self) -> bool {
        self.contestant.waiting == Waiting::Spinning
    }

    /// What this program calls it; `None`: it is another program.
    #[cfg(unix)]
    pub(super) fn own_name(&self) -> Option<Name> {
        match self.program {
            Program::Own { name, .. } => Some(name),
            Program::Other { .. } => None,
        }
    }

    /// The command for its server.
    pub(super) fn server(&self, address: &Path, size: u32) -> Result<Command, Failure> {
        self.command("server", address, 1, echoing(size))
    }

    /// The command for its clients.
    pub(super) fn client(
        &self,
        address: &Path,
        size: u32,
        clients: u32,
    ) -> Result<Command, Failure> {
        let connected = match &self.program {
            Program::Own { setup, .. } => setup.connected,
            Program::Other { .. } => 0,
        };
        self.command("client", address, clients.max(connected), echoing(size))
    }

    /// The command for one side, set up like this but for how it waits and its manner. Other libraries' programs know of no settings.
    pub(super) fn command(
        &self,
        role: &str,
        address: &Path,
        clients: u32,
        settings: ContestantSettings,
    ) -> Result<Command, Failure> {
        let mut command = match &self.program {
            Program::Own {
                name,
                spin,
                manner,
                setup,
            } => {
                let own = std::env::current_exe();
                let own = own.map_err(|error| Failure::io("find this program", &error))?;
                let settings = ContestantSettings {
                    spin: *spin,
                    manner: *manner,
                    calculate: settings.calculate || setup.calculate,
                    max_message: setup.max_message,
                    max_clients: settings
                        .max_clients
                        .or((setup.connected > 0).then_some(setup.connected)),
                    ..settings
                };
                let mut command = Command::new(own);
                command
                    .args(["contestant", &name.text()])
                    .args(settings.arguments());
                command
            }
            Program::Other { path, .. } => Command::new(path),
        };
        command.arg(role).arg(address);
        if clients > 1 {
            command.arg(clients.to_string());
        }
        Ok(command)
    }

    /// Which of these are its raw limits, of which the fastest counts: the same transport, and for whoever sleeps at
    /// once, the same way to wait.
    pub(super) fn raw_among(&self, specs: &[Self]) -> Vec<usize> {
        let is_limit = |spec: &Self| {
            self.contestant.family != Family::Raw
                && spec.contestant.family == Family::Raw
                && spec.contestant.transport == self.contestant.transport
                && (self.contestant.waiting != Waiting::Blocking
                    || spec.contestant.waiting == Waiting::Blocking)
        };
        let all = specs.iter().enumerate();
        all.filter(|(_, spec)| is_limit(spec))
            .map(|(index, _)| index)
            .collect()
    }
}

/// Settings of a conversation of bodies of this size; 0: the calculator's.
fn echoing(size: u32) -> ContestantSettings {
    ContestantSettings {
        echo: (size > 0).then_some(size),
        ..ContestantSettings::default()
    }
}

pub(super) fn waiting_text(waiting: Waiting) -> &'static str {
    match waiting {
        Waiting::Blocking => "blocking",
        Waiting::Adaptive => "default",
        Waiting::Polling => "polling",
        Waiting::Spinning => "spinning",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_compared_with_what_waits_alike() {
        let specs = [
            raw(Transport::Unix, true),
            raw(Transport::Unix, false),
            raw(Transport::Shm, true),
            raw(Transport::Shm, false),
        ];
        for (transport, waiting, expected) in [
            (Transport::Unix, Waiting::Blocking, vec![0]),
            (Transport::Unix, Waiting::Adaptive, vec![0, 1]),
            (Transport::Shm, Waiting::Blocking, vec![2]),
            (Transport::Shm, Waiting::Adaptive, vec![2, 3]),
            (Transport::Tcp, Waiting::Adaptive, vec![]),
        ] {
            assert_eq!(ours(transport, waiting).raw_among(&specs), expected);
        }
        assert!(specs[0].raw_among(&specs).is_empty());
    }
}
