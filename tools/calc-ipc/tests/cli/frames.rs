//! `calc-ipc bench --frames`: who takes part, and what is printed. What anything takes is nobody's business here.

use crate::bench::{Rivals, has_two_processors, one, rows};
use crate::support::{Output, fields_documented, fields_of, run, schema_of};
use serde_json::{Value, json};

const TINY: [&str; 5] = ["bench", "--frames", "--quick", "--rounds", "1"];

const OURS: [&str; 3] = [
    "calc_ipc shm, by call",
    "calc_ipc shm, by loan",
    "calc_ipc shm, by loan, read in place",
];

/// This library's contestant, as another one that knows of frames.
fn with_frames() -> Rivals {
    rival(r#","frames":["copied","lent"]"#, "blocking")
}

fn rival(frames: &str, waiting: &str) -> Rivals {
    Rivals::one(&format!(
        r#"case $1 in
        describe) echo '{{"name":"Elsewhere","family":"rival","transport":"shm","waiting":"{waiting}"{frames}}}';;
        *) exec '{}' contestant shm --echo=6291456 --answering=sum "$@";;
        esac"#,
        env!("CARGO_BIN_EXE_calc-ipc")
    ))
}

fn tiny(rivals: &Rivals, args: &[&str]) -> Output {
    let folder = ["--rivals", rivals.folder()];
    let output = run(TINY.iter().chain(&folder).chain(args));
    assert_eq!(
        (output.status, output.stderr.as_str()),
        (Some(0), ""),
        "{output:?}"
    );
    output
}

fn report(rivals: &Rivals) -> Value {
    one(&tiny(rivals, &["--json"]))
}

fn names(report: &Value) -> Vec<&str> {
    let contestants = rows(report, "contestants").iter();
    contestants
        .map(|found| found["name"].as_str().unwrap())
        .collect()
}

#[test]
fn the_report_is_documented_field_by_field() {
    let mut report = report(&with_frames());
    // Whatever was skipped, what a skipped one has is told elsewhere.
    report["skipped"] = Value::Null;
    let document = schema_of("calc-ipc bench --frames --json");
    let (documented, found) = (fields_documented(&document), fields_of(&report));
    match has_two_processors() {
        true => assert_eq!(documented, found),
        // Nobody was measured.
        false => assert!(found.is_subset(&documented), "{found:?}"),
    }
}

#[test]
fn everybody_takes_part_in_every_way_that_it_knows() {
    let report = report(&with_frames());
    let settings = json!({"rounds": 1, "frames": 6, "size": 6 << 20, "period": 16_667_000});
    assert_eq!(
        (&report["schema"], &report["settings"]),
        (&"calc-ipc-frames/1".into(), &settings)
    );
    if !has_two_processors() {
        assert_eq!(report["skipped"][0]["name"], "two_cores");
        return;
    }
    assert_eq!(report["skipped"], json!([]));
    let theirs = ["Elsewhere, by copy", "Elsewhere, by loan"];
    assert_eq!(names(&report), [&OURS[..], &theirs].concat());
    for found in rows(&report, "contestants") {
        assert_eq!(found["frames"], 6, "{found}");
        assert!(found["late"].as_u64() <= Some(6), "{found}");
        for figure in ["delivery", "both_cpu", "producer_cpu", "consumer_cpu"] {
            assert!(found[figure]["median"].as_f64() > Some(0.0), "{found}");
        }
    }
    assert!(report["read"]["median"].as_f64() > Some(0.0), "{report}");
}

#[test]
fn what_is_aimed_at_has_a_limit() {
    let (beside, alone) = (report(&with_frames()), report(&Rivals::none()));
    for (what, limit, needs_rival) in [
        (
            "by loan, of the best rival by copy",
            json!({"at_most": 1.0}),
            true,
        ),
        (
            "by loan, of the best rival by loan and one read",
            json!({"at_most": 1.0}),
            true,
        ),
        (
            "by loan, read in place, of the best rival by loan",
            json!("open"),
            true,
        ),
        ("by loan, of a call", json!("open"), false),
    ] {
        for (report, has_rival) in [(&beside, true), (&alone, false)] {
            let goals = rows(report, "goals").iter();
            let what = format!("CPU of both sides, {what}");
            let goal = goals
                .filter(|goal| goal["what"] == *what)
                .collect::<Vec<_>>();
            let [goal] = goal[..] else {
                panic!("{what}: {report}");
            };
            assert_eq!(goal["limit"], limit, "{what}");
            let is_measured = has_two_processors() && (has_rival || !needs_rival);
            assert_eq!(goal["measured"].is_number(), is_measured, "{goal}");
            assert_eq!(
                goal["met"].is_boolean(),
                is_measured && limit != "open",
                "{goal}"
            );
        }
    }
}

#[test]
fn who_knows_of_no_frames_or_never_sleeps_is_skipped() {
    let frames = r#","frames":["lent"]"#;
    for (rivals, why) in [
        (rival("", "blocking"), "its program knows of no frames"),
        (
            rival(frames, "spinning"),
            "it never sleeps between frames, so that waiting takes a processor",
        ),
    ] {
        let report = report(&rivals);
        let skipped = json!({"name": "Elsewhere", "why": why});
        assert!(rows(&report, "skipped").contains(&skipped), "{report}");
        assert!(
            names(&report).iter().all(|name| OURS.contains(name)),
            "{report}"
        );
    }
}

#[test]
fn a_frame_that_another_sum_comes_for_is_told_of() {
    if !has_two_processors() {
        return;
    }
    // Its server sends back what comes.
    let rivals = Rivals::one(&format!(
        r#"case $1 in
        describe) echo '{{"name":"Echo","family":"rival","transport":"shm","waiting":"blocking","frames":["copied"]}}';;
        server) exec '{0}' contestant shm --echo=6291456 "$@";;
        *) exec '{0}' contestant shm --echo=6291456 --answering=sum "$@";;
        esac"#,
        env!("CARGO_BIN_EXE_calc-ipc")
    ));
    let output = run(TINY.iter().chain(&["--json", "--rivals", rivals.folder()]));
    assert_eq!(output.status, Some(3), "{output:?}");
    assert!(output.stderr.contains("a wrong answer"), "{output:?}");
    assert_eq!(names(&one(&output)), OURS);
}

#[test]
fn people_see_a_line_for_each() {
    let output = tiny(&with_frames(), &[]);
    let lines: Vec<_> = output.stdout.lines().collect();
    let has = |start: String| {
        let is_there = lines.iter().any(|line| line.starts_with(&start));
        assert!(is_there, "{start}: {output:?}");
    };
    has("Frames of 6 MiB, 60 in a second, two cores".to_owned());
    if has_two_processors() {
        for name in OURS {
            has(format!("  {name} "));
        }
        has("  Elsewhere, by copy ".to_owned());
        has("a plain read of as many bytes".to_owned());
    }
    has(" CPU of both sides, by loan, of the best rival by copy ".to_owned());
}

#[test]
fn what_makes_no_sense_is_refused() {
    for args in [
        &["--frames", "--goals"][..],
        &["--frames", "--crowd"],
        &["--frames", "--async"],
        &["--frames", "--strict"],
        &["--frames", "--report", "page.html"],
        &["--frames", "--compare", "old.json"],
        &["--frames", "--transports", "shm"],
        &["--frames", "--greedy", "2"],
        &["--frames", "--runs", "2"],
        &["--frames", "--rounds", "0"],
    ] {
        let output = run(["bench", "--quick"].iter().chain(args));
        assert_eq!(output.status, Some(2), "{args:?}: {output:?}");
        assert_eq!(output.stdout, "", "{args:?}");
    }
}
