//! One run: a server and a client in processes of their own, a fault in one of them, and what came of it.

use crate::actor::{self, Voice, word};
use crate::injector::{Injector, Plan};
use crate::support::{Address, Process};
use crate::sys::{self, NO_LISTENER, SharedBoard};
use crate::transport::{Side, Transport};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What came of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What must not be. Empty is right.
    pub wrongs: Vec<String>,
    /// The library's failures.
    pub errors: Vec<String>,
    /// How often each call was made inside the library on the side of the fault.
    pub counts: BTreeMap<&'static str, u32>,
    /// The fault was reached.
    pub has_injected: bool,
}

/// How long a run may take: some deadlines after each other. Then it hangs.
const WATCHDOG: Duration = Duration::from_secs(120);

type Role = fn(&Transport, &Address, &Voice<'_>);

/// One of the processes, as the supervisor sees it.
struct Actor<'a> {
    name: &'static str,
    process: Option<Process>,
    control: UnixStream,
    board: SharedBoard,
    output: File,
    injector: Option<Injector<'a>>,
    /// What it said and no line ended yet.
    heard: Vec<u8>,
    has_ended: bool,
}

impl<'a> Actor<'a> {
    fn fork(
        name: &'static str,
        role: Role,
        transport: &Transport,
        address: &Address,
        asks: bool,
    ) -> Self {
        let (control, theirs) = UnixStream::pair().unwrap();
        let board = SharedBoard::new();
        let output = File::from(memfd_create(c"output", MFdFlags::empty()).unwrap());
        let process = Process::fork(|| {
            sys::keep_only(theirs.as_raw_fd(), &output);
            if asks {
                let numbers = crate::calls::numbers();
                let listener = sys::ask_about(&numbers);
                board.listener.store(listener, Ordering::SeqCst);
            }
            role(transport, address, &Voice::new(theirs, &board));
        });
        Self {
            name,
            process: Some(process),
            control,
            board,
            output,
            injector: None,
            heard: Vec::new(),
            has_ended: false,
        }
    }

    /// The same, with its system calls looked at from here.
    fn fork_asking(
        name: &'static str,
        role: Role,
        transport: &Transport,
        address: &Address,
        side: Side,
        plans: &'a [Plan],
    ) -> Self {
        let mut actor = Self::fork(name, role, transport, address, true);
        let process = actor.process.as_ref().unwrap().number();
        let patience = Instant::now() + WATCHDOG;
        while actor.board.listener.load(Ordering::SeqCst) == NO_LISTENER {
            assert!(Instant::now() < patience, "{name} has no filter");
            std::thread::yield_now();
        }
        let listener = actor.board.listener.load(Ordering::SeqCst);
        let listener = sys::copy_of(process, listener).unwrap();
        let injector = Injector::new(listener, process, transport.whose(side), plans);
        actor.injector = Some(injector);
        actor
    }

    /// Takes what it said; whole lines are given to `take`.
    fn listen(&mut self, mut take: impl FnMut(&str, &str)) {
        let mut bytes = [0; 4096];
        match self.control.read(&mut bytes) {
            Ok(0) | Err(_) => self.has_ended = true,
            Ok(count) => self.heard.extend(&bytes[..count]),
        }
        while let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.heard.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let (word, more) = line
                .trim_end()
                .split_once(' ')
                .unwrap_or((line.trim_end(), ""));
            take(word, more);
        }
    }

    /// What each of its threads does, for one that hangs.
    fn whereabouts(&self) -> String {
        let process = self.process.as_ref().map_or(0, Process::number);
        let threads = std::fs::read_dir(format!("/proc/{process}/task"));
        let calls: Vec<_> = threads
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|thread| std::fs::read_to_string(thread.path().join("syscall")).ok())
            .map(|text| text.split(' ').next().unwrap_or_default().to_owned())
            .collect();
        format!(
            "the {} hangs, its threads in system calls {calls:?}",
            self.name
        )
    }

    /// Reaps it, and gives what it printed.
    fn bury(&mut self) -> Vec<String> {
        let mut wrongs = Vec::new();
        if let Some(process) = self.process.take()
            && !process.succeeded()
        {
            wrongs.push(format!("the {} crashed", self.name));
        }
        let mut printed = String::new();
        self.output.rewind().unwrap();
        self.output.read_to_string(&mut printed).unwrap();
        if !printed.is_empty() {
            wrongs.push(format!("the {} printed: {printed}", self.name));
        }
        wrongs
    }
}

/// Where a run stands.
struct Stage<'a> {
    transport: &'a Transport,
    address: &'a Address,
    side: Side,
    plans: &'a [Plan],
    outcome: Outcome,
    /// Why a new client did not get its answer.
    unrecovered: Option<String>,
    actors: Vec<Actor<'a>>,
}

/// Lets both sides do their part while the system calls of one side fail as planned.
pub fn run(transport: &Transport, side: Side, plans: &[Plan]) -> Outcome {
    let address = Address::new();
    let mut stage = Stage {
        transport,
        address: &address,
        side,
        plans,
        outcome: Outcome::default(),
        unrecovered: None,
        actors: Vec::new(),
    };
    stage.play();
    stage.close();
    stage.check_address();
    stage.outcome
}

/// Who cannot lock a name, or look at it, must not remove it: the next server takes it over.
const KEEPS_NAMES: [&str; 4] = ["unlink", "fstat", "flock", "fchmod"];

const SERVER: &str = "server";
const CLIENT: &str = "client";

impl<'a> Stage<'a> {
    fn enter(&mut self, name: &'static str, role: Role, is_faulty: bool) {
        let (transport, address) = (self.transport, self.address);
        let actor = if is_faulty {
            Actor::fork_asking(name, role, transport, address, self.side, self.plans)
        } else {
            Actor::fork(name, role, transport, address, false)
        };
        self.actors.push(actor);
    }

    fn play(&mut self) {
        if self.transport.has_server() {
            self.enter(SERVER, actor::serve, self.side == Side::Server);
        } else {
            self.enter(CLIENT, actor::call, true);
        }
        self.attend();
    }

    /// Answers system calls and hears the actors until all have ended.
    fn attend(&mut self) {
        let end = Instant::now() + WATCHDOG;
        while self.actors.iter().any(|actor| !actor.has_ended) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let stuck = self.actors.iter().filter(|actor| !actor.has_ended);
                let stuck = stuck.map(Actor::whereabouts);
                self.outcome.wrongs.extend(stuck);
                return;
            }
            self.attend_once(left);
        }
    }

    fn attend_once(&mut self, left: Duration) {
        let mut fds = Vec::new();
        for actor in self.actors.iter().filter(|actor| !actor.has_ended) {
            fds.push(PollFd::new(actor.control.as_fd(), PollFlags::POLLIN));
            let watch = actor.injector.as_ref().map(Injector::watch);
            // Where there is none, the control socket stands in; that it is ready changes nothing.
            let watch = watch.unwrap_or(actor.control.as_fd());
            fds.push(PollFd::new(watch, PollFlags::POLLIN));
        }
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let _ = poll(&mut fds, timeout);
        let is_ready = |fd: &PollFd<'_>| {
            fd.revents()
                .is_some_and(|state| state.contains(PollFlags::POLLIN))
        };
        let is_heard = |fd: &PollFd<'_>| fd.any() == Some(true);
        let ready: Vec<_> = fds
            .chunks_exact(2)
            .map(|pair| (is_heard(&pair[0]), is_ready(&pair[1])))
            .collect();
        let mut said = Vec::new();
        let attended = self.actors.iter_mut().filter(|actor| !actor.has_ended);
        for (actor, (is_heard, asks)) in attended.zip(ready) {
            if asks && let Some(injector) = &mut actor.injector {
                injector.answer(|| actor.board.in_library.load(Ordering::SeqCst));
            }
            if is_heard {
                let name = actor.name;
                actor.listen(|word, more| said.push((name, word.to_owned(), more.to_owned())));
                if actor.has_ended {
                    said.push((name, word::END.to_owned(), String::new()));
                }
            }
        }
        for (name, word, more) in said {
            self.heard(name, &word, more);
        }
    }

    fn heard(&mut self, name: &'static str, word: &str, more: String) {
        match word {
            word::LIVE => self.enter(CLIENT, actor::call, self.side == Side::Client),
            word::ERROR => self.outcome.errors.push(format!("{name}: {more}")),
            word::WRONG => self.outcome.wrongs.push(format!("{name}: {more}")),
            word::UNRECOVERED => self.unrecovered = Some(more),
            word::END if name == CLIENT => self.let_server_stop(),
            _ => {}
        }
    }

    fn let_server_stop(&mut self) {
        for actor in self.actors.iter().filter(|actor| actor.name == SERVER) {
            let _ = (&actor.control).write_all(b"stop\n");
        }
    }

    /// Reaps the actors, and those that hang are killed.
    fn close(&mut self) {
        for mut actor in std::mem::take(&mut self.actors) {
            if let Some(injector) = actor.injector.take() {
                self.outcome.has_injected |= injector.has_injected;
                self.outcome.counts = injector.counts;
            }
            if actor.has_ended {
                self.outcome.wrongs.extend(actor.bury());
            }
        }
        // A server that could not go on says so when it stops; nobody is served by it.
        let gave_up = |error: &String| error.starts_with("server: stop");
        if let Some(why) = self.unrecovered.take()
            && !self.outcome.errors.iter().any(gave_up)
        {
            self.outcome
                .wrongs
                .push(format!("a new client is not served: {why}"));
        }
    }

    /// Nothing is left at the address, and a server can come back to it.
    fn check_address(&mut self) {
        if !self.outcome.wrongs.is_empty() {
            return;
        }
        let left = self.address.leftovers();
        let could_not_remove =
            (self.plans.iter()).any(|plan| KEEPS_NAMES.contains(&plan.call.name));
        if !left.is_empty() && !could_not_remove {
            self.outcome.wrongs.push(format!("{left:?} are left"));
        }
        if self.transport.has_server() && self.side == Side::Server {
            self.enter("next server", actor::serve_again, false);
            self.attend();
            self.close();
        }
    }
}
