//! `calc-ipc doctor`: its verdict on each thing that can be wrong.

use crate::support::{Names, Output, Serving, calc_ipc, finish, install, run};
use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::{self, Address, Side};
use calc_ipc::transport::{ClientOptions, Endpoint, ServerOptions};
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::Value;
use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::thread;

/// What the doctor says that is found, as JSON.
fn examine(args: &[&str]) -> Value {
    report(&run([&["doctor", "--json"], args].concat()))
}

fn report(output: &Output) -> Value {
    let [report] = &output.json()[..] else {
        panic!("{output:?}");
    };
    let is_healthy = report["verdict"] == "healthy";
    assert_eq!(output.status, Some(if is_healthy { 0 } else { 3 }));
    assert_eq!(output.stderr, "");
    report.clone()
}

/// Fails unless that is the verdict, and the words explain it.
fn assert_finds(report: &Value, verdict: &str, words: &str) {
    assert_eq!(report["verdict"], verdict, "{report}");
    let explanation = report["explanation"].as_str().unwrap();
    assert!(explanation.contains(words), "{report}");
    assert_ne!(report["library"], Value::Null);
}

#[test]
fn a_healthy_server_is_measured() {
    let names = Names::new();
    let server = Serving::start(&[
        &names.unix(),
        &names.shm(),
        &names.fifo(),
        "tcp://localhost:0",
    ]);
    for url in &server.urls {
        let report = examine(&[url]);
        assert_eq!(report["verdict"], "healthy", "{report}");
        assert_eq!(report["url"], **url);
        assert_eq!(report["server"], "calculator", "{report}");
        let times = &report["round_trip"];
        let [fastest, median] = ["fastest_ns", "median_ns"].map(|key| times[key].as_u64().unwrap());
        assert!(0 < fastest && fastest <= median, "{report}");
        assert!(times["calls"].as_u64().unwrap() > 0);
        if !url.starts_with("tcp:") {
            let process = format!("process {} ", server.process());
            assert!(
                report["explanation"].as_str().unwrap().contains(&process),
                "{report}"
            );
        }
    }
}

#[test]
fn nothing_there() {
    let names = Names::new();
    for url in [names.unix(), names.shm(), names.fifo()] {
        assert_finds(&examine(&[&url]), "no-server", "nothing is at");
    }
    let url = format!("{}/deep/deeper/sock", names.unix());
    let folder = names.path("sock");
    assert_finds(&examine(&[&url]), "no-server", "there is no folder");
    assert_finds(&examine(&[&url]), "no-server", folder.to_str().unwrap());
}

#[test]
fn what_a_dead_server_left_is_told_from_a_server_and_not_changed() {
    let names = Names::new();
    let urls = [names.unix(), names.shm(), names.fifo()];
    Serving::start(&urls).end_by(Signal::SIGKILL);
    let before = names.in_use();
    for url in &urls {
        assert_finds(&examine(&[url]), "left-over", "a server that died");
    }
    assert_eq!(names.in_use(), before);
    drop(UnixListener::bind(names.path("bare")).unwrap());
    let bare = names.unix().replace("sock", "bare");
    assert_finds(&examine(&[&bare]), "left-over", "no server and no lock");
}

#[test]
fn a_server_that_does_not_listen_yet() {
    let names = Names::new();
    drop(UnixListener::bind(names.path("sock")).unwrap());
    let lock = File::create(names.path("sock.lock")).unwrap();
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).unwrap();
    let who = format!("process {} ", std::process::id());
    assert_finds(&examine(&[&names.unix()]), "not-listening", &who);
}

#[test]
fn what_is_no_endpoint() {
    let names = Names::new();
    for name in ["sock", "fifo.request.hello"] {
        fs::write(names.path(name), "precious").unwrap();
    }
    assert_finds(&examine(&[&names.unix()]), "wrong-kind", "is no socket");
    assert_finds(&examine(&[&names.fifo()]), "wrong-kind", "is no FIFO");
    let folder = format!("unix://{}", names.folder());
    assert_finds(&examine(&[&folder]), "wrong-kind", "is no socket");
}

#[test]
fn a_server_of_somebody_who_is_not_trusted() {
    let names = Names::new();
    let _server = Serving::start(&[names.unix()]);
    let other = (nix::unistd::geteuid().as_raw() + 1).to_string();
    let report = examine(&["--server-user", &other, &names.unix()]);
    assert_finds(&report, "wrong-owner", "its server is run by user");
    assert!(report["advice"].as_str().unwrap().contains("--server-user"));
}

/// Examines as a user to whom modes apply: root is nobody then.
fn examine_unprivileged(names: &Names, url: &str) -> Value {
    let program = names.path("calc-ipc");
    install(Path::new(env!("CARGO_BIN_EXE_calc-ipc")), &program);
    let mut command = Command::new(program);
    command.args(["doctor", "--json", url]);
    if nix::unistd::geteuid().is_root() {
        command.uid(65533).gid(65533);
    }
    report(&finish(command, ""))
}

#[test]
fn modes_that_keep_this_user_out() {
    let names = Names::new();
    let mode = |name: &str, mode| {
        fs::set_permissions(names.path(name), Permissions::from_mode(mode)).unwrap();
    };
    mode("", 0o755);
    fs::create_dir(names.path("closed")).unwrap();
    let inside = format!("unix://{}/closed/sock", names.folder());
    let _server = Serving::start(&[&names.unix(), &inside]);
    mode("sock", 0);
    mode("closed", 0);
    let report = examine_unprivileged(&names, &names.unix());
    assert_finds(&report, "permission-denied", "and has mode 00");
    let report = examine_unprivileged(&names, &inside);
    assert_finds(&report, "permission-denied", "may not search the folder");
    assert_finds(&report, "permission-denied", "/closed");
    mode("closed", 0o700);
}

#[test]
fn names_that_cannot_be() {
    let long = "x".repeat(300);
    for (url, why) in [
        (format!("unix:///tmp/{}", &long[..103]), "108 bytes"),
        (format!("shm://{}", &long[..99]), "108 bytes"),
        (format!("fifo:///tmp/{long}"), "for the path of a FIFO"),
    ] {
        assert_finds(&examine(&[&url]), "path-too-long", why);
    }
    let longest = format!("shm://{}", &long[..98]);
    assert_finds(&examine(&[&longest]), "no-server", "nothing is at");
    assert_finds(&examine(&["shm://a/b"]), "bad-address", "a/b");
    assert_eq!(run(["doctor", "calc.sock"]).status, Some(2));
}

#[test]
fn something_else_answers() {
    for answer in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"220 mail.example ESMTP\r\n",
        b"\x05\0\0\0HELLO\x05\0\0\0HELLO", // two answers to one question
    ] {
        let names = Names::new();
        let listener = UnixListener::bind(names.path("sock")).unwrap();
        let server = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            client.read_exact(&mut [0; 4]).unwrap();
            client.write_all(answer).unwrap();
            let _ = client.read_to_end(&mut Vec::new());
        });
        let report = examine(&[&names.unix()]);
        assert_finds(
            &report,
            "version-mismatch",
            "another protocol, or another version",
        );
        server.join().unwrap();
    }
}

/// A handler of messages.
type Answer = fn(&[u8], &mut [u8]) -> Option<usize>;

/// A server of messages of its own: what it answers is for its clients to understand.
#[test]
fn servers_of_other_messages() {
    let cases: [(Answer, &str, &str); 3] = [
        (|_, _| Some(0), "bytes", "answers, with messages of its own"),
        (
            |_, answer| Some(answer.len()),
            "bytes",
            "answers, with messages of its own",
        ),
        (
            |_, _| None,
            "particular",
            "refuses what a calculator is asked",
        ),
    ];
    for (handler, kind, words) in cases {
        for url in [Names::unix, Names::shm, Names::fifo] {
            let names = Names::new();
            let url = url(&names);
            let endpoint = bind(&url);
            let server = Server::new(endpoint, Handler::bytes(handler)).unwrap();
            server.start().unwrap();
            let report = examine(&[&url]);
            assert_eq!(report["verdict"], "healthy", "{report}");
            assert_eq!(report["server"], kind, "{report}");
            assert!(
                report["explanation"].as_str().unwrap().contains(words),
                "{report}"
            );
            let report = examine(&["--message", "what you know", &url]);
            let verdict = if kind == "bytes" {
                "healthy"
            } else {
                "handler-failed"
            };
            assert_eq!(report["verdict"], verdict, "{report}");
        }
    }
}

fn bind(url: &str) -> Box<dyn Endpoint> {
    let url = Address::parse(url, Side::Server).unwrap();
    transport::bind(&url, &ServerOptions::default())
        .unwrap()
        .endpoint
}

#[test]
fn a_server_that_has_all_the_clients_it_takes() {
    for url in [Names::unix, Names::shm, Names::fifo] {
        let names = Names::new();
        let url = url(&names);
        let _server = Serving::start(&["--max-clients", "1", &url]);
        let options = ClientOptions::default();
        let channel =
            transport::connect(&Address::parse(&url, Side::Client).unwrap(), &options).unwrap();
        let client = Client::new(channel, &options);
        let request = calc_ipc::calculator::text::parse_request(b"ADD 1 2").unwrap();
        assert_eq!(client.call(&request).unwrap(), Ok(3));
        assert_finds(&examine(&[&url]), "full", "as many clients as it takes");
    }
}

#[test]
fn a_server_that_does_not_answer() {
    let names = Names::new();
    let urls = [names.unix(), names.shm(), names.fifo()];
    let server = Serving::start(&urls);
    server.freeze();
    let before = names.in_use();
    for url in &urls {
        let report = examine(&["--timeout", "50ms", url]);
        let process = server.process();
        assert_finds(&report, "no-answer", &format!("process {process} has"));
        let advice = report["advice"].as_str().unwrap();
        assert!(
            advice.contains(&format!("kill -CONT {process}")),
            "{report}"
        );
    }
    assert_eq!(names.in_use(), before);
}

#[test]
fn hosts_and_ports() {
    let report = examine(&["tcp://no-such-host.invalid:7000"]);
    assert_finds(&report, "name-resolution", "no-such-host.invalid");
    let unused = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let report = examine(&[&format!("tcp://{unused}")]);
    assert_finds(&report, "no-server", &format!("nobody listens on {unused}"));
    let server = Serving::start(&["tcp://127.0.0.1:0"]);
    let report = examine(&[&server.urls[0].replace("127.0.0.1", "127.0.0.2")]);
    assert_finds(&report, "remote-not-allowed", "127.0.0.1:");
    assert!(
        report["advice"]
            .as_str()
            .unwrap()
            .contains("--allow-remote")
    );
}

#[test]
fn programs() {
    let names = Names::new();
    let script = |name: &str, text: String, mode| {
        let draft = names.path("draft");
        fs::write(&draft, text).unwrap();
        install(&draft, &names.path(name));
        fs::set_permissions(names.path(name), Permissions::from_mode(mode)).unwrap();
        format!("exec://{}/{name}", names.folder())
    };
    let serve = format!(
        "#!/bin/sh\nexec '{}' serve stdio:",
        env!("CARGO_BIN_EXE_calc-ipc")
    );
    let works = script("works", serve.clone(), 0o755);
    let output = finish(calc_ipc(["doctor", "--json", &works]), "");
    assert_eq!(output.json()[0]["verdict"], "healthy", "{output:?}");

    let ends = script("ends", "#!/bin/sh\nexit 0".into(), 0o755);
    assert_finds(&examine(&[&ends]), "ended", "ended instead of answering");
    let closed = script("closed", serve, 0o600);
    assert_finds(&examine(&[&closed]), "permission-denied", "may not execute");
    let missing = closed.replace("closed", "missing");
    assert_finds(&examine(&[&missing]), "no-server", "there is no program");
    let folder = format!("exec://{}", names.folder());
    assert_finds(&examine(&[&folder]), "wrong-kind", "is no program");
}

#[test]
fn people_are_told_in_lines() {
    let names = Names::new();
    let url = names.unix();
    let output = run(["doctor", &url]);
    let lines = output.lines();
    assert_eq!(lines[0], format!("{url}: no-server"));
    assert!(lines[1].starts_with("  nothing is at /"), "{lines:?}");
    assert!(
        lines[2].starts_with("  the library says: no server there: "),
        "{lines:?}"
    );
    assert!(lines[3].starts_with("  start the server"), "{lines:?}");
    let _server = Serving::start(&[&url]);
    let output = run(["doctor", &url]);
    let lines = output.lines();
    assert_eq!(lines[0], format!("{url}: healthy"));
    assert!(lines[2].starts_with("  round trip "), "{lines:?}");
}

#[test]
fn a_set_of_fifos_of_another_program() {
    let names = Names::new();
    for name in ["fifo.request", "fifo.response", "fifo.request.hello"] {
        mkfifo(&names.path(name), Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    }
    assert_finds(
        &examine(&[&names.fifo()]),
        "left-over",
        "no server and no lock",
    );
}
