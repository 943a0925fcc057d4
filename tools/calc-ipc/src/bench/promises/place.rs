//! A server of this library in a process of its own, at an address that the next one takes over; and clients of it in this one.

use super::super::program::{self, Interrupt, Program, await_end, murder};
use super::super::report::{Transport, Waiting};
use super::super::session::Session;
use super::super::spec::{self, Spec};
use super::super::trouble::Trouble;
use crate::cli::{ContestantArgs, ContestantSettings, Role};
use crate::contestant::{self, is_sum, sum};
use calc_ipc::error::Status;
use calc_ipc::service::{Client, Limit};
use calc_ipc::transport::Address;
use calc_ipc::transport::ClientOptions;
use nix::unistd::Pid;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// No call that is to be answered takes as long.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Place {
    spec: Spec,
    address: PathBuf,
    settings: ContestantSettings,
}

/// A client, and the process of its server.
pub(super) struct Pair {
    pub(super) client: Client,
    pub(super) process: Pid,
    /// Not there where the client has executed it.
    pub(super) _server: Option<Program>,
}

impl Place {
    /// Where nobody was before. How both sides wait is the default.
    pub(super) fn new(
        session: &mut Session,
        transport: Transport,
        settings: ContestantSettings,
    ) -> Self {
        Self {
            spec: spec::ours(transport, Waiting::Adaptive).with_manner(settings.manner),
            address: session.address(),
            settings: ContestantSettings {
                spin: ClientOptions::default().spin,
                ..settings
            },
        }
    }

    pub(super) fn transport(&self) -> Transport {
        self.spec.contestant.transport
    }

    fn args(&self) -> Result<ContestantArgs, Trouble> {
        let name = self.spec.own_name();
        Ok(ContestantArgs {
            name: name.ok_or_else(|| Trouble::Broken("it is another library's".to_owned()))?,
            role: Role::Client,
            address: self.address.clone(),
            clients: 1,
            settings: self.settings.clone(),
        })
    }

    pub(super) fn url(&self) -> Result<Address, Trouble> {
        Ok(contestant::url_of(&self.args()?)?)
    }

    /// Starts a server.
    pub(super) fn serve(&self, session: &Session) -> Result<Program, Trouble> {
        self.start(session, "server", 1)
    }

    /// Starts a process of so many clients, which ask when they are told to.
    pub(super) fn crowd(&self, session: &Session, clients: u32) -> Result<Program, Trouble> {
        self.start(session, "client", clients)
    }

    fn start(&self, session: &Session, role: &str, clients: u32) -> Result<Program, Trouble> {
        let command = self
            .spec
            .command(role, &self.address, clients, self.settings.clone())?;
        let title = format!("{}, {role}", self.spec.title());
        let mut program = Program::start(command, title, self.address.with_extension(role))?;
        super::super::pair::expect_ready(&program.read_line(&session.interrupt)?)?;
        Ok(program)
    }

    /// A client that has asked nothing yet.
    pub(super) fn reach(&self, timeout: Duration) -> Result<Client, Trouble> {
        let (client, _) = contestant::open(&self.args()?, timeout)?;
        Ok(client)
    }

    /// A client that has been answered once: some connections are finished by the first call.
    pub(super) fn connect(&self, timeout: Duration) -> Result<Client, Trouble> {
        let client = self.reach(timeout)?;
        ask(&client, 0)?;
        Ok(client)
    }

    /// A server and a client of it, which has been answered once.
    pub(super) fn open(&self, session: &Session, timeout: Duration) -> Result<Pair, Trouble> {
        let server = match self.spec.has_server() {
            true => Some(self.serve(session)?),
            false => None,
        };
        let (client, child) = contestant::open(&self.args()?, timeout)?;
        ask(&client, 0)?;
        let child = child.map(|process| program::pid(process.get()));
        let process = child.or(server.as_ref().map(Program::pid));
        Ok(Pair {
            client,
            process: process
                .ok_or_else(|| Trouble::Broken("a server without a process".to_owned()))?,
            _server: server,
        })
    }

    /// A client of a server that a shell script executes, which is given `word` as `$0`; and the process of the server.
    pub(super) fn open_within(&self, script: &str, word: &str) -> Result<(Client, Pid), Trouble> {
        let options = ClientOptions {
            call_timeout: Some(PATIENCE),
            ..ClientOptions::default()
        };
        let shell = ["/bin/sh", "-c", script, word];
        let (client, process) = contestant::spawn_within(&shell, &self.args()?, &options)?;
        Ok((client, program::pid(process.get())))
    }

    /// A name beside it.
    pub(super) fn beside(&self, extension: &str) -> PathBuf {
        self.address.with_extension(extension)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What a server that was killed could not remove; all else is in the session's folder.
        if let (Transport::Shm, Some(name)) = (self.transport(), self.address.file_name()) {
            let name = name.to_string_lossy();
            for name in [name.to_string(), format!("{name}.lock")] {
                let _ = fs::remove_file(PathBuf::from("/dev/shm").join(name));
            }
        }
    }
}

impl Pair {
    /// Kills the server, and waits until the kernel has closed all that it had.
    pub(super) fn kill(&self, interrupt: &Interrupt) -> Result<(), Trouble> {
        murder(self.process);
        await_end(interrupt, self.process)
    }
}

/// Asks once, and takes no wrong answer. It has time, since only the calls that are measured are to be impatient.
pub(super) fn ask(client: &Client, number: i64) -> Result<(), Trouble> {
    match client.call_within(Limit::Own(Some(PATIENCE)), &sum(number)) {
        Ok(response) if is_sum(number, &response) => Ok(()),
        Ok(_) => Err(Trouble::Broken("a wrong answer".to_owned())),
        Err(error) => Err(Trouble::Broken(format!("a call failed: {error}"))),
    }
}

/// Takes it for an end if a call ended like this.
pub(super) fn expect_end(status: Status) -> Result<(), Trouble> {
    match status {
        Status::Closed | Status::PeerDied => Ok(()),
        other => Err(Trouble::Broken(format!(
            "a call ended with {other:?} instead of CLOSED or PEER_DIED"
        ))),
    }
}
