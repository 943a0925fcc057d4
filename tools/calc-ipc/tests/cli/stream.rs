//! `calc-ipc call -`: standard input in batches.

use crate::support::{Alarm, Names, Serving, calc_ipc, finish, run_with};
use nix::sys::signal::Signal;
use serde_json::json;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixListener;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn a_hundred_thousand_lines_are_answered_in_order_over_every_transport() {
    let names = Names::new();
    let urls = [names.unix(), names.shm(), names.fifo()];
    let _server = Serving::start(&urls);
    let input: String = (0..100_000)
        .map(|i| format!("ADD {i} {}\n", i + 1))
        .collect();
    let expected: String = (0..100_000).map(|i| format!("{}\n", 2 * i + 1)).collect();
    for url in &urls {
        let output = run_with(["call", url, "-"], &input);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        assert!(output.stdout == expected, "{url}");
        assert_eq!(output.stderr, "");
    }
}

/// One call a line would wait for ever for the first answer.
#[test]
fn requests_are_sent_before_the_first_answer() {
    const COUNT: usize = 500;
    let names = Names::new();
    let listener = UnixListener::bind(names.path("sock")).unwrap();
    let server = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut frames = [0; COUNT * (4 + "ADD 1 2".len())];
        client.read_exact(&mut frames).unwrap();
        client.write_all(&b"\x04\0\0\0OK 3".repeat(COUNT)).unwrap();
    });
    let output = run_with(["call", &names.unix(), "-"], &"ADD 1 2\n".repeat(COUNT));
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(output.stdout, "3\n".repeat(COUNT));
    server.join().unwrap();
}

#[test]
fn malformed_lines_are_reported_and_the_others_answered() {
    let names = Names::new();
    let url = names.unix();
    let _server = Serving::start(&[&url]);
    let input = format!(
        "ADD 1 2\n\nPOW 2 3\n{}\nDIV 1 0\n \nADD 1\n\u{fffd}\x1b\nmul  7\t8 \r\nSUB 1 3",
        "x".repeat(1 << 17)
    );
    let output = run_with(["call", &url, "-"], &input);
    assert_eq!(output.status, Some(2));
    assert_eq!(output.lines(), ["3", "error: Division by zero", "56", "-2"]);
    let lines: Vec<_> = output.stderr.lines().collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    for (line, number) in lines.iter().zip([3, 4, 7, 8]) {
        assert!(
            line.starts_with(&format!("calc-ipc: line {number}: ")),
            "{line}"
        );
    }
    assert!(!output.stderr.contains('\x1b'));
}

#[test]
fn the_status_tells_of_remote_errors() {
    let names = Names::new();
    let url = names.unix();
    let _server = Serving::start(&[&url]);
    let output = run_with(["call", &url, "-"], "DIV 1 0\nADD 1 2\n");
    assert_eq!(output.status, Some(1));
    assert_eq!(output.lines(), ["error: Division by zero", "3"]);
    assert_eq!(run_with(["call", &url, "-"], "").status, Some(0));
}

#[test]
fn json_tells_the_line() {
    let names = Names::new();
    let url = names.unix();
    let _server = Serving::start(&[&url]);
    let output = run_with(["call", &url, "-", "--json"], "ADD 1 2\n\nDIV 1 0\n");
    assert_eq!(
        output.json(),
        [
            json!({"line": 1, "request": "ADD 1 2", "result": 3}),
            json!({"line": 3, "request": "DIV 1 0", "error": "Division by zero"}),
        ]
    );
}

#[test]
fn an_input_that_cannot_be_read_is_no_end_of_input() {
    let names = Names::new();
    let url = names.unix();
    let _server = Serving::start(&[&url]);
    let mut shell = std::process::Command::new("sh");
    let program = env!("CARGO_BIN_EXE_calc-ipc");
    shell.args(["-c", &format!("'{program}' call '{url}' - < /")]);
    let output = finish(shell, "");
    assert_eq!(output.status, Some(3));
    assert!(output.stderr.contains("standard input"), "{output:?}");
}

/// A command that is asked line by line.
struct Conversation {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    _hangs: Alarm,
}

impl Conversation {
    fn begin(url: &str, stderr: Stdio) -> Self {
        let mut child = calc_ipc(["call", url, "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            _hangs: Alarm::set(&child),
            child,
        }
    }

    fn ask(&mut self, lines: &str) -> Vec<String> {
        self.input.write_all(lines.as_bytes()).unwrap();
        let count = lines.lines().count();
        let answers = self.output.by_ref().lines().take(count);
        answers.map(Result::unwrap).collect()
    }

    /// The most memory that it ever had, in KiB (proc_pid_status(5)).
    fn peak_memory(&self) -> u64 {
        let about = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = about.lines().find(|line| line.starts_with("VmHWM:"));
        let mut words = line.unwrap().split_ascii_whitespace();
        words.nth(1).unwrap().parse().unwrap()
    }

    fn end(mut self) -> Option<i32> {
        drop(self.input);
        self.child.wait().unwrap().code()
    }
}

#[test]
fn an_input_without_end_is_answered_at_once_and_in_constant_memory() {
    let names = Names::new();
    let url = names.unix();
    let _server = Serving::start(&[&url]);
    let mut conversation = Conversation::begin(&url, Stdio::inherit());
    for i in 0..100 {
        // Half a line must not keep the whole ones waiting.
        let halves = [format!("ADD {i} 1\nADD {i} 2\nADD {i}"), " 3\n".to_owned()];
        conversation.input.write_all(halves[0].as_bytes()).unwrap();
        let answers: Vec<_> = conversation.output.by_ref().lines().take(2).collect();
        assert_eq!(answers[1].as_ref().unwrap(), &(i + 2).to_string());
        conversation.input.write_all(halves[1].as_bytes()).unwrap();
        let last = conversation.output.by_ref().lines().next().unwrap();
        assert_eq!(last.unwrap(), (i + 3).to_string());
    }
    // As much as a pipe and the answers to it can hold, so that nobody waits for the other.
    let lines = "MUL 12345 67890\n".repeat(4000);
    for _ in 0..10 {
        conversation.ask(&lines);
    }
    let early = conversation.peak_memory();
    for _ in 0..100 {
        assert_eq!(conversation.ask(&lines).last().unwrap(), "838102050");
    }
    let late = conversation.peak_memory();
    assert!(late < early + 1024, "{early} KiB, then {late} KiB");
    assert_eq!(conversation.end(), Some(0));
}

#[test]
fn answers_before_a_failure_are_kept() {
    let names = Names::new();
    let url = names.unix();
    let server = Serving::start(&[&url]);
    let mut conversation = Conversation::begin(&url, Stdio::piped());
    assert_eq!(conversation.ask("ADD 1 2\nADD 3 4\n"), ["3", "7"]);
    server.end_by(Signal::SIGKILL);
    assert_eq!(conversation.ask("ADD 1 2\n"), [""; 0]);
    let mut stderr = String::new();
    let mut from_child = conversation.child.stderr.take().unwrap();
    assert_eq!(conversation.end(), Some(3));
    from_child.read_to_string(&mut stderr).unwrap();
    assert!(
        stderr.starts_with(&format!("calc-ipc: line 3: {url}: ")),
        "{stderr}"
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let names = Names::new();
    let url = names.unix();
    let _server = Serving::start(&[&url]);
    let pipeline = format!(
        "yes ADD 1 2 | {{ '{}' call '{url}' -; echo $? >&2; }} | head -n 1",
        env!("CARGO_BIN_EXE_calc-ipc")
    );
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &pipeline]);
    let output = finish(shell, "");
    assert_eq!((&*output.stdout, &*output.stderr), ("3\n", "0\n"));
}

#[test]
fn a_person_who_waits_sees_how_far_it_is() {
    let names = Names::new();
    let url = names.unix();
    let _server = Serving::start(&[&url]);
    let terminal = nix::pty::openpty(None, None).unwrap();
    let mut conversation = Conversation::begin(&url, terminal.slave.into());
    let (seen, sees) = mpsc::channel();
    thread::spawn(move || {
        let mut screen = File::from(terminal.master);
        let mut bytes = [0; 4096];
        // The end is an error, as with every terminal that its last writer has closed.
        while let Ok(count) = screen.read(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            if seen.send(text).is_err() {
                return;
            }
        }
    });
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut shown = String::new();
    while !shown.contains(" answers in ") {
        assert!(Instant::now() < deadline, "{shown:?}");
        assert_eq!(conversation.ask("ADD 1 2\n"), ["3"]);
        shown.extend(sees.try_iter());
    }
    assert_eq!(conversation.end(), Some(0));
}
