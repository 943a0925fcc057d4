//! The stats that `calc-ipc serve` offers, and `calc-ipc top` and `ls`, which show them.

use crate::support::{Names, Output, Serving, calc_ipc, finish};
use calc_ipc::calculator::text::parse_request;
use calc_ipc::service::Client;
use calc_ipc::transport::{Address, ClientOptions, Side};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

/// Runs the command in the session of these names.
fn run(names: &Names, args: &[&str]) -> Output {
    let mut command = calc_ipc(args);
    command.env("XDG_RUNTIME_DIR", names.folder());
    finish(command, "")
}

fn serve(names: &Names, urls: &[&str]) -> Serving {
    let mut command = calc_ipc([&["serve"], urls].concat());
    command.env("XDG_RUNTIME_DIR", names.folder());
    Serving::spawn(command, urls.len())
}

fn top(names: &Names, args: &[&str]) -> Output {
    run(names, &[&["top", "--interval", "1ms"], args].concat())
}

fn socket_of(names: &Names, server: &Serving) -> PathBuf {
    names.path(&format!("calc_ipc/{}.stats", server.process()))
}

/// A client that asked so often.
fn client(url: &str, calls: usize) -> Client {
    let options = ClientOptions::default();
    let url = Address::parse(url, Side::Client).unwrap();
    let client = Client::connect(&url, &options).unwrap();
    for _ in 0..calls {
        let request = parse_request(b"ADD 1 2").unwrap();
        assert_eq!(client.call(&request).unwrap(), Ok(3));
    }
    client
}

#[test]
fn a_server_offers_its_stats_to_its_own_user() {
    let names = Names::new();
    let server = serve(&names, &[&names.unix(), "tcp://127.0.0.1:0"]);
    let folder = names.path("calc_ipc");
    let socket = socket_of(&names, &server);
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&socket)), (0o700, 0o600));
    let _client = client(&server.urls[0], 3);
    let mut text = String::new();
    let mut stream = UnixStream::connect(&socket).unwrap();
    stream.read_to_string(&mut text).unwrap();
    let sheet: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(sheet["pid"], server.process());
    let [unix, tcp] = &sheet["servers"].as_array().unwrap()[..] else {
        panic!("{sheet}");
    };
    assert_eq!(unix["url"], names.unix());
    assert_eq!([&unix["clients"], &unix["requests"]], [1, 3]);
    assert_eq!(unix["present"][0]["pid"], std::process::id());
    assert_eq!(tcp["url"], server.urls[1].as_str());
    assert_eq!([&tcp["clients"], &tcp["requests"]], [0, 0]);
    let output = server.end_by(Signal::SIGTERM);
    assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""));
    assert!(!socket.exists());
}

#[test]
fn top_shows_servers_their_clients_and_rates() {
    let names = Names::new();
    let server = serve(&names, &[&names.unix()]);
    let client = client(&names.unix(), 5);
    let output = top(&names, &["--json", "--count", "2"]);
    assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""));
    let views = output.json();
    assert_eq!(views.len(), 2);
    for view in &views {
        assert_eq!(view["pid"], server.process());
        assert_eq!(view["url"], names.unix());
        assert_eq!([&view["clients"], &view["requests"]], [1, 5]);
        assert_eq!(view["rates"]["requests"], 0.0);
        assert_eq!(view["present"].as_array().unwrap().len(), 1);
    }
    let output = top(&names, &[]);
    let own = std::process::id();
    assert!(
        output.stdout.contains(&format!("process {own} (")),
        "{output:?}"
    );
    assert!(output.stdout.contains(&names.unix()), "{output:?}");
    assert!(!output.stdout.contains('\x1b'), "no terminal");
    drop(client);
    while top(&names, &["--json"]).json()[0]["clients"] != 0 {}
    assert_eq!(
        top(&names, &["--json"]).json()[0]["present"],
        Value::Array(vec![])
    );
}

#[test]
fn top_shows_those_that_are_wanted() {
    let names = Names::new();
    let [one, other] = [names.unix(), names.seqpacket()].map(|url| serve(&names, &[&url]));
    let shown = |args: &[&str]| -> Vec<Value> {
        let views = top(&names, &[&["--json"], args].concat()).json();
        views.iter().map(|view| view["pid"].clone()).collect()
    };
    let mut both = [one.process(), other.process()];
    both.sort_unstable();
    assert_eq!(shown(&[]), both);
    assert_eq!(shown(&[&one.process().to_string()]), [one.process()]);
    let output = top(&names, &["4294967295"]);
    assert_eq!(output.status, Some(3));
    assert!(
        output.stderr.contains("process 4294967295 offers no stats"),
        "{output:?}"
    );
}

#[test]
fn where_nobody_offers_stats_it_says_who_does() {
    let names = Names::new();
    let output = top(&names, &[]);
    assert_eq!(output.status, Some(3));
    assert!(
        output.stderr.contains("'calc-ipc serve' does"),
        "{output:?}"
    );
    let output = finish(calc_ipc(["top"]), "");
    assert_eq!(output.status, Some(3));
    assert!(output.stderr.contains("XDG_RUNTIME_DIR"), "{output:?}");
    for args in [&["--interval", "0"][..], &["--count", "0"], &["calc"]] {
        assert_eq!(top(&names, args).status, Some(2), "{args:?}");
    }
}

#[test]
fn what_a_killed_server_left_is_passed_over_and_cleaned_away_by_the_next() {
    let names = Names::new();
    let dead = serve(&names, &[&names.unix()]);
    let left = socket_of(&names, &dead);
    dead.end_by(Signal::SIGKILL);
    assert!(left.exists());
    assert_eq!(top(&names, &[]).status, Some(3));
    assert_eq!(run(&names, &["ls"]).status, Some(0));
    assert!(left.exists(), "who only looks changes nothing");
    // What is not of the kind is left alone.
    let other = names.path("calc_ipc/other.stats");
    drop(UnixListener::bind(&other).unwrap());
    let alive = serve(&names, &[&names.seqpacket()]);
    assert!(!left.exists() && other.exists());
    let next = serve(&names, &["tcp://127.0.0.1:0"]);
    assert_eq!(top(&names, &["--json"]).json().len(), 2, "the living stay");
    drop((alive, next));
}

#[test]
fn a_folder_that_others_may_use_is_not_used_and_serving_goes_on() {
    let names = Names::new();
    let folder = names.path("calc_ipc");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    let server = serve(&names, &[&names.unix()]);
    client(&names.unix(), 1);
    let output = server.end_by(Signal::SIGTERM);
    assert_eq!(output.status, Some(0));
    assert!(output.stderr.contains("this user's alone"), "{output:?}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn the_list_has_servers_of_tcp_and_counters() {
    let names = Names::new();
    let server = serve(&names, &["tcp://127.0.0.1:0", &names.unix()]);
    let _client = client(&server.urls[0], 2);
    let listed = run(&names, &["ls", "--json"]).json();
    let of = |url: &str| listed.iter().find(|listed| listed["url"] == url).unwrap();
    let tcp = of(&server.urls[0]);
    assert_eq!([&tcp["state"], &tcp["kind"]], ["alive", "tcp"]);
    assert_eq!(
        [&tcp["pid"], &tcp["path"]],
        [&Value::from(server.process()), &Value::Null]
    );
    assert_eq!(
        [&tcp["stats"]["clients"], &tcp["stats"]["requests"]],
        [1, 2]
    );
    let unix = of(&names.unix());
    assert_eq!(unix["path"], names.path("sock").to_str().unwrap());
    assert_eq!(unix["stats"]["requests"], 0);
    let table = run(&names, &["ls"]).stdout;
    let line = table
        .lines()
        .find(|line| line.ends_with(&server.urls[0]))
        .unwrap();
    let words: Vec<_> = line.split_ascii_whitespace().collect();
    let pid = server.process().to_string();
    assert_eq!(words, ["alive", "tcp", &pid, "1", "2", &server.urls[0]]);
}
