//! `calc-ipc doctor`: its verdict on each thing that can be wrong with a pipe, a port or a program.

use super::pipes::{accept, create};
use crate::support::{Names, Serving, run};
use calc_ipc::calculator::text::parse_request;
use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::{self, Address, ClientOptions, ServerOptions, Side};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

/// What the doctor says that is found, as JSON.
fn examine(args: &[&str]) -> Value {
    let output = run([&["doctor", "--json"], args].concat());
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
}

#[test]
fn a_healthy_server_is_measured() {
    let names = Names::new();
    let server = Serving::start(&[&names.npipe(), &names.shm(), "tcp://127.0.0.1:0"]);
    for url in &server.urls {
        let report = examine(&[url]);
        let who = match url.starts_with("tcp") {
            true => "a server answers".to_owned(),
            false => format!("process {} answers", server.process()),
        };
        assert_finds(&report, "healthy", &who);
        assert_eq!(report["server"], "calculator", "{report}");
        let times = &report["round_trip"];
        let [fastest, median] = ["fastest_ns", "median_ns"].map(|key| times[key].as_u64().unwrap());
        assert!(fastest <= median, "{report}");
    }
}

#[test]
fn nobody_is_there() {
    let names = Names::new();
    for (url, pipe) in [
        (names.npipe(), names.pipe()),
        (
            names.shm(),
            names.pipe().replace(r"\pipe\", r"\pipe\calc_ipc.shm."),
        ),
    ] {
        let report = examine(&[&url]);
        assert_finds(&report, "no-server", &format!("there is no pipe {pipe}"));
        // A server has the name as soon as it has its lock.
        let lock = create(&format!("{pipe}.lock"), 1);
        assert_finds(&examine(&[&url]), "not-listening", "it starts or ends");
        drop(lock);
        assert_finds(&examine(&[&url]), "no-server", "there is no pipe");
    }
}

#[test]
fn names_that_cannot_be() {
    let long = "x".repeat(241);
    for (name, why) in [
        (long.as_str(), "240 at most are allowed"),
        ("calc.", "drops a dot or a space at its end"),
        ("a%5Cb", "neither slashes nor backslashes"),
    ] {
        let output = run(["doctor", &format!("npipe://{name}")]);
        assert_eq!(output.status, Some(2), "{output:?}");
        assert!(output.stderr.contains(why), "{output:?}");
    }
    assert_finds(&examine(&["shm://a/b"]), "bad-address", "a/b");
}

/// Pipes of another program: one that says nothing, one that says something else, and one that ends.
#[test]
fn another_program_has_the_name() {
    type Says = fn(std::fs::File);
    let hears: Says = |mut pipe| drop(pipe.read_to_end(&mut Vec::new()));
    let talks: Says = |mut pipe| {
        pipe.read_exact(&mut [0; 4]).unwrap();
        pipe.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        let _ = pipe.read_to_end(&mut Vec::new());
    };
    let ends: Says = |mut pipe| pipe.read_exact(&mut [0; 4]).unwrap();
    for says in [hears, talks, ends] {
        let names = Names::new();
        // The second place is for the doctor's own look at it.
        let [pipe, other] = [(); 2].map(|()| create(&names.pipe(), 2));
        let server = thread::spawn(move || {
            accept(&pipe);
            says(pipe);
        });
        let report = examine(&["--timeout", "200ms", &names.npipe()]);
        assert_finds(
            &report,
            "wrong-kind",
            &format!("{} and does not answer", names.pipe()),
        );
        drop(other);
        server.join().unwrap();
    }
}

#[test]
fn all_places_of_a_pipe_are_taken() {
    let names = Names::new();
    let _lock = create(&format!("{}.lock", names.pipe()), 1);
    let pipe = create(&names.pipe(), 1);
    let client = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(names.pipe());
    accept(&pipe);
    let report = examine(&["--connect-timeout", "200ms", &names.npipe()]);
    assert_finds(&report, "no-answer", "no place for one more client");
    drop(client);
}

#[test]
fn a_server_that_has_all_the_clients_it_takes() {
    for url in [Names::npipe, Names::shm] {
        let names = Names::new();
        let url = url(&names);
        let _server = Serving::start(&["--max-clients", "1", &url]);
        let options = ClientOptions::default();
        let address = Address::parse(&url, Side::Client).unwrap();
        let client = Client::new(transport::connect(&address, &options).unwrap(), &options);
        let request = parse_request(b"ADD 1 2").unwrap();
        assert_eq!(client.call(&request).unwrap(), Ok(3));
        assert_finds(&examine(&[&url]), "full", "as many clients as it takes");
    }
}

#[test]
fn a_server_that_does_not_answer() {
    for url in [Names::npipe, Names::shm] {
        let names = Names::new();
        let url = url(&names);
        let (let_go, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        let address = Address::parse(&url, Side::Server).unwrap();
        let bound = transport::bind(&address, &ServerOptions::default()).unwrap();
        let handler = Handler::bytes(move |_, _| {
            // Until the other end has gone.
            let _ = held.lock().unwrap().recv();
            None
        });
        let server = Server::new(bound.endpoint, handler).unwrap();
        server.start().unwrap();
        let report = examine(&["--timeout", "200ms", &url]);
        drop(let_go);
        let who = format!("process {} has the address", std::process::id());
        assert_finds(&report, "no-answer", &who);
        server.stop().unwrap();
    }
}

#[test]
fn hosts_and_ports() {
    let unused = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let report = examine(&[&format!("tcp://{unused}")]);
    assert_finds(&report, "no-server", &format!("nobody listens on {unused}"));
    let report = examine(&["tcp://no-such-host.invalid:7000"]);
    assert_finds(&report, "name-resolution", "no-such-host.invalid");
}

#[test]
fn programs() {
    let names = Names::new();
    let url =
        |path: &std::path::Path| format!("exec:///{}", path.to_str().unwrap().replace('\\', "/"));
    let missing = names.path("missing.exe");
    assert_finds(
        &examine(&[&url(&missing)]),
        "no-server",
        "there is no program",
    );
    assert_finds(
        &examine(&[&url(&names.path(""))]),
        "wrong-kind",
        "is no program",
    );
    // It says on standard error how it is used, and ends.
    let own = std::path::absolute(env!("CARGO_BIN_EXE_calc-ipc")).unwrap();
    let output = run(["doctor", "--json", &url(&own)]);
    assert_eq!(output.status, Some(3), "{output:?}");
    let report = &output.json()[0];
    assert_finds(report, "ended", "ended instead of answering");
}

#[test]
fn people_are_told_in_lines() {
    let names = Names::new();
    let url = names.npipe();
    let output = run(["doctor", &url]);
    let lines = output.lines();
    assert_eq!(lines[0], format!("{url}: no-server"));
    assert_eq!(lines[1], format!("  there is no pipe {}", names.pipe()));
    assert!(lines[2].starts_with("  the library says: "), "{lines:?}");
    assert!(lines[3].starts_with("  start the server"), "{lines:?}");
    let _server = Serving::start(&[&url]);
    let output = run(["doctor", &url]);
    assert_eq!(output.lines()[0], format!("{url}: healthy"));
    assert!(output.lines()[2].starts_with("  round trip "), "{output:?}");
}
