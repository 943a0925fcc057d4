//! `calc-ipc bench`, and what `recommend` makes of it.

use crate::support::{Names, run};
use serde_json::Value;
use std::fs;

const TRANSPORTS: [&str; 4] = ["shm", "pipe", "tcp", "npipe"];

#[test]
fn every_transport_is_measured_beside_its_raw_limit() {
    let output = run(["bench", "--quick", "--json"]);
    assert_eq!(output.status, Some(0), "{output:?}");
    let report = &output.json()[0];
    let system = report["machine"]["system"].as_str().unwrap();
    assert!(system.starts_with("Windows "), "{system}");
    // Wine has told every program where it is.
    let is_wine = std::env::var_os("WINEHOMEDIR").is_some();
    assert_eq!(system.contains(", Wine "), is_wine, "{system}");
    let is_skipped = |row: &Value| row["name"] == "two_cores";
    let skipped = report["skipped"].as_array().unwrap();
    assert!(skipped.iter().all(is_skipped), "{skipped:?}");
    let rows = report["latencies"].as_array().unwrap();
    for transport in TRANSPORTS {
        for family in ["calc_ipc", "raw"] {
            let mut own = rows
                .iter()
                .filter(|row| row["transport"] == transport && row["family"] == family);
            assert!(own.clone().count() > 2, "{transport} {family}");
            assert!(
                own.all(|row| row["p50"].as_u64() > Some(0)),
                "{transport} {family}"
            );
        }
        let is_compared = |row: &&Value| {
            let is_ours = row["family"] == "calc_ipc" && row["transport"] == transport;
            is_ours && row["size"] == 0 && row["batch"] == 1
        };
        assert!(
            rows.iter()
                .filter(is_compared)
                .all(|row| row["over_raw"].as_f64() > Some(0.0)),
            "{transport}"
        );
    }
    let crowds = report["throughputs"].as_array().unwrap();
    assert!(
        crowds
            .iter()
            .any(|row| row["name"] == "raw npipe" && row["clients"] == 16)
    );

    let names = Names::new();
    let path = names.path("report.json");
    fs::write(&path, report.to_string()).unwrap();
    let path = path.to_str().unwrap();
    let output = run(["recommend", "--no-input", "--json", "--from", path]);
    let advice = &output.json()[0];
    assert_eq!(advice["transport"], "named_pipe", "{output:?}");
    let figures = advice["figures"]["transports"].as_array().unwrap();
    assert!(
        figures
            .iter()
            .any(|figure| figure["transport"] == "named_pipe"),
        "{advice}"
    );
}

#[test]
fn what_is_not_there_is_said() {
    let output = run(["bench", "--quick", "--transports", "npipe,unix"]);
    assert_eq!(output.status, Some(2), "{output:?}");
    assert!(
        output.stderr.contains("unix is not on this system"),
        "{output:?}"
    );
    for part in ["--goals", "--crowd", "--async", "--promises", "--frames"] {
        let output = run(["bench", part]);
        assert_eq!(output.status, Some(2), "{output:?}");
        assert!(output.stderr.contains("are for Linux"), "{output:?}");
    }
    let output = run(["gateway", "--listen", ":0"]);
    assert_eq!(output.status, Some(2), "{output:?}");
    assert!(output.stderr.contains("is for Linux"), "{output:?}");
}
