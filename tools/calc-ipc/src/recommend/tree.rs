//! The decision tree: one table, which decides, and which `--explain` prints.

use super::facts::Facts;
use super::figures::Figures;
use super::kind::Kind;
use crate::cli::{Relation, System};

/// From this size on, copies through the kernel take longer than the call itself.
const LARGE: u32 = 32 << 10;

/// A question, and what follows if the answer is yes.
pub(super) struct Rule {
    /// For JSON, and for tests.
    pub(super) name: &'static str,
    pub(super) question: &'static str,
    pub(super) applies: fn(&Facts) -> bool,
    /// Where it says `{usual}`, that is the transport that each system has in this place.
    advice: &'static str,
    /// The best first, as far as one can tell without having measured; on Linux.
    candidates: &'static [Kind],
    /// How many times as fast as the first one another candidate has to be measured, to be
    /// preferred. `None`: it is not speed that decides.
    pub(super) worth: Option<f64>,
}

impl Rule {
    /// What follows, on this system.
    pub(super) fn advice(&self, system: System) -> String {
        let usual = Kind::Unix.on(system).unwrap_or(Kind::Unix);
        self.advice.replace("{usual}", usual.name())
    }

    /// The best first, on this system.
    pub(super) fn candidates(&self, system: System) -> Vec<Kind> {
        self.candidates
            .iter()
            .filter_map(|kind| kind.on(system))
            .collect()
    }
}

/// Asked in this order; the first yes decides. The last one asks what is left.
pub(super) static RULES: [Rule; 8] = [
    Rule {
        name: "network",
        question: "Do processes on other machines take part, now or later?",
        applies: |facts| facts.other_machines,
        advice: "across a network it is TCP (or gRPC, where other languages have to join)",
        candidates: &[Kind::Tcp],
        worth: None,
    },
    Rule {
        name: "speed",
        question: "Is nothing as important as speed, or are messages 32 KiB long or longer?",
        applies: |facts| facts.fastest || facts.message_size >= LARGE,
        advice: "for the least time, and for large messages, it is shared memory",
        candidates: &[Kind::Shm, Kind::Pipe, Kind::Unix, Kind::Fifo],
        worth: Some(1.0),
    },
    Rule {
        name: "users",
        question: "Do processes of other users take part?",
        applies: |facts| facts.other_users,
        advice: "between users it is a {usual}: the kernel tells each side who the other one is",
        candidates: &[Kind::Unix, Kind::Shm],
        worth: None,
    },
    Rule {
        name: "many-clients",
        question: "Has the server more than one client at once?",
        applies: |facts| facts.clients > 1,
        advice: "for many clients of one service it is a {usual}: it takes thousands, and idle ones cost nothing",
        candidates: &[Kind::Unix, Kind::Shm],
        worth: None,
    },
    Rule {
        name: "more-than-calls",
        question: "Is there an event loop, are there threads that share a client, or answers that come later?",
        applies: Facts::is_more_than_calls,
        advice: "for an event loop, threads that share a client and answers that come later it is a {usual}: it has as many connections as it takes, and those that wait cost nothing",
        candidates: &[Kind::Unix, Kind::Shm],
        worth: None,
    },
    Rule {
        name: "parent-child",
        question: "Does one process start the other?",
        applies: |facts| facts.relation == Some(Relation::ParentChild),
        advice: "between parent and child it is an anonymous pipe: nobody else can reach it, and it leaves nothing behind",
        candidates: &[Kind::Pipe, Kind::Unix],
        worth: Some(1.1),
    },
    Rule {
        name: "one-to-one",
        question: "Are they two independent processes?",
        applies: |facts| facts.relation == Some(Relation::Independent),
        advice: "one to one it is a {usual}, or what is measured to be faster here",
        candidates: &[Kind::Unix, Kind::Fifo],
        worth: Some(1.1),
    },
    Rule {
        name: "unsure",
        question: "None of these, or not known yet?",
        applies: |_| true,
        advice: "when unsure, it is a {usual}: any process, many clients, other users; another transport is another URL",
        candidates: &[Kind::Unix, Kind::Shm],
        worth: None,
    },
];

/// What follows from the facts, and from the figures if there are any.
pub(super) struct Decision {
    pub(super) rule: &'static Rule,
    pub(super) transport: Kind,
    /// What one would take if that were not possible.
    pub(super) runner_up: Option<Kind>,
    /// Whether another transport would have been chosen without figures.
    pub(super) is_by_figures: bool,
}

/// The first rule that applies.
pub(super) fn rule(facts: &Facts) -> &'static Rule {
    let [rules @ .., last] = &RULES;
    let found = rules.iter().find(|rule| (rule.applies)(facts));
    found.unwrap_or(last)
}

/// Follows the tree, and lets the figures choose where they may.
pub(super) fn decide(facts: &Facts, rule: &'static Rule, figures: Option<&Figures>) -> Decision {
    let candidates = rule.candidates(facts.system);
    let first = candidates.first().copied();
    let mut ranked = candidates;
    ranked.retain(|transport| is_possible(*transport, facts));
    if let (Some(worth), Some(figures)) = (rule.worth, figures) {
        rank(&mut ranked, worth, figures);
    }
    let mut ranked = ranked.into_iter();
    let transport = ranked.next().or(first).unwrap_or(Kind::Tcp);
    Decision {
        rule,
        transport,
        runner_up: ranked.next(),
        is_by_figures: figures.is_some() && first != Some(transport),
    }
}

/// The fastest to the front, if it is so much faster than who stands there; what was not measured
/// stays behind what was.
fn rank(candidates: &mut [Kind], worth: f64, figures: &Figures) {
    let time = |transport: Kind| figures.of(transport).map_or(f64::INFINITY, |it| it.time_ns);
    if let Some((first, rest)) = candidates.split_first_mut() {
        rest.sort_by(|a, b| time(*a).total_cmp(&time(*b)));
        if let Some(fastest) = rest.first_mut()
            && time(*first).is_finite()
            && time(*first) > time(*fastest) * worth
        {
            std::mem::swap(first, fastest);
        }
    }
}

/// Whether the transport can do it at all. The first candidate of a rule that applies can, but for shared memory between users of Windows.
fn is_possible(transport: Kind, facts: &Facts) -> bool {
    match transport {
        Kind::Pipe => {
            facts.relation == Some(Relation::ParentChild)
                && facts.clients == 1
                // It has one connection, and its server is driven by nobody but itself.
                && !facts.is_more_than_calls()
                && !facts.other_users
                && !facts.other_machines
        }
        Kind::Fifo => !facts.other_users && !facts.other_machines,
        // Over shared memory of Windows, a server takes handles of its clients' processes.
        Kind::Shm => !facts.other_machines && (facts.system == System::Linux || !facts.other_users),
        Kind::Unix | Kind::NamedPipe => !facts.other_machines,
        Kind::Tcp => true,
    }
}
