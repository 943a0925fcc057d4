//! `calc-ipc bench --crowd`: who is measured, and what is printed. How long anything takes is nobody's business here.

use crate::support::{fields_documented, fields_of, run, schema_of};
use serde_json::Value;
use std::collections::BTreeSet;

const TINY: [&str; 7] = [
    "bench", "--crowd", "--quick", "--turn", "2ms", "--rounds", "1",
];

fn report(args: &[&str]) -> Value {
    let output = run(TINY.iter().chain(args).chain(&["--json"]));
    assert_eq!(output.status, Some(0), "{output:?}");
    assert_eq!(output.stderr, "");
    let mut objects = output.json();
    assert_eq!(objects.len(), 1, "{output:?}");
    objects.remove(0)
}

fn rows<'a>(of: &'a Value, kind: &str) -> &'a [Value] {
    of[kind].as_array().unwrap()
}

fn names(row: &Value) -> Vec<&str> {
    let contestants = rows(row, "contestants").iter();
    contestants
        .map(|found| found["name"].as_str().unwrap())
        .collect()
}

#[test]
fn the_report_is_documented_field_by_field() {
    let mut report = report(&["--transports", "unix", "--greedy", "2"]);
    // Where nothing is skipped, what a skipped one has is shown by nobody.
    assert_eq!(report["skipped"], serde_json::json!([]));
    report["skipped"] = Value::Null;
    let document = schema_of("calc-ipc bench --crowd --json");
    assert_eq!(fields_documented(&document), fields_of(&report));
}

/// A figure of all rounds, which is one.
fn assert_spread(found: &Value, field: &str) {
    let [median, lowest, highest] =
        ["median", "lowest", "highest"].map(|name| found[field][name].as_f64().unwrap());
    assert!(median > 0.0, "{field}: {found}");
    assert_eq!((lowest, highest), (median, median), "{field}: {found}");
}

#[test]
fn polite_clients_are_measured_beside_greedy_ones() {
    let report = report(&["--greedy", "0,3", "--batch", "16"]);
    assert_eq!(report["schema"], "calc-ipc-crowd/1");
    assert_eq!(
        (&report["settings"]["rounds"], &report["settings"]["batch"]),
        (&1.into(), &16.into())
    );
    let crowds = rows(&report, "crowds");
    let measured: Vec<_> = crowds
        .iter()
        .map(|row| {
            (
                row["transport"].as_str().unwrap(),
                row["greedy"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = ["unix", "seqpacket", "tcp", "fifo", "shm"]
        .into_iter()
        .flat_map(|transport| [(transport, 0), (transport, 3)]);
    assert_eq!(measured, expected.collect::<Vec<_>>());
    for row in crowds {
        let transport = row["transport"].as_str().unwrap();
        // Nothing raw in shared memory has a thread for each client.
        let raw = if transport == "shm" {
            "unix"
        } else {
            transport
        };
        let ours = format!("calc_ipc {transport}");
        assert_eq!(names(row), [ours.as_str(), &format!("raw {raw}")]);
        for found in rows(row, "contestants") {
            assert!(found["calls"].as_u64().unwrap() > 0, "{found}");
            for field in ["p50", "p99", "worst"] {
                assert_spread(found, field);
            }
            // A pair of bare FIFOs is one client's, and no newcomer's.
            if found["name"] == "raw fifo" {
                assert_eq!(
                    (&found["newcomers"], &found["newcomer_p50"]),
                    (&0.into(), &Value::Null)
                );
            } else {
                assert!(found["newcomers"].as_u64().unwrap() > 0, "{found}");
                assert_spread(found, "newcomer_p50");
                assert_spread(found, "newcomer_p99");
            }
            if row["greedy"] == 0 {
                assert_eq!(found["requests_per_second"], Value::Null);
            } else {
                assert_spread(found, "requests_per_second");
                let share = found["least_of_most"]["median"].as_f64().unwrap();
                assert!(share > 0.0 && share <= 1.0, "{found}");
            }
        }
    }
}

#[test]
fn every_transport_is_measured_beside_a_handler_that_takes_long() {
    let report = report(&["--greedy", "0"]);
    let slow = rows(&report, "slow_handlers");
    let transports: BTreeSet<_> = slow
        .iter()
        .map(|row| row["transport"].as_str().unwrap())
        .collect();
    assert_eq!(
        transports,
        ["fifo", "seqpacket", "shm", "tcp", "unix"].into()
    );
    for row in slow {
        assert_eq!(names(row).len(), 2, "{row}");
        for found in rows(row, "contestants") {
            // Each of the eight has asked.
            assert!(found["calls"].as_u64().unwrap() >= 8, "{found}");
            assert_spread(found, "worst");
            // One who waits for the handler has been answered before the end.
            assert_spread(found, "requests_per_second");
        }
    }
}

#[test]
fn every_goal_has_a_line() {
    let args = ["--transports", "unix", "--greedy", "0,1,64"];
    let report = report(&args);
    let goals = rows(&report, "goals");
    let of = |about: &str| {
        let found = goals.iter().find(|goal| goal["what"] == about);
        found.unwrap_or_else(|| panic!("{about}: {goals:?}"))
    };
    for (about, limit) in [
        ("unix, 0 greedy: p50", Value::from("open")),
        ("unix, 1 greedy: p50", serde_json::json!({"at_most": 50.0})),
        (
            "unix, 64 greedy: p50",
            serde_json::json!({"at_most": 200.0}),
        ),
        (
            "unix, 64 greedy: p50, of raw unix",
            serde_json::json!({"at_most": 1.0}),
        ),
        (
            "unix, 64 greedy: p99, of raw unix",
            serde_json::json!({"at_most": 1.5}),
        ),
        (
            "unix, 64 greedy: requests/s, of raw unix",
            Value::from("open"),
        ),
        (
            "unix, a slow handler: worst",
            serde_json::json!({"at_most": 50000.0}),
        ),
    ] {
        let goal = of(about);
        assert_eq!(goal["limit"], limit, "{goal}");
        assert!(goal["measured"].as_f64().unwrap() > 0.0, "{goal}");
        assert_eq!(goal["met"].is_boolean(), limit != "open", "{goal}");
    }
    // For people, it is the same.
    let output = run(TINY.iter().chain(&args));
    assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""));
    for goal in goals {
        let about = goal["what"].as_str().unwrap();
        assert!(
            output.stdout.contains(&format!("\n {about} ")),
            "{about}: {output:?}"
        );
    }
    assert!(output.stdout.contains("\nunix\n"), "{output:?}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    for args in [
        &["--crowd", "--transports", "pipe"][..],
        &["--crowd", "--goals"],
        &["--crowd", "--report", "page.html"],
        &["--crowd", "--batch", "0"],
        &["--crowd", "--rounds", "0"],
        &["--crowd", "--runs", "2"],
        &["--crowd", "--greedy", "97"],
        &["--greedy", "2"],
        &["--goals", "--greedy", "2"],
        &["--turn", "1ms"],
    ] {
        let output = run(["bench", "--quick"].iter().chain(args));
        assert_eq!(output.status, Some(2), "{args:?}: {output:?}");
        assert_eq!(output.stdout, "", "{args:?}");
    }
}
