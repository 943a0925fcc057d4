//! `calc-ipc recommend`: what it decides, and by which figures.

use crate::report::{FIXTURE, fixture, written};
use crate::support::{Names, Output, run};
use serde_json::{Value, json};

const FASTER: [u64; 2] = [1, 1000];
const SLOWER: [u64; 2] = [1_000_000, 1];

/// What it recommends, as JSON.
fn recommend(args: &[&str]) -> Value {
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
        ("--event-loop", "more-than-calls", "unix"),
        (
            "--threads=2 --relation=parent-child",
            "more-than-calls",
            "unix",
        ),
        (
            "--late-answers --relation=independent",
            "more-than-calls",
            "unix",
        ),
        ("--late-answers --clients=2", "many-clients", "unix"),
        ("--event-loop --fastest", "speed", "shm"),
        (
            "--event-loop=false --threads=1 --late-answers=false",
            "unsure",
            "unix",
        ),
    ] {
        let facts: Vec<_> = facts.split_ascii_whitespace().collect();
        assert_decides(&[&facts[..], &["--no-measure"]].concat(), rule, transport);
    }
}

#[test]
fn windows_has_named_pipes_in_the_place_of_sockets_and_fifos() {
    for (facts, rule, transport, url) in [
        ("", "unsure", "named_pipe", "npipe://calc"),
        (
            "--relation=independent",
            "one-to-one",
            "named_pipe",
            "npipe://calc",
        ),
        ("--clients=9", "many-clients", "named_pipe", "npipe://calc"),
        ("--other-users", "users", "named_pipe", "npipe://calc"),
        (
            "--event-loop",
            "more-than-calls",
            "named_pipe",
            "npipe://calc",
        ),
        ("--fastest", "speed", "shm", "shm://calc"),
        (
            "--relation=parent-child",
            "parent-child",
            "pipe",
            "exec:///C:/services/calc-server.exe",
        ),
    ] {
        let facts: Vec<_> = facts.split_ascii_whitespace().collect();
        let args = [&facts[..], &["--no-measure", "--system=windows"]].concat();
        assert_decides(&args, rule, transport);
        let answer = recommend(&[&args[..], &["--explain"]].concat());
        assert_eq!(answer["client"]["url"], url, "{answer}");
        let tree = answer["tree"].to_string();
        assert!(!tree.contains("Unix") && !tree.contains("fifo"), "{tree}");
    }
    // Shared memory between users is for Linux.
    let args = [
        "--no-measure",
        "--system=windows",
        "--fastest",
        "--other-users",
    ];
    assert_decides(&args, "speed", "named_pipe");
    let answer = recommend(&args);
    assert!(
        answer["client"]["c"]
            .to_string()
            .contains("CALC_IPC_SERVER_UID_ANY"),
        "{answer}"
    );
    // Nothing is measured for another system.
    let why = recommend(&["--system=windows"])["not_measured"].to_string();
    assert!(why.contains("not one of that system"), "{why}");
    assert_decides(&["--system=linux", "--no-measure"], "unsure", "unix");
}

#[test]
fn figures_change_what_speed_decides() {
    let names = Names::new();
    // In a thousandth of its time a transport is the fastest, in a million times as long the slowest.
    let with = |transport: &str, [times, over]: [u64; 2]| {
        let mut report = fixture();
        for row in report["latencies"].as_array_mut().unwrap() {
            if row["transport"] == transport {
                let time = row["p50"].as_u64().unwrap();
                row["p50"] = json!((time * times).div_ceil(over));
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
    let answer = decides("--relation=parent-child", &with("unix", FASTER), "unix");
    assert_eq!(answer["runner_up"]["transport"], "pipe");
    assert!(answer["runner_up"]["times"].as_f64().unwrap() > 100.0);
    let reasons = answer["reasons"].to_string();
    assert!(
        reasons.contains("without figures it would be anonymous pipe"),
        "{reasons}"
    );
    decides("--relation=independent", FIXTURE, "fifo");
    decides("--relation=independent", &with("fifo", SLOWER), "unix");
    decides("--fastest", FIXTURE, "shm");
    decides("--fastest", &with("shm", SLOWER), "fifo");
    decides("--message-size=1048576", FIXTURE, "shm");
    decides("--message-size=1048576", &with("shm", SLOWER), "unix");
    // These are not decided by speed.
    decides("--other-users", &with("unix", SLOWER), "unix");
    decides("--clients=8", &with("unix", SLOWER), "unix");
    decides("--other-machines", &with("tcp", SLOWER), "tcp");
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
        "event_loop",
        "threads",
        "late_answers",
    ];
    let answer = recommend(&["--no-measure"]);
    assert_eq!(answer["facts"]["assumed"], json!(all));
    assert_eq!(answer["facts"]["clients"], 1);
    assert_eq!(answer["facts"]["relation"], Value::Null);
    let answer = recommend(&["--no-measure", "--clients=3", "--other-users=false"]);
    assert_eq!(
        answer["facts"]["assumed"],
        json!([
            "relation",
            "message_size",
            "fastest",
            "other_machines",
            "event_loop",
            "threads",
            "late_answers"
        ])
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
        "--threads=0",
        "--threads=1025",
        "--system=plan9",
        "--name=calc.",
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
            "more-than-calls",
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

#[test]
fn without_a_report_this_machine_is_measured() {
    let answer = recommend(&["--relation=independent", "--no-input"]);
    assert!(
        answer.get("not_measured").is_none_or(Value::is_null),
        "{answer}"
    );
    let figures = answer["figures"]["transports"].as_array().unwrap();
    assert!(figures.len() >= 2, "{answer}");
    for figure in figures {
        assert!(figure["time_ns"].as_f64().unwrap() > 0.0, "{answer}");
    }
}

#[test]
fn the_benchmark_writes_the_page_itself() {
    let names = Names::new();
    let page = names.path("report.html");
    let to = page.to_str().unwrap();
    let output = run(["bench", "--quick", "--transports=pipe", "--report", to]);
    assert_eq!(output.status, Some(0), "{output:?}");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("calc-ipc-bench/1") && page.contains("calc_ipc pipe"));
}

/// The guide has the questions of the program, in the program's order.
#[test]
fn the_guide_asks_what_is_asked() {
    let guide = include_str!("../../../../docs/which-ipc.md");
    let answer = recommend(&["--no-measure", "--explain"]);
    let questions = answer["tree"].as_array().unwrap().iter();
    let questions: Vec<_> = questions
        .map(|step| step["question"].as_str().unwrap())
        .collect();
    let rows = guide.lines().filter_map(|line| {
        let cell = line.strip_prefix("| ")?.split(" |").next()?;
        cell.ends_with('?').then_some(cell)
    });
    assert_eq!(rows.collect::<Vec<_>>(), questions);
}
