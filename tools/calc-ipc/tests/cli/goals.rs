//! `calc-ipc bench --goals`: what has a limit, and what is printed. Whether a goal is met is nobody's business here.

use crate::bench::{TRANSPORTS, all, has_two_processors, one, rows};
use crate::support::run;
use serde_json::{Value, json};

#[test]
fn goals_are_found_met_or_not() {
    let output = run(["bench", "--goals", "--quick", "--runs", "2", "--json"]);
    assert_eq!(output.status, Some(0), "{output:?}");
    let found = one(&output);
    assert_eq!(
        (&found["schema"], &found["runs"]),
        (&"calc-ipc-goals/1".into(), &2.into())
    );
    let goals = rows(&found, "goals");
    assert_eq!(all(goals, "what").len(), goals.len());
    for goal in goals {
        let has_limit = goal["limit"] != "open";
        assert_eq!(
            goal["met"].is_boolean(),
            has_limit && goal["measured"].is_number(),
            "{goal}"
        );
        let is_elsewhere = goal["measured"].is_null() && !has_two_processors();
        assert!(is_elsewhere || goal["measured"].is_number(), "{goal}");
    }
    let idle = goals.iter().filter(|goal| goal["unit"] == "wake-ups");
    assert_eq!(idle.count(), TRANSPORTS.len());
    for size in ["64 KiB", "1 MiB", "16 MiB"] {
        assert_large(goals, &format!("shm, echo of {size}"));
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
