//! The decision tree: one table, which decides, and which `--explain` prints.

use super::facts::Facts;
use super::figures::Figures;
use crate::bench::report::Transport;
use crate::cli::Relation;

/// From this size on, copies through the kernel take longer than the call itself.
const LARGE: u32 = 32 << 10;

/// A question, and what follows if the answer is yes.
pub(super) struct Rule {
    /// For JSON, and for tests.
    pub(super) name: &'static str,
    pub(super) question: &'static str,
    pub(super) applies: fn(&Facts) -> bool,
    pub(super) advice: &'static str,
    /// The best first, as far as one can tell without having measured.
    pub(super) candidates: &'static [Transport],
    /// How many times as fast as the first one another candidate has to be measured, to be
    /// preferred. `None`: it is not speed that decides.
    pub(super) worth: Option<f64>,
}

/// Asked in this order; the first yes decides. The last one asks what is left.
pub(super) static RULES: [Rule; 7] = [
    Rule {
        name: "network",
        question: "Do processes on other machines take part, now or later?",
        applies: |facts| facts.other_machines,
        advice: "across a network it is TCP (or gRPC, where other languages have to join)",
        candidates: &[Transport::Tcp],
        worth: None,
    },
    Rule {
        name: "speed",
        question: "Is nothing as important as speed, or are messages 32 KiB long or longer?",
        applies: |facts| facts.fastest || facts.message_size >= LARGE,
        advice: "for the least time, and for large messages, it is shared memory",
        candidates: &[
            Transport::Shm,
            Transport::Pipe,
            Transport::Unix,
            Transport::Fifo,
        ],
        worth: Some(1.0),
    },
    Rule {
        name: "users",
        question: "Do processes of other users take part?",
        applies: |facts| facts.other_users,
        advice: "between users it is a Unix socket: the kernel tells each side who the other one is",
        candidates: &[Transport::Unix, Transport::Shm],
        worth: None,
    },
    Rule {
        name: "many-clients",
        question: "Has the server more than one client at once?",
        applies: |facts| facts.clients > 1,
        advice: "for many clients of one service it is a Unix socket: it takes thousands, and idle ones cost nothing",
        candidates: &[Transport::Unix, Transport::Shm],
        worth: None,
    },
    Rule {
        name: "parent-child",
        question: "Does one process start the other?",
        applies: |facts| facts.relation == Some(Relation::ParentChild),
        advice: "between parent and child it is an anonymous pipe: nobody else can reach it, and it leaves nothing behind",
        candidates: &[Transport::Pipe, Transport::Unix],
        worth: Some(1.1),
    },
    Rule {
        name: "one-to-one",
        question: "Are they two independent processes?",
        applies: |facts| facts.relation == Some(Relation::Independent),
        advice: "one to one it is a Unix socket or a FIFO, whichever is faster here",
        candidates: &[Transport::Unix, Transport::Fifo],
        worth: Some(1.1),
    },
    Rule {
        name: "unsure",
        question: "None of these, or not known yet?",
        applies: |_| true,
        advice: "when unsure, it is a Unix socket: any process, many clients, other users; another transport is another URL",
        candidates: &[Transport::Unix, Transport::Shm],
        worth: None,
    },
];

/// What follows from the facts, and from the figures if there are any.
pub(super) struct Decision {
    pub(super) rule: &'static Rule,
    pub(super) transport: Transport,
    /// What one would take if that were not possible.
    pub(super) runner_up: Option<Transport>,
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
    let mut ranked: Vec<_> = rule.candidates.to_vec();
    ranked.retain(|transport| is_possible(*transport, facts));
    if let (Some(worth), Some(figures)) = (rule.worth, figures) {
        rank(&mut ranked, worth, figures);
    }
    let mut ranked = ranked.into_iter();
    let first = rule.candidates.first().copied();
    let transport = ranked.next().or(first).unwrap_or(Transport::Unix);
    Decision {
        rule,
        transport,
        runner_up: ranked.next(),
        is_by_figures: first != Some(transport),
    }
}

/// The fastest to the front, if it is so much faster than who stands there; what was not measured
/// stays behind what was.
fn rank(candidates: &mut [Transport], worth: f64, figures: &Figures) {
    let time = |transport: Transport| figures.of(transport).map_or(f64::INFINITY, |it| it.time_ns);
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

/// Whether the transport can do it at all. The first candidate of a rule that applies always can.
fn is_possible(transport: Transport, facts: &Facts) -> bool {
    match transport {
        Transport::Pipe => {
            facts.relation == Some(Relation::ParentChild)
                && facts.clients == 1
                && !facts.other_users
                && !facts.other_machines
        }
        Transport::Fifo => !facts.other_users && !facts.other_machines,
        Transport::Shm | Transport::Unix | Transport::Seqpacket => !facts.other_machines,
        Transport::Tcp => true,
    }
}

/// For people.
pub(super) fn name(transport: Transport) -> &'static str {
    match transport {
        Transport::Shm => "shared memory",
        Transport::Pipe => "anonymous pipe",
        Transport::Fifo => "FIFO",
        Transport::Unix => "Unix socket",
        Transport::Seqpacket => "seqpacket socket",
        Transport::Tcp => "TCP",
    }
}
