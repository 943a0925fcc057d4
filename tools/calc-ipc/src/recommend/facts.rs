//! What a recommendation depends on: said as options, asked for, or assumed.

use crate::cli::{RecommendArgs, Relation, System};
use crate::exit::Failure;
use calc_ipc::transport::{CONNECTIONS_RANGE, MAX_MESSAGE_RANGE};
use inquire::{Confirm, CustomType, InquireError, Select};
use serde::Serialize;
use std::fmt;
use std::io::{self, IsTerminal};

/// What is to be connected.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Facts {
    /// `None`: not known yet.
    pub(super) relation: Option<Relation>,
    pub(super) clients: u32,
    pub(super) message_size: u32,
    pub(super) fastest: bool,
    pub(super) other_users: bool,
    pub(super) other_machines: bool,
    /// Either side runs in an event loop of the host's.
    pub(super) event_loop: bool,
    /// So many share one client.
    pub(super) threads: u32,
    /// Answers that come later than the handler returns.
    pub(super) late_answers: bool,
    pub(super) system: System,
    /// Which of them nobody said.
    pub(super) assumed: Vec<&'static str>,
}

/// What is assumed where nobody says it; the command line's help says so, too.
const CLIENTS: u32 = 1;
const MESSAGE_SIZE: u32 = 64;
const THREADS: u32 = 1;

/// A choice of the first question.
struct Choice(Option<Relation>, &'static str);

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }
}

/// What the options say; of the rest, what people answer, or the defaults where there is nobody.
pub(super) fn gather(args: &RecommendArgs) -> Result<Facts, Failure> {
    // Questions are written to standard error: the output is the recommendation alone.
    let is_attended = io::stdin().is_terminal() && io::stderr().is_terminal();
    if !is_attended || args.no_input {
        return Ok(defaults(args));
    }
    ask(args).map_err(|error| match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => {
            Failure::Usage("no answer, no recommendation".to_owned())
        }
        other => Failure::Transport(format!("ask: {other}")),
    })
}

impl Facts {
    /// Whether more is asked of a connection than one call after another.
    pub(super) fn is_more_than_calls(&self) -> bool {
        self.event_loop || self.threads > 1 || self.late_answers
    }

    /// How many connections the server has at once, if each client has one for each of its threads.
    pub(super) fn connections(&self) -> u32 {
        self.clients.saturating_mul(self.threads)
    }
}

fn defaults(args: &RecommendArgs) -> Facts {
    let is_said = [
        ("relation", args.relation.is_some()),
        ("clients", args.clients.is_some()),
        ("message_size", args.message_size.is_some()),
        ("fastest", args.fastest.is_some()),
        ("other_users", args.other_users.is_some()),
        ("other_machines", args.other_machines.is_some()),
        ("event_loop", args.event_loop.is_some()),
        ("threads", args.threads.is_some()),
        ("late_answers", args.late_answers.is_some()),
    ];
    Facts {
        relation: args.relation,
        clients: args.clients.unwrap_or(CLIENTS),
        message_size: args.message_size.unwrap_or(MESSAGE_SIZE),
        fastest: args.fastest.unwrap_or_default(),
        other_users: args.other_users.unwrap_or_default(),
        other_machines: args.other_machines.unwrap_or_default(),
        event_loop: args.event_loop.unwrap_or_default(),
        threads: args.threads.unwrap_or(THREADS),
        late_answers: args.late_answers.unwrap_or_default(),
        system: args.system.unwrap_or(System::HERE),
        assumed: is_said
            .iter()
            .filter(|(_, said)| !said)
            .map(|(name, _)| *name)
            .collect(),
    }
}

fn ask(args: &RecommendArgs) -> Result<Facts, InquireError> {
    let relation = match args.relation {
        Some(relation) => Some(relation),
        None => ask_relation()?,
    };
    Ok(Facts {
        relation,
        clients: args.clients.map_or_else(ask_clients, Ok)?,
        message_size: args.message_size.map_or_else(ask_size, Ok)?,
        fastest: confirm(
            args.fastest,
            "Is nothing as important as the time of a call?",
        )?,
        other_users: confirm(args.other_users, "Do processes of other users take part?")?,
        other_machines: confirm(
            args.other_machines,
            "Do processes on other machines take part, now or later?",
        )?,
        event_loop: confirm(
            args.event_loop,
            "Does either side run in an event loop of its own?",
        )?,
        threads: args.threads.map_or_else(ask_threads, Ok)?,
        late_answers: confirm(
            args.late_answers,
            "Are there answers that come later, when something happens?",
        )?,
        system: args.system.unwrap_or(System::HERE),
        assumed: Vec::new(),
    })
}

fn ask_relation() -> Result<Option<Relation>, InquireError> {
    let choices = vec![
        Choice(Some(Relation::Independent), "each on its own"),
        Choice(Some(Relation::ParentChild), "one starts the other"),
        Choice(None, "not known yet"),
    ];
    let choice = Select::new("How are the processes started?", choices).prompt()?;
    Ok(choice.0)
}

fn ask_clients() -> Result<u32, InquireError> {
    CustomType::new("How many clients does the server have at once?")
        .with_default(CLIENTS)
        .with_error_message("a number from 1 on")
        .with_parser(&|text| text.parse().ok().filter(|clients| *clients > 0).ok_or(()))
        .prompt()
}

fn ask_threads() -> Result<u32, InquireError> {
    let limit = *CONNECTIONS_RANGE.end();
    CustomType::new("How many threads share one client?")
        .with_default(THREADS)
        .with_error_message(&format!("a number from 1 to {limit}"))
        .with_parser(&|text| {
            let threads = text.parse().ok();
            threads
                .filter(|threads| (1..=limit).contains(threads))
                .ok_or(())
        })
        .prompt()
}

fn ask_size() -> Result<u32, InquireError> {
    let limit = *MAX_MESSAGE_RANGE.end();
    CustomType::new("How many bytes has a large, but usual message?")
        .with_default(MESSAGE_SIZE)
        .with_error_message(&format!("a number up to {limit}"))
        .with_parser(&|text| text.parse().ok().filter(|size| *size <= limit).ok_or(()))
        .prompt()
}

fn confirm(said: Option<bool>, question: &str) -> Result<bool, InquireError> {
    said.map_or_else(|| Confirm::new(question).with_default(false).prompt(), Ok)
}
