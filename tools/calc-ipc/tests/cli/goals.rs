//! `calc-ipc bench --goals`: what has a limit, and what is printed. Whether a goal is met is nobody's business here.

use crate::bench::{TRANSPORTS, all, has_two_processors, one, rows};
use crate::support::{calc_ipc, finish_within};
use serde_json::{Value, json};
use std::time::Duration;

/// Two short runs of all goals take a minute in a build without optimisation.
const PATIENCE: Duration = Duration::from_secs(600);

/// What is aimed at: at most so much where the limit is that, at least where it is negative, nothing where it is zero.
const LIMITS: [(&str, f64); 24] = [
    ("shm, default, two cores, more than a cache line", 45.0),
    (
        "shm, echo of 64 bytes, max_message of 2 MiB, of the default's",
        1.1,
    ),
    (
        "shm, echo of 64 bytes, max_message of 16 MiB, of the default's",
        1.1,
    ),
    ("pipe, default, one core, mean, of blocking", 1.03),
    ("pipe, default, beside 2 hogs, mean, of blocking", 1.05),
    ("shm, default, beside 4 hogs, p99.9, of blocking", 1.05),
    ("unix, 4 clients, calls/s, of a thread for each", -1.0),
    ("unix, 256 clients, calls/s, of a thread for each", -1.0),
    ("unix, 1000 clients, calls/s, of one epoll thread", -1.0),
    (
        "shm, 64 clients, calls/s, of those of the Unix socket",
        -5.0,
    ),
    ("shm, 64 clients, least served of most served", -0.5),
    ("shm, one active among 16 clients, of alone", 1.2),
    ("shm, one active among 1000 clients, of alone", 1.2),
    (
        "unix, batches of 8, calls/s, of a raw whole job, both blocking",
        -0.9,
    ),
    (
        "unix, batches of 512, calls/s, of a raw whole job, default and polled",
        -0.9,
    ),
    (
        "shm, connect, call, close, per second, of the Unix socket",
        -0.5,
    ),
    ("unix, connect, call, close, per second, of raw unix", 0.0),
    ("shm, 1000 clients, memory of the server, of each", 0.0),
    ("shm, 1000 clients, shared memory, of each", 0.0),
    (
        "unix, 1000 clients, descriptors of the server, of each",
        0.0,
    ),
    ("shm, echo of 16 MiB, two cores, of iceoryx2 by copy", 0.9),
    (
        "shm, echo of 16 MiB, two cores, of the fastest rival that copies",
        0.9,
    ),
    ("shm, echo of 176 bytes, two cores, of Tachyon", 0.8),
    ("tcp, default, one core, mean, of the textbook's", 0.9),
];

fn limit_of(limit: f64) -> Value {
    match limit {
        0.0 => json!("open"),
        _ if limit < 0.0 => json!({"at_least": -limit}),
        _ => json!({"at_most": limit}),
    }
}

#[test]
fn goals_are_found_met_or_not() {
    let command = calc_ipc(["bench", "--goals", "--quick", "--runs", "2", "--json"]);
    let output = finish_within(PATIENCE, command, "");
    assert_eq!(output.status, Some(0), "{output:?}");
    let found = one(&output);
    assert_eq!(
        (&found["schema"], &found["runs"]),
        (&"calc-ipc-goals/1".into(), &2.into())
    );
    assert_eq!(rows(&found, "seconds").len(), 2);
    let goals = rows(&found, "goals");
    assert_eq!(all(goals, "what").len(), goals.len());
    for goal in goals {
        let has_limit = goal["limit"] != "open";
        assert_eq!(
            goal["met"].is_boolean(),
            has_limit && goal["measured"].is_number(),
            "{goal}"
        );
        // Other libraries' programs take part where they are named.
        let what = goal["what"].as_str().unwrap();
        let of_others = [
            "of the textbook's",
            "of iceoryx2 by copy",
            "rival that copies",
            "of Tachyon",
        ];
        if of_others.iter().any(|of| what.ends_with(of)) {
            assert!(goal["measured"].is_null(), "{goal}");
            continue;
        }
        let is_elsewhere = goal["measured"].is_null() && !has_two_processors();
        assert!(is_elsewhere || goal["measured"].is_number(), "{goal}");
    }
    let idle = goals.iter().filter(|goal| goal["unit"] == "wake-ups");
    assert_eq!(idle.count(), TRANSPORTS.len());
    for size in ["64 KiB", "256 KiB", "1 MiB", "16 MiB"] {
        assert_large(goals, &format!("shm, echo of {size}"));
    }
    for (what, limit) in LIMITS {
        let goal = goals.iter().find(|goal| goal["what"] == what);
        let goal = goal.unwrap_or_else(|| panic!("no {what}"));
        assert_eq!(goal["limit"], limit_of(limit), "{what}");
    }
}

/// Large messages are copied, and lent.
fn assert_large(goals: &[Value], echo: &str) {
    for (what, unit, limit) in [
        ("two cores", "us", json!("open")),
        ("two cores, of three copies", "x", json!("open")),
        (
            "by loan, filled and read, of a call",
            "x",
            json!({"at_most": 0.85}),
        ),
        ("by loan, ends touched", "us", json!("open")),
        (
            "by loan, ends touched, of a call, ends touched",
            "x",
            json!("open"),
        ),
    ] {
        let what = format!("{echo}, {what}");
        let goal = goals.iter().find(|goal| goal["what"] == *what);
        let goal = goal.unwrap_or_else(|| panic!("no {what}"));
        assert_eq!((&goal["unit"], &goal["limit"]), (&unit.into(), &limit));
    }
}
