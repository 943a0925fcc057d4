//! `calc-ipc bench --promises`: what is measured, what is printed, what is left behind. What a machine that has other things
//! to do makes of the times is nobody's business here.

use crate::bench::left_in_memory;
use crate::support::{
    Alarm, Output, calc_ipc, fields_documented, fields_of, read_on_thread, run, schema_of,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

const ONCE: [&str; 4] = ["bench", "--promises", "--rounds", "1"];

fn once(args: &[&str]) -> Output {
    run(ONCE.iter().chain(args))
}

fn report(output: &Output) -> Value {
    let mut objects = output.json();
    assert_eq!(objects.len(), 1, "{output:?}");
    objects.remove(0)
}

fn promises(report: &Value) -> &[Value] {
    report["promises"].as_array().unwrap()
}

#[test]
fn every_promise_is_measured_over_every_transport_that_it_is_made_for() {
    let output = once(&["--json"]);
    assert_eq!(
        (output.status, output.stderr.as_str()),
        (Some(0), ""),
        "{output:?}"
    );
    let report = report(&output);
    assert_eq!(report["schema"], "calc-ipc-promises/1");
    assert_eq!(report["skipped"], json!([]));
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let over = |about: &str| -> BTreeSet<_> {
        let rows = promises(&report).iter();
        rows.filter(|row| text(row, "what").contains(about))
            .map(|row| text(row, "transport"))
            .collect()
    };
    let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let shared = ["unix", "tcp", "fifo", "shm", "seqpacket"];
    let all = ["unix", "tcp", "fifo", "shm", "seqpacket", "pipe"];
    for (about, transports) in [
        ("killed inside its handler", &all[..]),
        ("killed while it is asked", &all),
        ("killed between two calls", &all),
        ("keeps the pipes open", &["pipe"]),
        ("restarted", &all),
        ("64 idle clients", &shared),
        ("16 clients that send batches", &shared),
        ("never read their answers", &shared),
        ("ends with CLOSED", &shared),
        ("10,000 clients", &shared[..2]),
        ("during a call: it ends with CANCELLED", &all),
        ("the completion with CANCELLED", &all),
        ("waits for a connection", &all),
        ("SIGSTOP", &all),
        ("BUSY", &all),
        ("handler hangs", &["pipe"]),
        ("sent half a message", &shared[..2]),
        ("a byte now and then", &shared[..2]),
        ("peer that never reads", &shared[..2]),
        ("of one at a time", &shared),
        ("takes 100 ms", &shared),
        ("memory kept", &shared),
        ("memory given", &shared[..2]),
        ("wake-ups", &all),
    ] {
        assert_eq!(over(about), set(transports), "{about}");
    }
    for row in promises(&report) {
        let number = |field: &str| row[field].as_f64().unwrap();
        let values = ["p50", "p99", "worst"].map(number);
        assert!(values.is_sorted() && values[0] >= 0.0, "{row}");
        assert!(row["count"].as_u64().unwrap() > 0, "{row}");
        let judged = number(row["judged_by"].as_str().unwrap());
        assert_eq!(row["kept"], judged <= number("limit"), "{row}");
    }
}

#[test]
fn the_report_is_documented_field_by_field() {
    let mut report = report(&once(&["--transports", "pipe", "--json"]));
    // Where nothing is skipped, what a skipped one has is shown by nobody.
    assert_eq!(report["skipped"], json!([]));
    report["skipped"] = Value::Null;
    let document = schema_of("calc-ipc bench --promises --json");
    assert_eq!(fields_documented(&document), fields_of(&report));
}

#[test]
fn people_are_told_of_each_and_scripts_by_the_exit_status() {
    let output = once(&["--transports", "pipe", "--strict"]);
    let title = "\nserver killed inside its handler: the call ends\n";
    assert!(output.stdout.contains(title), "{output:?}");
    let row = output
        .stdout
        .lines()
        .find(|line| line.starts_with("  pipe"));
    assert!(
        row.unwrap().contains(" us ") || row.unwrap().contains(" ms "),
        "{output:?}"
    );
    // A machine that is busy with other tests may break some.
    let is_broken = output.stdout.contains("BROKEN");
    assert_eq!(output.status, Some(i32::from(is_broken)), "{output:?}");
    let verdict = output.stdout.lines().last().unwrap();
    let [kept, "of", all, "kept"] = verdict.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{verdict}");
    };
    assert_eq!(kept == all, !is_broken, "{verdict}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    for args in [
        &["--promises", "--crowd"][..],
        &["--promises", "--goals"],
        &["--promises", "--report", "page.html"],
        &["--promises", "--greedy", "2"],
        &["--promises", "--rounds", "0"],
        &["--promises", "--runs", "2"],
        &["--strict"],
        &["--crowd", "--strict"],
        &["--rounds", "3"],
        &["--goals", "--rounds", "3"],
    ] {
        let output = run(["bench", "--quick"].iter().chain(args));
        assert_eq!(output.status, Some(2), "{args:?}: {output:?}");
        assert_eq!(output.stdout, "", "{args:?}");
    }
}

/// Servers over shared memory have names outside of the benchmark's folder, which those that were killed leave behind.
#[test]
fn a_signal_ends_it_and_nothing_is_left() {
    let args = [
        "bench",
        "--promises",
        "--transports",
        "shm",
        "--rounds",
        "100000",
    ];
    let mut bench = calc_ipc(args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _hangs = Alarm::set(&bench);
    let number = bench.id();
    // The folder, the socket of a server, and its lock.
    while left_in_memory(number).len() < 3 {
        assert_eq!(bench.try_wait().unwrap(), None);
        thread::sleep(Duration::from_millis(5));
    }
    kill(
        Pid::from_raw(i32::try_from(number).unwrap()),
        Signal::SIGINT,
    )
    .unwrap();
    let errors = read_on_thread(bench.stderr.take().unwrap());
    assert_eq!(bench.wait().unwrap().code(), Some(3));
    assert_eq!(errors.join().unwrap(), "calc-ipc: interrupted\n");
    assert_eq!(left_in_memory(number), [""; 0]);
}
