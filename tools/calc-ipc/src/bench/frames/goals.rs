//! What is aimed at: the processor time of both sides, of the same round's of another contestant.

use super::super::goal::{Finding, Goal, Limit, Unit};
use super::super::stats::{lowest, ratio};
use super::turn::Turns;
use super::who::{Way, Who};
use crate::cli::Passing;

/// Of what was found of everybody, in the order of `all`.
pub(super) fn of(all: &[Who], found: &[Turns]) -> Vec<Goal> {
    let of_way = |way| {
        let all = all.iter().zip(found);
        all.filter(move |(who, _)| who.way == way)
            .map(|(_, turns)| turns)
    };
    let least = |way| {
        lowest(
            of_way(way)
                .map(Turns::both)
                .collect::<Vec<_>>()
                .iter()
                .map(Vec::as_slice),
        )
    };
    // One that failed has no figure, rather than the figure of whoever else read.
    let with_read = |turns: &Turns| -> Vec<f64> {
        let both = turns.both().into_iter().zip(turns.reads());
        both.map(|(both, read)| both + read).collect()
    };
    let read: Vec<_> = of_way(Way::Rival(Passing::ByLoan)).map(with_read).collect();
    let lent_and_read = lowest(read.iter().map(Vec::as_slice));
    let goal = |what: &str, limit, ours, other: &[f64]| {
        let value = ratio(&least(ours), other);
        let finding = Finding {
            what: format!("CPU of both sides, {what}"),
            unit: Unit::Times,
            limit,
            value,
        };
        finding.goal(value.into_iter().collect())
    };
    let (copied, lent) = (
        least(Way::Rival(Passing::ByCall)),
        least(Way::Rival(Passing::ByLoan)),
    );
    vec![
        goal(
            "by loan, of the best rival by copy",
            Limit::AtMost(1.0),
            Way::Lent,
            &copied,
        ),
        goal(
            "by loan, of the best rival by loan and one read",
            Limit::AtMost(1.0),
            Way::Lent,
            &lent_and_read,
        ),
        goal(
            "by loan, read in place, of the best rival by loan",
            Limit::Open,
            Way::InPlace,
            &lent,
        ),
        goal(
            "by loan, of a call",
            Limit::Open,
            Way::Lent,
            &least(Way::Called),
        ),
    ]
}
