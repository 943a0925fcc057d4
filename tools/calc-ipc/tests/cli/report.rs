//! `calc-ipc report`, and the schema of what it reads.

use crate::support::{Names, fields_documented, fields_of, run, schema_of};
use serde_json::{Value, json};
use std::fs;

/// A report with figures made up for tests.
pub(crate) const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/report.json");

/// The same, to be changed.
pub(crate) fn fixture() -> Value {
    serde_json::from_str(&fs::read_to_string(FIXTURE).unwrap()).unwrap()
}

/// Writes a report, and says where.
pub(crate) fn written(names: &Names, report: &Value) -> String {
    let path = names.path("report.json");
    fs::write(&path, report.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_page_holds_the_report_and_goes_where_it_should() {
    let names = Names::new();
    let page = names.path("page.html");
    let output = run(["report", FIXTURE, "--out", page.to_str().unwrap()]);
    assert_eq!(
        (output.status, &*output.stdout),
        (Some(0), ""),
        "{output:?}"
    );
    let written = fs::read_to_string(page).unwrap();
    let (_, rest) = written
        .split_once("type=\"application/json\">")
        .expect("the page has no report");
    let (embedded, _) = rest.split_once("</script>").unwrap();
    assert_eq!(serde_json::from_str::<Value>(embedded).unwrap(), fixture());
    assert_eq!(run(["report", FIXTURE]).stdout, written);
    let nowhere = run(["report", FIXTURE, "--out", "/nonexistent/page.html"]);
    assert_eq!(nowhere.status, Some(3), "{nowhere:?}");
}

#[test]
fn what_is_no_report_is_told_apart() {
    let names = Names::new();
    let fails = |report: &Value, words: &str| {
        for command in [&["report"][..], &["recommend", "--from"]] {
            let path = written(&names, report);
            let output = run(command.iter().copied().chain([&*path]));
            assert_eq!(output.status, Some(2), "{output:?}");
            assert_eq!(output.stdout, "");
            assert!(output.stderr.contains(words), "{output:?}");
        }
    };
    fails(&json!([1, 2]), "no report of calc-ipc bench --json");
    fails(&json!({"version": "0.1.0"}), "missing field `schema`");
    let mut report = fixture();
    report["schema"] = "calc-ipc-bench/2".into();
    fails(&report, "its schema is 'calc-ipc-bench/2', not");
    let mut report = fixture();
    report["latencies"][0]["p50"] = "fast".into();
    fails(&report, "expected u64");
    assert_eq!(run(["report", "/nonexistent"]).status, Some(3));
}

#[test]
fn fields_of_later_versions_do_no_harm() {
    let names = Names::new();
    let mut report = fixture();
    report["invented"] = json!({"later": true});
    report["machine"]["invented"] = json!(1);
    let output = run(["report", &written(&names, &report)]);
    assert_eq!(output.status, Some(0), "{output:?}");
}

#[test]
fn the_schema_is_documented_field_by_field() {
    let document = schema_of("calc-ipc bench --json");
    assert_eq!(fields_documented(&document), fields_of(&fixture()));
    for key in ["family", "transport", "waiting", "placement"] {
        for entry in fixture()["latencies"].as_array().unwrap() {
            let value = format!("`{}`", entry[key].as_str().unwrap());
            assert!(document.contains(&value), "{value} of {key}");
        }
    }
}
