//! The recommendation, as `--json` prints it.

use super::facts::Facts;
use super::figures::{Figure, Figures};
use super::kind::Kind;
use super::lines::{Ends, usual_clients};
use super::text::time;
use super::tree::{self, Decision, RULES, Rule};
use crate::bench::report::{Machine, Report};
use crate::cli::{RecommendArgs, System};
use crate::exit::Failure;
use calc_ipc::transport::ServerOptions;
use serde::Serialize;

/// All that there is to say.
#[derive(Serialize)]
pub(super) struct Answer {
    pub(super) transport: Kind,
    /// The rule that decided.
    pub(super) rule: &'static str,
    pub(super) facts: Facts,
    #[serde(flatten)]
    pub(super) ends: Ends,
    pub(super) reasons: Vec<String>,
    pub(super) runner_up: Option<RunnerUp>,
    pub(super) warnings: Vec<&'static str>,
    pub(super) machine: Option<Machine>,
    pub(super) figures: Option<Figures>,
    /// Why there are no figures.
    pub(super) not_measured: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tree: Vec<Step>,
}

/// What one would take otherwise.
#[derive(Serialize)]
pub(super) struct RunnerUp {
    pub(super) transport: Kind,
    /// How many times as long it takes.
    pub(super) times: Option<f64>,
}

/// A rule, as `--explain` shows it.
#[derive(Serialize)]
pub(super) struct Step {
    pub(super) rule: &'static str,
    pub(super) question: &'static str,
    pub(super) advice: String,
    pub(super) candidates: Vec<Kind>,
    pub(super) worth: Option<f64>,
    /// Whether this one decided.
    pub(super) decides: bool,
}

impl Answer {
    pub(super) fn new(
        args: &RecommendArgs,
        facts: Facts,
        report: Result<Report, String>,
    ) -> Result<Self, Failure> {
        let rule = tree::rule(&facts);
        let steps = steps(args.explain, rule, facts.system);
        let found = report.and_then(|report| {
            let figures = Figures::find(&report, &facts, rule);
            let none = || "the report has no figures of these transports".to_owned();
            figures.map(|it| (report.machine, it)).ok_or_else(none)
        });
        let (machine, figures, not_measured) = match found {
            Ok((machine, figures)) => (Some(machine), Some(figures), None),
            Err(why) => (None, None, Some(why)),
        };
        let decision = tree::decide(&facts, rule, figures.as_ref());
        Ok(Self {
            transport: decision.transport,
            rule: rule.name,
            ends: Ends::new(decision.transport, &facts, &args.name)?,
            reasons: reasons(&decision, facts.system, figures.as_ref()),
            runner_up: decision
                .runner_up
                .map(|it| RunnerUp::new(it, decision.transport, figures.as_ref())),
            warnings: warnings(&decision, &facts),
            facts,
            machine,
            figures,
            not_measured,
            tree: steps,
        })
    }
}

impl RunnerUp {
    fn new(transport: Kind, chosen: Kind, figures: Option<&Figures>) -> Self {
        let measured = |it| figures?.of(it).map(|figure| figure.time_ns);
        let times = || Some(measured(transport)? / measured(chosen)?);
        Self {
            transport,
            times: times(),
        }
    }
}

fn steps(is_asked: bool, decider: &Rule, system: System) -> Vec<Step> {
    let rules = RULES.iter().filter(|_| is_asked);
    let step = |rule: &'static Rule| Step {
        rule: rule.name,
        question: rule.question,
        advice: rule.advice(system),
        candidates: rule.candidates(system),
        worth: rule.worth,
        decides: rule.name == decider.name,
    };
    rules.map(step).collect()
}

fn reasons(decision: &Decision, system: System, figures: Option<&Figures>) -> Vec<String> {
    let mut reasons = vec![decision.rule.advice(system)];
    let chosen = decision.transport.name();
    let figure = |transport: Kind| figures?.of(transport);
    if let Some(Figure { time_ns, .. }) = figure(decision.transport) {
        reasons.push(format!("{chosen} was measured at {}", time(*time_ns)));
    }
    let candidates = decision.rule.candidates(system);
    let usual = candidates.first().filter(|_| decision.is_by_figures);
    if let Some((usual, before, now)) =
        usual.and_then(|usual| Some((usual, figure(*usual)?, figure(decision.transport)?)))
    {
        reasons.push(format!(
            "without figures it would be {}, which takes {:.1} times as long here",
            usual.name(),
            before.time_ns / now.time_ns
        ));
    }
    reasons
}

fn warnings(decision: &Decision, facts: &Facts) -> Vec<&'static str> {
    let transport = decision.transport;
    let is_tcp = transport == Kind::Tcp;
    let is_windows = facts.system == System::Windows;
    let all = [
        (
            is_tcp,
            "TCP is neither encrypted nor authenticated: put an SSH tunnel, WireGuard or a TLS proxy in front of it",
        ),
        (
            is_tcp,
            "as long as all processes are on one machine, serve tcp://localhost:7000 and leave allow_remote out",
        ),
        (
            facts.other_users && !is_tcp && !is_windows,
            "a mode of 0666 lets every user ask; for a group it is 0660, and the group of the folder",
        ),
        (
            facts.other_users && !is_tcp && is_windows,
            "a mode of 0666 lets every user of this machine ask, whom Windows knows",
        ),
        (
            facts.other_users && !is_tcp && is_windows,
            "clients of other users have to take a server of any user (server_uid); else they refuse it",
        ),
        (
            facts.other_users && !is_tcp && !is_windows,
            "clients of other users have to name the server's user (server_uid), here yours; else they refuse it",
        ),
        (
            transport == Kind::Pipe,
            "a pipe has one client, the process that starts the server, and ends with it",
        ),
        (
            transport == Kind::Pipe && !is_windows,
            "exec: runs a program without arguments, which serves stdio:, like the script above or one of yours",
        ),
        (
            transport == Kind::Pipe && is_windows,
            "exec: runs a program without arguments, which serves stdio:, as one of yours does by the lines above",
        ),
        (
            transport == Kind::NamedPipe,
            "Windows ignores case in the names of pipes",
        ),
        (
            facts.event_loop && transport == Kind::Shm,
            "in an event loop each answer wakes the loop by a system call, over shared memory, too: calc-ipc bench --async tells what is left of its lead",
        ),
        (
            facts.threads > 1,
            "each connection counts as a client of the server's; a call waits within its time where all are taken",
        ),
        (
            facts.late_answers,
            "a connection whose answer is to come is not read from: a client that asks on meanwhile needs connections",
        ),
        (
            transport == Kind::Fifo,
            "FIFOs serve processes of the same user only",
        ),
        (
            facts.message_size > ServerOptions::default().max_message,
            "messages over 64 KiB need max_message on both sides; the calculator's are short, yours need a bytes server",
        ),
        (
            facts.connections() > usual_clients(transport) && !is_windows,
            "so many clients need max_clients, and as many descriptors (ulimit -n)",
        ),
    ];
    let applying = all.into_iter().filter(|(applies, _)| *applies);
    applying.map(|(_, warning)| warning).collect()
}
