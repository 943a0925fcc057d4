//! `calc-ipc serve` and `calc-ipc call`.

use crate::support::{Names, Serving, run, run_with};

#[test]
fn what_is_served_is_asked_over_every_transport() {
    let names = Names::new();
    let urls = [names.npipe(), names.shm(), "tcp://127.0.0.1:0".to_owned()];
    let server = Serving::start(&urls);
    assert_eq!(server.urls[..2], urls[..2]);
    for url in &server.urls {
        let output = run(["call", url, "MUL", "6", "7"]);
        assert_eq!(
            (output.status, output.lines()),
            (Some(0), vec!["42"]),
            "{output:?}"
        );
        let output = run_with(["call", url, "-"], "ADD 1 2\nDIV 1 0\n");
        assert_eq!(output.status, Some(1), "{output:?}");
        assert_eq!(output.lines(), ["3", "error: Division by zero"]);
    }
}

#[test]
fn a_name_that_is_taken_is_said_to_be() {
    let names = Names::new();
    let _server = Serving::start(&[names.npipe()]);
    let output = run(["serve", &names.npipe()]);
    assert_eq!(output.status, Some(3), "{output:?}");
    assert!(
        output.stderr.contains("another process serves it"),
        "{output:?}"
    );
}
