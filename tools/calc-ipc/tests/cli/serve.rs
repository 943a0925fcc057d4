//! `calc-ipc serve`.

use crate::support::{Names, Output, Serving, calc_ipc, finish, run};
use calc_ipc::calculator::frames::append_request;
use calc_ipc::calculator::{Operation, Request};
use nix::sys::signal::Signal;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

const NOTHING: [&str; 0] = [];

fn ask(url: &str) -> Output {
    run(["call", url, "ADD", "10", "20"])
}

#[test]
fn every_address_is_served_and_named_as_bound() {
    let names = Names::new();
    let urls = [names.unix(), names.shm(), names.fifo()];
    let server = Serving::start(&urls);
    assert_eq!(server.urls, urls);
    for url in &urls {
        let output = ask(url);
        assert_eq!(output.status, Some(0), "{output:?}");
        assert_eq!(output.stdout, "30\n");
    }
}

#[test]
fn the_port_that_the_system_chose_is_told() {
    let server = Serving::start(&["tcp://127.0.0.1:0"]);
    let port = server.urls[0].strip_prefix("tcp://127.0.0.1:").unwrap();
    assert_ne!(port.parse::<u16>().unwrap(), 0);
    assert_eq!(ask(&server.urls[0]).stdout, "30\n");
    let output = run(["serve", &server.urls[0]]);
    assert_eq!(output.status, Some(3));
    assert!(output.stderr.contains("address in use"), "{output:?}");
}

#[test]
fn other_machines_are_served_only_if_that_was_said() {
    let output = run(["serve", "tcp://0.0.0.0:0"]);
    assert_eq!(output.status, Some(3));
    assert!(output.stderr.contains("tcp://0.0.0.0:0"), "{output:?}");
    let server = Serving::start(&["--allow-remote", "tcp://0.0.0.0:0"]);
    let own = server.urls[0].replace("0.0.0.0", "127.0.0.1");
    assert_eq!(ask(&own).stdout, "30\n");
}

#[test]
fn signals_end_it_cleanly_while_clients_are_connected() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let names = Names::new();
        let server = Serving::start(&[names.unix(), names.shm(), names.fifo()]);
        let mut client = UnixStream::connect(names.path("sock")).unwrap();
        let output = server.end_by(signal);
        assert_eq!(output.status, Some(0), "{signal}: {output:?}");
        assert_eq!(output.stdout + &output.stderr, "");
        assert_eq!(names.in_use(), NOTHING, "{signal}");
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn nothing_is_served_unless_all_is() {
    let names = Names::new();
    fs::write(names.path("fifo.request"), "precious").unwrap();
    let output = run(["serve", &names.unix(), &names.shm(), &names.fifo()]);
    assert_eq!(output.status, Some(3));
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains(&names.fifo()), "{output:?}");
    assert!(output.stderr.contains("and no FIFO"), "{output:?}");
    assert_eq!(names.in_use(), ["fifo.request"]);
}

#[test]
fn an_address_that_is_taken_stays_with_its_server() {
    let names = Names::new();
    let _server = Serving::start(&[names.unix()]);
    for urls in [vec![names.unix()], vec![names.shm(), names.unix()]] {
        let output = run([vec!["serve".to_owned()], urls].concat());
        assert_eq!(output.status, Some(3));
        assert!(
            output.stderr.contains("a live server, process "),
            "{output:?}"
        );
    }
    assert_eq!(ask(&names.unix()).stdout, "30\n");
    assert_eq!(ask(&names.shm()).status, Some(3));
}

#[test]
fn a_server_that_was_killed_is_followed_by_the_next() {
    let names = Names::new();
    let urls = [names.unix(), names.shm(), names.fifo()];
    let output = Serving::start(&urls).end_by(Signal::SIGKILL);
    assert_eq!(output.status, None);
    assert_ne!(names.in_use(), NOTHING);
    let _server = Serving::start(&urls);
    for url in &urls {
        assert_eq!(ask(url).stdout, "30\n");
    }
}

/// Two requests as they go over the wire.
fn two_requests() -> String {
    let mut frames = Vec::new();
    for (operation, arg2) in [(Operation::Add, 20), (Operation::Div, 0)] {
        let request = Request {
            operation,
            arg1: 10,
            arg2,
        };
        append_request(&mut frames, &request);
    }
    String::from_utf8(frames).unwrap()
}

const TWO_ANSWERS: &str = "\x05\0\0\0OK 30\x14\0\0\0ERR Division by zero";

#[test]
fn standard_output_is_the_connection_of_stdio() {
    let output = finish(calc_ipc(["serve", "stdio:"]), &two_requests());
    assert_eq!(output.status, Some(0), "{output:?}");
    assert_eq!(output.stdout, TWO_ANSWERS);
    assert_eq!(output.stderr, "stdio:\n");
}

#[test]
fn the_end_of_standard_input_ends_all() {
    let names = Names::new();
    let output = finish(
        calc_ipc(["serve", &names.unix(), "stdio:"]),
        &two_requests(),
    );
    assert_eq!(output.status, Some(0), "{output:?}");
    assert_eq!(output.stdout, TWO_ANSWERS);
    assert_eq!(output.stderr, format!("{}\nstdio:\n", names.unix()));
    assert_eq!(names.in_use(), NOTHING);
}

#[test]
fn a_signal_ends_it_while_standard_input_is_open() {
    let mut command = calc_ipc(["serve", "stdio:"]);
    command.stdin(Stdio::piped());
    let server = Serving::spawn_announced_on_stderr(command);
    assert_eq!(server.urls, ["stdio:"]);
    assert_eq!(server.end_by(Signal::SIGTERM).status, Some(0));
}

#[test]
fn a_verbose_server_logs_what_it_answers_and_who_comes_and_goes() {
    let names = Names::new();
    let server = Serving::start(&["--verbose".to_owned(), names.unix()]);
    ask(&names.unix());
    run(["call", &names.unix(), "DIV", "-1", "0"]);
    let log = server.end_by(Signal::SIGTERM).stderr;
    let url = names.unix();
    let visit = |request| format!("{url} a client came\n{url} {request}\n{url} a client left\n");
    let expected = visit("ADD 10 20 = 30") + &visit("DIV -1 0: Division by zero");
    assert_eq!(log, expected + "2 requests answered\n");
}

#[test]
fn options_reach_the_library() {
    let names = Names::new();
    let url = names.unix();
    let _server = Serving::start(&["--mode", "0620", "--workers", "2", "--spin", "0", &url]);
    let mode = fs::metadata(names.path("sock"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o620);
    for (option, value) in [
        ("--mode", "0999"),
        ("--mode", "0"),
        ("--mode", "01000"),
        ("--max-message", "258"),
        ("--max-message", "67108865"),
        ("--workers", "1025"),
        ("--idle-timeout", "soon"),
        ("--idle-timeout", "2000000h"),
        ("--stall-timeout", "0"),
        ("--stall-timeout", "2000000h"),
        ("--spin", "-1s"),
        ("--spin", "1001us"),
        ("--max-clients", "many"),
    ] {
        let output = run(["serve", option, value, &names.shm()]);
        assert_eq!(output.status, Some(2), "{option} {value}: {output:?}");
        assert_ne!(output.stderr, "");
    }
}

#[test]
fn what_is_no_address_is_a_usage_error() {
    for url in ["", "calc", "http://localhost", "exec:///bin/true"] {
        let output = run(["serve", url]);
        assert_eq!(output.status, Some(2), "{url}: {output:?}");
    }
    assert_eq!(run(["serve"]).status, Some(2));
}
