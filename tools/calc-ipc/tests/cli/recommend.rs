//! `calc-ipc recommend`: what it decides, and by which figures.

use crate::report::{FIXTURE, fixture, written};
use crate::support::{Alarm, Names, Output, calc_ipc, finish, read_on_thread, run};
use nix::pty::openpty;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Read, Write};
use std::process::Stdio;

/// What it recommends, as JSON.
pub(crate) fn recommend(args: &[&str]) -> Value {
    let output = run([&["recommend", "--json"], args].concat());
    let [answer] = &output.json()[..] else {
        panic!("{output:?}");
    };
    assert_eq!((output.status, &*output.stderr), (Some(0), ""), "{args:?}");
    answer.clone()
}

fn assert_decides(args: &[&str], rule: &str, transport: &str) {
    let answer = recommend(args);
    let decided = (answer["rule"].as_str(), answer["transport"].as_str());
    assert_eq!(decided, (Some(rule), Some(transport)), "{args:?}: {answer}");
}

#[test]
fn every_leaf_of_the_tree_is_reached() {
    for (facts, rule, transport) in [
        ("", "unsure", "unix"),
        ("--relation=independent", "one-to-one", "unix"),
        ("--relation=parent-child", "parent-child", "pipe"),
        ("--clients=2", "many-clients", "unix"),
        (
            "--clients=5000 --relation=parent-child",
            "many-clients",
            "unix",
        ),
        ("--other-users", "users", "unix"),
        ("--other-users --relation=parent-child", "users", "unix"),
        ("--fastest", "speed", "shm"),
        ("--message-size=32767", "unsure", "unix"),
        ("--message-size=32768", "speed", "shm"),
        (
            "--message-size=32768 --relation=parent-child",
            "speed",
            "shm",
        ),
        ("--fastest --other-users --clients=9", "speed", "shm"),
        ("--other-machines", "network", "tcp"),
        (
            "--other-machines --fastest --relation=parent-child",
            "network",
            "tcp",
        ),
        ("--other-machines=false --fastest=false", "unsure", "unix"),
    ] {
        let facts: Vec<_> = facts.split_ascii_whitespace().collect();
        assert_decides(&[&facts[..], &["--no-measure"]].concat(), rule, transport);
    }
}

#[test]
fn figures_change_what_speed_decides() {
    let names = Names::new();
    // Another thousandth of its time makes a transport the fastest; a thousand times, the slowest.
    let with = |transport: &str, factor: f64| {
        let mut report = fixture();
        for row in report["latencies"].as_array_mut().unwrap() {
            if row["transport"] == transport {
                let time = row["p50"].as_f64().unwrap();
                row["p50"] = json!((time * factor).ceil().max(1.0) as u64);
            }
        }
        written(&names, &report)
    };
    let decides = |facts: &str, report: &str, transport: &str| {
        let answer = recommend(&[facts, "--from", report]);
        assert_eq!(answer["transport"], transport, "{facts}: {answer}");
        answer
    };
    decides("--relation=parent-child", FIXTURE, "pipe");
    let answer = decides("--relation=parent-child", &with("unix", 1e-3), "unix");
    assert_eq!(answer["runner_up"]["transport"], "pipe");
    assert!(answer["runner_up"]["times"].as_f64().unwrap() > 100.0);
    let reasons = answer["reasons"].to_string();
    assert!(
        reasons.contains("without figures it would be anonymous pipe"),
        "{reasons}"
    );
    decides("--relation=independent", FIXTURE, "fifo");
    decides("--relation=independent", &with("fifo", 1e3), "unix");
    decides("--fastest", FIXTURE, "shm");
    decides("--fastest", &with("shm", 1e6), "fifo");
    decides("--message-size=1048576", FIXTURE, "shm");
    decides("--message-size=1048576", &with("shm", 1e6), "unix");
    // These are not decided by speed.
    decides("--other-users", &with("unix", 1e6), "unix");
    decides("--clients=8", &with("unix", 1e6), "unix");
    decides("--other-machines", &with("tcp", 1e6), "tcp");
}

#[test]
fn a_little_faster_is_not_worth_it() {
    let names = Names::new();
    let with = |pipe: u64, unix: u64| {
        let mut report = fixture();
        for row in report["latencies"].as_array_mut().unwrap() {
            match row["transport"].as_str().unwrap() {
                "pipe" => row["p50"] = pipe.into(),
                "unix" => row["p50"] = unix.into(),
                _ => {}
            }
        }
        let path = written(&names, &report);
        recommend(&["--relation=parent-child", "--from", &path])["transport"].clone()
    };
    assert_eq!(with(1090, 1000), "pipe");
    assert_eq!(with(1110, 1000), "unix");
}

#[test]
fn the_figures_are_those_nearest_to_the_facts() {
    let figures =
        |args: &[&str]| recommend(&[args, &["--from", FIXTURE]].concat())["figures"].clone();
    let about = |args: &[&str]| figures(args)["about"].as_str().unwrap().to_owned();
    let two_cores = "each process on a CPU of its own";
    assert_eq!(
        about(&[]),
        format!("median of a call of 64 bytes, {two_cores}")
    );
    assert_eq!(
        about(&["--message-size=900000"]),
        format!("median of a call of 1 MiB, {two_cores}")
    );
    let many = figures(&["--clients=20"]);
    assert_eq!(
        many["about"],
        "time for each call of the calculator, clients that never pause: 16"
    );
    let times: Vec<_> = many["transports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["transport"])
        .collect();
    assert_eq!(times, ["unix", "shm"]);
    // Nothing was measured of many clients with messages like these.
    let large = about(&["--clients=20", "--message-size=65536"]);
    assert_eq!(large, format!("median of a call of 64 KiB, {two_cores}"));
}

#[test]
fn a_report_without_figures_is_no_obstacle() {
    let names = Names::new();
    let mut report = fixture();
    report["latencies"] = json!([]);
    report["throughputs"] = json!([]);
    let answer = recommend(&["--fastest", "--from", &written(&names, &report)]);
    assert_eq!(
        (&answer["transport"], &answer["figures"]),
        (&json!("shm"), &Value::Null)
    );
    let why = answer["not_measured"].as_str().unwrap();
    assert!(why.contains("no figures"), "{why}");
}

#[test]
fn facts_that_nobody_said_are_assumed_where_nobody_can_be_asked() {
    let all = [
        "relation",
        "clients",
        "message_size",
        "fastest",
        "other_users",
        "other_machines",
    ];
    let answer = recommend(&["--no-measure"]);
    assert_eq!(answer["facts"]["assumed"], json!(all));
    assert_eq!(answer["facts"]["clients"], 1);
    assert_eq!(answer["facts"]["relation"], Value::Null);
    let answer = recommend(&["--no-measure", "--clients=3", "--other-users=false"]);
    assert_eq!(
        answer["facts"]["assumed"],
        json!(["relation", "message_size", "fastest", "other_machines"])
    );
    let text = run(["recommend", "--no-measure", "--clients=3"]).stdout;
    assert!(
        text.contains("\n  --relation --message-size --fastest"),
        "{text}"
    );
}

#[test]
fn facts_that_make_no_sense_are_refused() {
    for args in [
        "--clients=0",
        "--clients=many",
        "--message-size=67108865",
        "--relation=siblings",
        "--other-users=perhaps",
        "--name=a/b",
        "--from=x --no-measure",
    ] {
        let output = run(["recommend"].into_iter().chain(args.split(' ')));
        assert_eq!((output.status, &*output.stdout), (Some(2), ""), "{args}");
    }
    let missing = run(["recommend", "--from", "/nonexistent"]);
    assert_eq!((missing.status, &*missing.stdout), (Some(3), ""));
}

#[test]
fn the_whole_tree_is_explained_by_what_decides() {
    let answer = recommend(&["--no-measure", "--explain", "--clients=2"]);
    let tree = answer["tree"].as_array().unwrap();
    let rules: Vec<_> = tree
        .iter()
        .map(|step| step["rule"].as_str().unwrap())
        .collect();
    assert_eq!(
        rules,
        [
            "network",
            "speed",
            "users",
            "many-clients",
            "parent-child",
            "one-to-one",
            "unsure"
        ]
    );
    let deciders: Vec<_> = tree.iter().filter(|step| step["decides"] == true).collect();
    assert_eq!(deciders.len(), 1);
    assert_eq!(deciders[0]["rule"], answer["rule"]);
    assert_eq!(deciders[0]["advice"], answer["reasons"][0]);
    let text = run(["recommend", "--no-measure", "--explain", "--clients=2"]).stdout;
    assert!(
        text.contains("\n> Has the server more than one client"),
        "{text}"
    );
    for step in tree {
        assert!(text.contains(step["question"].as_str().unwrap()), "{text}");
        assert!(text.contains(step["advice"].as_str().unwrap()), "{text}");
    }
    assert_eq!(recommend(&["--no-measure"]).get("tree"), None);
}

#[test]
fn people_are_told_the_same_in_words() {
    let Output { stdout, .. } = run(["recommend", "--from", FIXTURE, "--clients=20"]);
    let start = stdout.lines().next().unwrap();
    assert!(start.starts_with("Unix socket: unix:///"), "{stdout}");
    for words in [
        "\nmeasured: time for each call",
        "figures made up for tests",
        "times as fast; if that is what counts, say --fastest",
        "\nserver\n  shell  calc-ipc serve unix:///",
        "\nclient\n  shell  calc-ipc call unix:///",
    ] {
        assert!(stdout.contains(words), "{words:?} in {stdout}");
    }
}

/// Answers each question, once it is there.
fn converse(answers: &[(&str, &str)], args: &[&str]) -> Output {
    let terminal = openpty(None, None).unwrap();
    let mut command = calc_ipc(["recommend", "--json", "--no-measure"]);
    let slave = || Stdio::from(terminal.slave.try_clone().unwrap());
    command
        .args(args)
        .stdin(slave())
        .stderr(slave())
        .stdout(Stdio::piped());
    let mut child = command.env("TERM", "xterm").spawn().unwrap();
    let _hangs = Alarm::set(&child);
    // Only the child has the terminal open from here on, so its end is the end of what can be read.
    drop((command, terminal.slave));
    let mut screen = File::from(terminal.master);
    let mut shown = String::new();
    let mut bytes = [0; 4096];
    for (question, answer) in answers {
        while !shown.contains(question) {
            let count = screen.read(&mut bytes).unwrap();
            shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        screen.write_all(answer.as_bytes()).unwrap();
    }
    let stdout = read_on_thread(child.stdout.take().unwrap());
    // The end is an error, as with every terminal that its last writer has closed.
    while let Ok(1..) = screen.read(&mut bytes) {}
    Output {
        status: child.wait().unwrap().code(),
        stdout: stdout.join().unwrap(),
        stderr: shown,
    }
}

#[test]
fn at_a_terminal_it_asks_for_what_was_not_said() {
    let questions = [
        ("processes started?", "starts\r"),
        ("How many clients", "1\r"),
        ("How many bytes", "70000\r"),
        ("time of a call?", "n\r"),
        ("processes of other users", "n\r"),
        ("on other machines", "n\r"),
    ];
    let output = converse(&questions, &[]);
    assert_eq!(output.status, Some(0), "{output:?}");
    let facts = &output.json()[0]["facts"];
    assert_eq!(facts["relation"], "parent-child");
    assert_eq!(facts["message_size"], 70000);
    assert_eq!(facts["assumed"], json!([]));
    let said = [
        "--relation=independent",
        "--message-size=9",
        "--fastest=false",
        "--other-machines=false",
    ];
    let output = converse(&[questions[1], ("processes of other users", "y\r")], &said);
    assert_eq!(output.json()[0]["rule"], "users", "{output:?}");
    assert!(!output.stderr.contains("started?"), "{output:?}");
}

#[test]
fn at_a_terminal_it_asks_nothing_if_told_so() {
    let output = converse(&[], &["--no-input"]);
    assert_eq!(output.json()[0]["rule"], "unsure", "{output:?}");
    assert_eq!(output.stderr, "");
}

#[test]
fn where_no_terminal_is_input_is_not_read() {
    let mut command = calc_ipc(["recommend", "--no-measure"]);
    command.env_remove("TERM");
    let output = finish(command, "\n\n\n");
    assert_eq!((output.status, &*output.stderr), (Some(0), ""));
}
