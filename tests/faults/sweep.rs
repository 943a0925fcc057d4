//! Every call, every number of it that is reached, every way to fail.

use crate::calls::{CALLS, Call};
use crate::injector::{Plan, Which};
use crate::run::{self, Outcome};
use crate::support::processes::Side;
use crate::transport::Transport;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Repeats one fault: `CALC_IPC_FAULT="open 3 EMFILE" cargo test --test faults uds_server`.
const ONE: &str = "CALC_IPC_FAULT";
/// Set: every fault at every number, where otherwise some faults take turns.
const ALL: &str = "CALC_IPC_FAULTS_ALL";
/// Set: what the library said of each fault.
const VERBOSE: &str = "CALC_IPC_FAULTS_VERBOSE";

/// Fewer faults than this have not been a sweep.
const AT_LEAST: u32 = 50;

/// The address sanitizer's allocator keeps the locks that other threads hold at a fork, so that a child that allocates may wait
/// for ever. Under it, one sweep goes after the other: of many thousand forks, some always meet such a moment.
fn alone_under_the_sanitizer() -> Option<MutexGuard<'static, ()>> {
    static SWEEP: Mutex<()> = Mutex::new(());
    std::env::var_os("ASAN_OPTIONS")?;
    Some(SWEEP.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Lets the calls of one side fail, one in each run, and all of those that a kernel may not have.
pub fn sweep(transport: &Transport, side: Side) {
    let _alone = alone_under_the_sanitizer();
    let started = Instant::now();
    let mut sweep = Sweep {
        transport,
        side,
        runs: 0,
        reached: 0,
        failures: Vec::new(),
    };
    if let Ok(text) = std::env::var(ONE) {
        let plans: Vec<_> = text.split(',').map(|text| plan(text.trim())).collect();
        let outcome = sweep.run(&plans);
        println!("{} {side:?} {text}: {outcome:?}", transport.name);
    } else {
        sweep.run_all();
        assert!(
            sweep.reached >= AT_LEAST,
            "only {} faults were reached",
            sweep.reached
        );
    }
    let seconds = started.elapsed().as_secs_f32();
    println!(
        "{} {side:?}: {} runs in {seconds:.1} s",
        transport.name, sweep.runs
    );
    assert!(sweep.failures.is_empty(), "{}", sweep.failures.join("\n"));
}

fn plan(text: &str) -> Plan {
    Plan::parse(text).unwrap_or_else(|| panic!("'{text}' is no fault"))
}

/// What older kernels do not have (ENOSYS, EOPNOTSUPP), and what filters of containers that are older than it refuse
/// (EPERM); the library has another way for each.
const WITHOUT: &[&[&str]] = &[
    &["close_range every ENOSYS"],
    &["close_range every EPERM"],
    &["pidfd_open every ENOSYS", "pidfd_send_signal every ENOSYS"],
    &["pidfd_open every EPERM", "pidfd_send_signal every EPERM"],
    &["pidfd_send_signal every ENOSYS"],
    &["pidfd_send_signal every EPERM"],
    &["preadv2 every EOPNOTSUPP", "pwritev2 every EOPNOTSUPP"],
    &["preadv2 every ENOSYS", "pwritev2 every ENOSYS"],
    &["preadv2 every EPERM", "pwritev2 every EPERM"],
    &["clone3 every ENOSYS"],
    &["getrandom every ENOSYS"],
    &["getrandom every EPERM"],
    &["statx every ENOSYS"],
    // The C library of 32 bits has no other way.
    #[cfg(target_pointer_width = "64")]
    &["statx every EPERM"],
];

struct Sweep<'a> {
    transport: &'a Transport,
    side: Side,
    runs: u32,
    reached: u32,
    failures: Vec<String>,
}

impl Sweep<'_> {
    fn run(&mut self, plans: &[Plan]) -> Outcome {
        let mut outcome = run::run(self.transport, self.side, plans);
        self.runs += 1;
        self.reached += u32::from(outcome.has_injected);
        let is_hidden = plans.iter().all(|plan| plan.is_hidden(self.transport.name));
        if is_hidden && !outcome.errors.is_empty() {
            outcome
                .wrongs
                .push("this fault should not be seen".to_owned());
        }
        let described = describe(self.transport, self.side, plans, &outcome);
        self.failures.extend(described);
        outcome
    }

    fn run_all(&mut self) {
        let counts = self.run(&[]).counts;
        for call in CALLS.iter().filter(|call| counts.contains_key(call.name)) {
            self.run_each(call);
        }
        for missing in WITHOUT {
            let plans: Vec<_> = missing.iter().map(|text| plan(text)).collect();
            self.run(&plans);
        }
    }

    fn run_each(&mut self, call: &'static Call) {
        let is_full = std::env::var_os(ALL).is_some();
        let mut misses = 0;
        for number in 1.. {
            let which = Which::Nth(number);
            let plans = call.faults().map(|fault| Plan { call, which, fault });
            let possible = plans.filter(|plan| {
                !plan.is_impossible(self.transport.has_server() && self.side == Side::Server)
            });
            let mut plans: Vec<_> = possible.collect();
            if !is_full && number > EACH {
                let turn = usize::try_from(number).unwrap_or(0) % plans.len();
                plans = vec![plans[turn]];
            }
            let reached = self.reached;
            for plan in plans {
                self.run(&[plan]);
            }
            let is_reached = self.reached > reached;
            misses = if is_reached { 0 } else { misses + 1 };
            if misses == MISSES {
                return;
            }
        }
    }
}

/// Up to this number of a call it fails in every way; from then on its ways take turns.
const EACH: u32 = 2;

/// A number that a run did not reach may be reached by another; after two such, there are no more.
const MISSES: u32 = 2;

fn describe(transport: &Transport, side: Side, plans: &[Plan], outcome: &Outcome) -> Vec<String> {
    let plans: Vec<_> = plans.iter().map(ToString::to_string).collect();
    let plan = plans.join(", ");
    let name = transport.name;
    if std::env::var_os(VERBOSE).is_some() {
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
