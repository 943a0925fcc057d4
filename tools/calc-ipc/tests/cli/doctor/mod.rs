//! `calc-ipc doctor`: its verdict on each thing that can be wrong.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use crate::support::{Names, Output, Serving, run};
use calc_ipc::calculator::text::parse_request;
use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::{self, Address, ClientOptions, Endpoint, ServerOptions, Side};
use serde_json::Value;
use std::net::TcpListener;

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
    let tcp = "tcp://localhost:0".to_owned();
    let server = Serving::start(&[names.of_each_kind(), vec![tcp]].concat());
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
        let names = Names::new();
        for url in names.of_each_kind() {
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
    let names = Names::new();
    for url in names.of_each_kind() {
        let _server = Serving::start(&["--max-clients", "1", &url]);
        let options = ClientOptions::default();
        let channel =
            transport::connect(&Address::parse(&url, Side::Client).unwrap(), &options).unwrap();
        let client = Client::new(channel, &options);
        let request = parse_request(b"ADD 1 2").unwrap();
        assert_eq!(client.call(&request).unwrap(), Ok(3));
        assert_finds(&examine(&[&url]), "full", "as many clients as it takes");
    }
}

#[test]
fn what_is_no_address() {
    assert_finds(&examine(&["shm://a/b"]), "bad-address", "a/b");
    assert_eq!(run(["doctor", "calc.sock"]).status, Some(2));
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

/// What is said of a name that nobody has.
#[cfg(unix)]
const NOBODY: &str = "  nothing is at /";
#[cfg(windows)]
const NOBODY: &str = r"  there is no pipe \\.\pipe\";

#[test]
fn people_are_told_in_lines() {
    let names = Names::new();
    let url = &names.of_each_kind()[0];
    let output = run(["doctor", url]);
    let lines = output.lines();
    assert_eq!(lines[0], format!("{url}: no-server"));
    assert!(lines[1].starts_with(NOBODY), "{lines:?}");
    assert!(
        lines[2].starts_with("  the library says: no server there: "),
        "{lines:?}"
    );
    assert!(lines[3].starts_with("  start the server"), "{lines:?}");
    let _server = Serving::start(&[url]);
    let output = run(["doctor", url]);
    let lines = output.lines();
    assert_eq!(lines[0], format!("{url}: healthy"));
    assert!(lines[2].starts_with("  round trip "), "{lines:?}");
}
