//! `calc-ipc call` with one expression.

use crate::support::{Names, Serving, run};
use serde_json::json;

#[test]
fn an_answer_is_printed() {
    let names = Names::new();
    let url = names.unix();
    let _server = Serving::start(&[&url]);
    for (words, answer) in [
        (&["ADD", "10", "20"][..], "30\n"),
        (&["SUB", "-5", "3"], "-8\n"),
        (&["mul 7 8"], "56\n"),
        (&["DIV", "-7", "2"], "-3\n"),
    ] {
        let output = run([&["call", &url], words].concat());
        assert_eq!(output.status, Some(0), "{output:?}");
        assert_eq!(output.stdout, answer);
        assert_eq!(output.stderr, "");
    }
}

#[test]
fn a_remote_error_is_an_answer_with_a_status_of_its_own() {
    let names = Names::new();
    let url = names.unix();
    let _server = Serving::start(&[&url]);
    let output = run(["call", &url, "DIV", "10", "0"]);
    assert_eq!(output.status, Some(1));
    assert_eq!(output.stdout, "error: Division by zero\n");
    assert_eq!(output.stderr, "");
}

#[test]
fn json_has_one_object_per_answer() {
    let names = Names::new();
    let url = names.unix();
    let _server = Serving::start(&[&url]);
    let output = run(["call", "--json", &url, "mul", "07", "8"]);
    assert_eq!(output.json(), [json!({"request": "MUL 7 8", "result": 56})]);
    let output = run(["call", &url, "DIV", "1", "0", "--json"]);
    assert_eq!(output.status, Some(1));
    assert_eq!(
        output.json(),
        [json!({"request": "DIV 1 0", "error": "Division by zero"})]
    );
}

#[test]
fn what_cannot_be_asked_is_a_usage_error_even_without_a_server() {
    let url = Names::new().unix();
    for words in [
        &["POW", "2", "3"][..],
        &["ADD", "1"],
        &["ADD", "1", "x"],
        &["ADD", "1", "9223372036854775808"],
        &["ADD", "1", "2", "3"],
        &[],
    ] {
        let output = run([&["call", &url], words].concat());
        assert_eq!(output.status, Some(2), "{words:?}: {output:?}");
        assert_eq!(output.stdout, "");
    }
    assert_eq!(run(["call", "calc.sock", "ADD", "1", "2"]).status, Some(2));
    assert_eq!(run(["call", "stdio:", "ADD", "1", "2"]).status, Some(2));
}

#[test]
fn a_transport_error_is_told_in_the_librarys_words() {
    let url = Names::new().unix();
    let output = run(["call", &url, "ADD", "1", "2"]);
    assert_eq!(output.status, Some(3));
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains(&url), "{output:?}");
    assert!(output.stderr.contains("no server there"), "{output:?}");
}

#[test]
fn a_server_that_hangs_is_waited_for_as_long_as_was_said() {
    let names = Names::new();
    let url = names.unix();
    let server = Serving::start(&[&url]);
    server.freeze();
    let output = run(["call", "--timeout", "50ms", &url, "ADD", "1", "2"]);
    assert_eq!(output.status, Some(3));
    assert!(output.stderr.contains("timed out"), "{output:?}");
}

#[test]
fn whose_server_it_has_to_be_can_be_said() {
    let names = Names::new();
    let url = names.unix();
    let _server = Serving::start(&[&url]);
    let status = |user: &str| run(["call", "--server-user", user, &url, "ADD", "1", "2"]).status;
    let own = nix::unistd::geteuid().as_raw();
    assert_eq!(status("any"), Some(0));
    assert_eq!(status("own"), Some(0));
    assert_eq!(status(&own.to_string()), Some(0));
    assert_eq!(status(&(own + 1).to_string()), Some(3));
}
