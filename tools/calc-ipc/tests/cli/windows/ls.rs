//! `calc-ipc ls`. Wine does not list pipes; which pipes are endpoints, `src/ls/pipes.rs` tests.

use crate::support::{Names, Serving, run};
use serde_json::{Value, json};
use std::fs;

#[test]
fn endpoints_are_listed_where_the_system_lists_its_pipes() {
    let names = Names::new();
    let server = Serving::start(&[names.npipe(), names.shm()]);
    let output = run(["ls", "--json"]);
    if let Err(error) = fs::read_dir(r"\\.\pipe\") {
        assert_eq!((output.status, &*output.stdout), (Some(3), ""));
        let why = format!("this system does not list its pipes: {error}");
        assert!(output.stderr.contains(&why), "{output:?}");
        return;
    }
    let expected = |kind: &str, url: &str| {
        let name = url.split_once("://").unwrap().1;
        let before = if kind == "shm" { "calc_ipc.shm." } else { "" };
        let path = format!(r"\\.\pipe\{before}{name}");
        json!({"state": "alive", "kind": kind, "url": url, "path": path, "pid": null})
    };
    let listed = output.json();
    assert!(
        listed.contains(&expected("npipe", &names.npipe())),
        "{output:?}"
    );
    assert!(
        listed.contains(&expected("shm", &names.shm())),
        "{output:?}"
    );
    drop(server);
    let is_ours = |endpoint: &Value| endpoint["path"].as_str().unwrap().contains(names.word());
    assert!(!run(["ls", "--json"]).json().iter().any(is_ours));
}

#[test]
fn pipes_are_in_no_folder() {
    let output = run(["ls", "C:\\"]);
    assert_eq!(output.status, Some(2), "{output:?}");
    assert!(output.stderr.contains("are in no folder"), "{output:?}");
}
