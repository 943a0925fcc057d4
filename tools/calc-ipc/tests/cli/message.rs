//! Messages of one's own: `calc-ipc serve --echo` and `--exec`, and `calc-ipc call` with `--bytes`, `--hex` and `--file`.

use crate::support::{Names, Output, Serving, calc_ipc, finish, run, run_with};
use nix::sys::signal::Signal;
use serde_json::json;
use std::fs;

fn call(url: &str, args: &[&str]) -> Output {
    run([&["call", url], args].concat())
}

fn says(output: &Output, text: &str) {
    assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""));
    assert_eq!(output.stdout, text);
}

#[test]
fn a_message_is_text_digits_a_file_or_the_input() {
    let names = Names::new();
    let url = &names.unix();
    let _server = Serving::start(&["--echo", url]);
    says(&call(url, &["--bytes", "hello"]), "hello");
    says(&call(url, &["--bytes", "--json"]), "--json");
    says(&call(url, &["--bytes", ""]), "");
    says(&call(url, &["--hex", "00 fF7f"]), "00ff7f\n");
    let path = names.path("message");
    fs::write(&path, "from a file").unwrap();
    says(
        &call(url, &["--file", path.to_str().unwrap()]),
        "from a file",
    );
    let output = run_with(["call", url, "--file", "-"], "ADD 1 2\nthe input");
    says(&output, "ADD 1 2\nthe input");
    let [answer] = &call(url, &["--json", "--bytes", "h\u{e9}"]).json()[..] else {
        panic!("one line");
    };
    assert_eq!(
        *answer,
        json!({"length": 3, "text": "h\u{e9}", "hex": "68c3a9"})
    );
    let [answer] = &call(url, &["--json", "--hex", "ff"]).json()[..] else {
        panic!("one line");
    };
    assert_eq!(*answer, json!({"length": 1, "text": null, "hex": "ff"}));
}

#[test]
fn large_messages_go_where_the_server_takes_them() {
    let names = Names::new();
    let urls = [names.unix(), names.shm()];
    let _server = Serving::start(&["--echo", "--max-message", "1MiB", &urls[0], &urls[1]]);
    let message = "x".repeat(1 << 20);
    for url in &urls {
        says(&run_with(["call", url, "--file", "-"], &message), &message);
        let output = run_with(["call", url, "--file", "-"], &(message.clone() + "x"));
        assert_eq!(output.status, Some(3), "{}", output.stderr);
        assert!(output.stderr.contains("too large"), "{}", output.stderr);
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_anybody_is_asked() {
    let nobody = "unix:///none/sock";
    for args in [
        &["--hex", "0"][..],
        &["--hex", "zz"],
        &["--bytes", "a", "--hex", "00"],
        &["--bytes", "a", "ADD", "1", "2"],
        &["--file", "a", "--bytes", "b"],
        &[],
    ] {
        assert_eq!(call(nobody, args).status, Some(2), "{args:?}");
    }
    let missing = call(nobody, &["--file", "/none/file"]);
    assert_eq!(missing.status, Some(3));
    assert!(
        missing.stderr.starts_with("calc-ipc: /none/file: "),
        "{missing:?}"
    );
    let names = Names::new();
    for args in [
        &["--echo", "--exec", "cat"][..],
        &["--exec", "/none/program"],
        &["--exec", "no-such-program-anywhere"],
        &["--exec", "cat 'x"],
        &["--exec", ""],
        &["--max-message", "1GiB"],
        &["--max-message", "64 KiB"],
        &["--workers", "1025"],
        &["--stall-timeout", "0"],
        &[&names.unix()],
    ] {
        let output = run([&["serve", &names.unix()], args].concat());
        assert_eq!(output.status, Some(2), "{args:?} {output:?}");
        assert_eq!(names.files(), [""; 0], "{args:?}");
    }
}

#[test]
fn a_program_is_given_the_message_and_gives_the_answer() {
    let names = Names::new();
    let url = &names.unix();
    let _server = Serving::start(&["--exec", "tr a-z 'A-Z'", url]);
    says(&call(url, &["--bytes", "hello"]), "HELLO");
    says(&call(url, &["--bytes", "and again"]), "AND AGAIN");
    let large = "x".repeat(60_000);
    let output = run_with(["call", url, "--file", "-"], &large);
    says(&output, &large.to_uppercase());
}

#[test]
fn a_program_need_not_read() {
    let names = Names::new();
    let url = &names.unix();
    let _server = Serving::start(&["--exec", "echo hi", "--max-message", "8MiB", url]);
    says(
        &run_with(["call", url, "--file", "-"], &"x".repeat(8 << 20)),
        "hi\n",
    );
}

#[test]
fn a_program_that_fails_is_a_handler_that_failed() {
    let names = Names::new();
    let url = &names.unix();
    let command = [
        "--verbose",
        "--exec",
        "sh -c 'read line; echo $line; exit $line'",
        url,
    ];
    let server = Serving::start(&command);
    says(&call(url, &["--bytes", "0\n"]), "0\n");
    let output = call(url, &["--bytes", "3\n"]);
    assert_eq!((output.status, output.stdout.as_str()), (Some(1), ""));
    assert!(output.stderr.contains("handler failed"), "{output:?}");
    says(&call(url, &["--bytes", "0\n"]), "0\n");
    let told = server.end_by(Signal::SIGTERM).stderr;
    assert!(told.contains("sh: exit status: 3"), "{told}");
    assert!(told.contains("2 requests answered"), "{told}");
}

#[test]
fn an_answer_that_has_no_room_is_a_failure() {
    let names = Names::new();
    let url = &names.unix();
    let server = Serving::start(&["--verbose", "--exec", "yes", url]);
    assert_eq!(call(url, &["--bytes", ""]).status, Some(1));
    let told = server.end_by(Signal::SIGTERM).stderr;
    assert!(told.contains("over 65536 bytes (--max-message)"), "{told}");
}

#[test]
fn as_many_run_at_once_as_there_are_workers() {
    let names = Names::new();
    let url = names.unix();
    let fifo = names.path("all are there");
    // Each waits for the other: with fewer than two at once, nobody is answered.
    let fifo = fifo.to_str().unwrap();
    assert_eq!(
        finish(
            {
                let mut mkfifo = std::process::Command::new("mkfifo");
                mkfifo.arg(fifo);
                mkfifo
            },
            ""
        )
        .status,
        Some(0)
    );
    let program = format!(
        "sh -c 'read line; if [ $line = w ]; then echo x >\"{fifo}\"; else cat \"{fifo}\"; fi'"
    );
    let _server = Serving::start(&["--workers", "2", "--exec", &program, &url]);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| call(&url, &["--bytes", "w\n"]));
        says(&call(&url, &["--bytes", "r\n"]), "x\n");
        says(&writer.join().unwrap(), "");
    });
}

#[test]
fn programs_that_hang_end_with_the_server() {
    let names = Names::new();
    let url = &names.unix();
    let mark = names.path("it runs");
    let mark = mark.to_str().unwrap();
    // The shell's child has its output, too.
    let program =
        format!("sh -c 'mkfifo \"{mark}.pipe\"; mkdir \"{mark}\"; read x <\"{mark}.pipe\"; true'");
    let server = Serving::start(&["--exec", &program, url]);
    std::thread::scope(|scope| {
        let client = scope.spawn(|| call(url, &["--bytes", ""]));
        while !std::fs::exists(mark).unwrap() {
            std::thread::yield_now();
        }
        let output = server.end_by(Signal::SIGTERM);
        assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""));
        assert_ne!(client.join().unwrap().status, Some(0));
    });
}

#[test]
fn a_program_is_not_told_what_is_for_the_server() {
    let names = Names::new();
    let url = &names.unix();
    let mut command = calc_ipc(["serve", "--exec", "env", url]);
    command
        .env("NOTIFY_SOCKET", "")
        .env("LISTEN_PID", "1")
        .env("LISTEN_FDS", "1");
    let _server = Serving::spawn(command, 1);
    let told = call(url, &["--bytes", ""]).stdout;
    assert!(told.contains("PATH="), "{told}");
    assert!(
        !told.contains("LISTEN_") && !told.contains("NOTIFY_"),
        "{told}"
    );
}
