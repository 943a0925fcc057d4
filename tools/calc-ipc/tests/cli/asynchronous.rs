//! `calc-ipc bench --async`: what is compared with what, and what is printed. How fast anything is is nobody's business here.

use crate::bench::{Rivals, TRANSPORTS, has_two_processors};
use crate::support::{Output, fields_documented, fields_of, run, schema_of};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const TINY: [&str; 5] = ["bench", "--async", "--quick", "--rounds", "1"];

fn tiny(args: &[&str]) -> Output {
    let output = run(TINY.iter().chain(args));
    assert_eq!(
        (output.status, output.stderr.as_str()),
        (Some(0), ""),
        "{output:?}"
    );
    output
}

fn report(args: &[&str]) -> Value {
    let args: Vec<_> = args.iter().chain(&["--json"]).copied().collect();
    let output = tiny(&args);
    let mut objects = output.json();
    assert_eq!(objects.len(), 1, "{output:?}");
    objects.remove(0)
}

fn comparisons(report: &Value) -> &[Value] {
    report["comparisons"].as_array().unwrap()
}

fn text<'a>(comparison: &'a Value, field: &str) -> &'a str {
    comparison[field].as_str().unwrap()
}

#[test]
fn the_report_is_documented_field_by_field() {
    let mut report = report(&["--transports", "unix,shm"]);
    // Whatever was skipped, what a skipped one has is told elsewhere.
    report["skipped"] = Value::Null;
    let document = schema_of("calc-ipc bench --async --json");
    assert_eq!(fields_documented(&document), fields_of(&report));
}

#[test]
fn each_transport_is_compared_with_itself() {
    let report = report(&[]);
    assert_eq!(
        (&report["schema"], &report["settings"]["rounds"]),
        (&"calc-ipc-async/1".into(), &1.into())
    );
    let of = |kind: &str, transport: &str| -> Vec<_> {
        let all = comparisons(&report).iter();
        let rows = all.filter(|row| row["kind"] == kind && row["transport"] == transport);
        rows.map(|row| ["placement", "what", "of"].map(|field| text(row, field)))
            .collect()
    };
    let on = |placement, rows: &[[&'static str; 2]]| -> Vec<[&str; 3]> {
        rows.iter()
            .map(|&[what, of]| [placement, what, of])
            .collect()
    };
    let submitted = [
        ["1 submitted", "call"],
        ["8 submitted", "call"],
        ["8 submitted", "call_many"],
        ["8 submitted in an event loop", "call_many"],
        ["64 submitted", "call"],
        ["64 submitted", "call_many"],
        ["64 submitted in an event loop", "call_many"],
    ];
    let deferred = [
        ["replies at once", "a handler of bytes"],
        ["replies from another thread", "a handler of bytes"],
    ];
    for transport in TRANSPORTS {
        assert_eq!(of("submitted", transport), on("two_cores", &submitted));
        let alone = on("two_cores", &[["connections = 1", "connections = 0"]]);
        // An anonymous pipe is one connection, of a child that has no event loop.
        let (shared, driven): (&[_], &[_]) = match transport {
            "pipe" => (&[], &[]),
            _ => (
                &[["4 threads, one client", "4 clients"]],
                &[["served in epoll", "run"]],
            ),
        };
        let shared = [alone, on("anywhere", shared)].concat();
        assert_eq!(of("shared", transport), shared);
        assert_eq!(of("driven", transport), on("one_core", driven));
        let both = |rows| [on("one_core", rows), on("two_cores", rows)].concat();
        assert_eq!(of("deferred", transport), both(&deferred));
        let watched: &[_] = match transport {
            "shm" => &[
                ["asleep in epoll", "a blocking call"],
                ["asleep in epoll", "unix in epoll"],
            ],
            _ => &[["asleep in epoll", "a blocking call"]],
        };
        assert_eq!(of("watched", transport), both(watched));
    }
    for row in comparisons(&report) {
        let is_elsewhere = row["placement"] == "two_cores" && !has_two_processors();
        for field in ["measured", "ratio"] {
            let is_there = row[field].as_f64().is_some_and(|value| value > 0.0);
            assert_eq!(is_there, !is_elsewhere, "{field}: {row}");
        }
        let has_goal = row["limit"] != "open" && !is_elsewhere;
        assert_eq!(row["met"].is_boolean(), has_goal, "{row}");
    }
}

#[test]
fn another_library_takes_part_as_far_as_it_can() {
    let several = Rivals::of_ours();
    let description =
        r#"{"name":"Single","family":"rival","transport":"unix","waiting":"blocking"}"#;
    let single = Rivals::one(&format!(
        r#"case $1 in
        describe) echo '{description}';;
        server) exec '{0}' contestant unix "$@";;
        *) echo ready; echo 'it has one' >&2; exit 77;;
        esac"#,
        env!("CARGO_BIN_EXE_calc-ipc")
    ));
    for (rivals, depths) in [(&several, &["1", "8", "64"][..]), (&single, &[])] {
        let report = report(&["--transports", "unix", "--rivals", rivals.folder()]);
        let all = comparisons(&report).iter();
        let rows: Vec<_> = all.filter(|row| row["kind"] == "rivals").collect();
        let depths = if has_two_processors() { depths } else { &[] };
        let expected = depths.iter().map(|depth| format!("{depth} submitted"));
        let found = rows.iter().map(|row| text(row, "what").to_owned());
        assert!(found.eq(expected), "{report}");
        for row in rows {
            assert_eq!(text(row, "of"), "Elsewhere");
            assert!(row["ratio"].as_f64().unwrap() > 0.0, "{row}");
        }
        let skipped = json!({"name": "Single", "why": "it has one"});
        let is_told = report["skipped"].as_array().unwrap().contains(&skipped);
        assert_eq!(
            is_told,
            depths.is_empty() && has_two_processors(),
            "{report}"
        );
    }
}

#[test]
fn what_is_aimed_at_has_a_limit() {
    let report = report(&["--transports", "shm,unix"]);
    let limits = |kind: &str, transport: &str, placement: &str| -> Vec<_> {
        let all = comparisons(&report).iter();
        let rows = all.filter(|row| {
            row["kind"] == kind && row["transport"] == transport && row["placement"] == placement
        });
        rows.map(|row| row["limit"].clone()).collect()
    };
    let at_most = |limit: f64| json!({ "at_most": limit });
    let at_least = |limit: f64| json!({ "at_least": limit });
    let open = || Value::from("open");
    for (kind, transport, placement, expected) in [
        (
            "submitted",
            "shm",
            "two_cores",
            vec![
                at_most(1.15),
                at_most(0.6),
                open(),
                open(),
                at_most(0.45),
                open(),
                open(),
            ],
        ),
        (
            "submitted",
            "unix",
            "two_cores",
            vec![
                open(),
                open(),
                open(),
                open(),
                open(),
                open(),
                at_least(0.85),
            ],
        ),
        ("shared", "unix", "anywhere", vec![at_least(0.95)]),
        ("shared", "unix", "two_cores", vec![at_most(1.05)]),
        ("driven", "shm", "one_core", vec![at_most(1.15)]),
        ("deferred", "shm", "one_core", vec![at_most(1.03), open()]),
        (
            "watched",
            "shm",
            "one_core",
            vec![at_most(1.5), at_most(0.8)],
        ),
        (
            "watched",
            "shm",
            "two_cores",
            vec![at_most(1.25), at_most(1.0)],
        ),
        ("watched", "unix", "two_cores", vec![open()]),
    ] {
        assert_eq!(
            limits(kind, transport, placement),
            expected,
            "{kind}, {transport}, {placement}"
        );
    }
}

#[test]
fn people_see_a_line_for_each() {
    let args = ["--transports", "unix"];
    let output = tiny(&args);
    let lines: BTreeSet<_> = output.stdout.lines().collect();
    for row in comparisons(&report(&args)) {
        let place = text(row, "placement").replace('_', " ");
        let (what, of) = (text(row, "what"), text(row, "of"));
        let name = format!("  unix, {place}: {what}, of {of} ");
        assert!(
            lines.iter().any(|line| line.starts_with(&name)),
            "{name}: {output:?}"
        );
    }
    assert!(
        lines.contains("clients that threads may share, beside a client for each"),
        "{output:?}"
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    for args in [
        &["--async", "--crowd"][..],
        &["--async", "--promises"],
        &["--async", "--goals"],
        &["--async", "--strict"],
        &["--async", "--report", "page.html"],
        &["--async", "--greedy", "2"],
        &["--async", "--turn", "1ms"],
        &["--async", "--runs", "2"],
        &["--async", "--rounds", "0"],
        &["--async", "--transports", "npipe"],
        &["--transports", "unix,npipe"],
    ] {
        let output = run(["bench", "--quick"].iter().chain(args));
        assert_eq!(output.status, Some(2), "{args:?}: {output:?}");
        assert_eq!(output.stdout, "", "{args:?}");
    }
}
