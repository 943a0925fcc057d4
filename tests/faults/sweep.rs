//! Every call, every number of it that is reached, every way to fail.

use crate::calls::{CALLS, Call, Fault};
use crate::injector::{Plan, Which};
use crate::stage::{self, Outcome};
use crate::transport::{Side, Transport};
use std::time::Instant;

/// Repeats one fault: `CALC_IPC_FAULT="openat 3 EMFILE" cargo test --test faults uds::server`.
const ONE: &str = "CALC_IPC_FAULT";
/// Set: every fault at every number, where otherwise some faults take turns.
const ALL: &str = "CALC_IPC_FAULTS_ALL";

/// Lets the calls of one side fail, one in each run.
pub fn sweep(transport: &Transport, side: Side) {
    let started = Instant::now();
    let mut failures = Vec::new();
    let mut runs = 0;
    let mut check = |plans: &[Plan]| {
        runs += 1;
        let outcome = stage::run(transport, side, plans);
        failures.extend(describe(transport, side, plans, &outcome));
        outcome
    };
    match std::env::var(ONE) {
        Ok(text) => {
            let plan = Plan::parse(&text).unwrap_or_else(|| panic!("{ONE}={text} is no fault"));
            let outcome = check(&[plan]);
            println!("{} {side:?} {plan}: {outcome:?}", transport.name);
        }
        Err(_) => {
            let counts = check(&[]).counts;
            for call in CALLS.iter().filter(|call| counts.contains_key(call.name)) {
                sweep_call(call, &mut check);
            }
        }
    }
    let seconds = started.elapsed().as_secs_f32();
    println!("{} {side:?}: {runs} runs in {seconds:.1} s", transport.name);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A number that a run did not reach may be reached by another; after two such, there are no more.
const MISSES: u32 = 2;

fn sweep_call(call: &'static Call, check: &mut impl FnMut(&[Plan]) -> Outcome) {
    let faults: Vec<_> = call.faults().collect();
    let is_full = std::env::var_os(ALL).is_some();
    let mut misses = 0;
    for number in 1.. {
        let turn = usize::try_from(number).unwrap_or(0) % faults.len();
        let chosen: &[Fault] = if is_full || number <= 2 {
            &faults
        } else {
            &faults[turn..=turn]
        };
        let mut is_reached = false;
        for &fault in chosen {
            let which = Which::Nth(number);
            is_reached |= check(&[Plan { call, which, fault }]).has_injected;
        }
        misses = if is_reached { 0 } else { misses + 1 };
        if misses == MISSES {
            return;
        }
    }
}

fn describe(transport: &Transport, side: Side, plans: &[Plan], outcome: &Outcome) -> Vec<String> {
    let plans: Vec<_> = plans.iter().map(ToString::to_string).collect();
    let plan = plans.join(", ");
    let name = transport.name;
    if std::env::var_os("CALC_IPC_FAULTS_VERBOSE").is_some() {
        println!("{name} {side:?} {plan}: {:?}", outcome.errors);
    }
    let repeat = format!(
        "{ONE}=\"{plan}\" cargo test --test faults {name}_{} -- --nocapture",
        format!("{side:?}").to_lowercase()
    );
    outcome
        .wrongs
        .iter()
        .map(|wrong| {
            format!(
                "{name} {side:?}, {plan}: {wrong}\n  (errors: {:?}; {repeat})",
                outcome.errors
            )
        })
        .collect()
}
