//! `calc-ipc recommend`: what it asks, and whom.

use crate::support::{Alarm, Output, calc_ipc, finish, read_on_thread};
use nix::pty::openpty;
use serde_json::json;
use std::fs::File;
use std::io::{Read, Write};
use std::process::Stdio;

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
        ("event loop", "n\r"),
        ("How many threads", "1\r"),
        ("answers that come later", "n\r"),
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
        "--event-loop",
        "--threads=2",
        "--late-answers=false",
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
