//! `calc-ipc ls`.

use crate::support::{Names, Output, Serving, calc_ipc, finish, run};
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

/// What it says about these names, of all that there may be on this machine.
fn listed(names: &Names) -> Vec<Value> {
    let output = run(["ls", "--json", names.folder()]);
    assert_eq!(output.status, Some(0), "{output:?}");
    let is_ours = |endpoint: &Value| {
        let path = endpoint["path"].as_str().unwrap();
        path.starts_with(names.folder()) || path.ends_with(names.shm().trim_start_matches("shm://"))
    };
    output.json().into_iter().filter(is_ours).collect()
}

#[test]
fn endpoints_are_alive_while_their_server_is_and_left_over_after_it_was_killed() {
    let names = Names::new();
    let urls = [names.shm(), names.fifo(), names.seqpacket(), names.unix()];
    let server = Serving::start(&urls);
    let expected = |state: &str, pid: Value| {
        let path = |name: &str| names.path(name).to_str().unwrap().to_owned();
        let in_memory = names.shm().replace("shm://", "/dev/shm/");
        [
            ("shm", names.shm(), in_memory),
            ("fifo", names.fifo(), path("fifo.request")),
            ("seqpacket", names.seqpacket(), path("records")),
            ("unix", names.unix(), path("sock")),
        ]
        .map(|(kind, url, path)| {
            json!({"state": state, "kind": kind, "url": url, "path": path, "pid": pid})
        })
    };
    assert_eq!(listed(&names), expected("alive", json!(server.process())));
    server.end_by(Signal::SIGKILL);
    let before = names.in_use();
    assert_eq!(listed(&names), expected("left over", Value::Null));
    assert_eq!(names.in_use(), before, "it changes nothing");
}

#[test]
fn a_socket_at_a_path_is_listed_as_what_its_lock_says_that_it_is() {
    let names = Names::new();
    let urls = [names.shm_at_path(), names.unix()];
    let server = Serving::start(&urls);
    let kinds = || -> Vec<_> {
        let listed = listed(&names);
        let of = |field: &str, endpoint: &Value| endpoint[field].as_str().unwrap().to_owned();
        let both = |endpoint| (of("kind", endpoint), of("url", endpoint));
        listed.iter().map(both).collect()
    };
    let expected = ["shm", "unix"].map(str::to_owned).into_iter().zip(urls);
    let expected: Vec<_> = expected.collect();
    assert_eq!(kinds(), expected);
    server.end_by(Signal::SIGKILL);
    assert_eq!(kinds(), expected);
}

#[test]
fn a_server_that_ended_well_is_not_listed() {
    let names = Names::new();
    let server = Serving::start(&[names.shm(), names.fifo(), names.unix()]);
    server.end_by(Signal::SIGTERM);
    assert_eq!(listed(&names), [Value::Null; 0]);
}

#[test]
fn what_belongs_to_others_is_not_listed() {
    let names = Names::new();
    let lock = |name: &str, text: &str, mode: u32| {
        let path = names.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        Flock::lock(File::open(&path).unwrap(), FlockArg::LockExclusive).unwrap()
    };
    // A socket without a lock, with Wayland's kind of lock, with a lock that says something.
    let _sockets: Vec<_> = ["bare", "wayland-0", "other"]
        .map(|name| UnixListener::bind(names.path(name)).unwrap())
        .into();
    fs::write(names.path("Cargo"), "").unwrap();
    let _locks = [
        lock("wayland-0.lock", "", 0o640),
        lock("other.lock", "4711", 0o600),
        // Of something that is no endpoint, and of nothing.
        lock("Cargo.lock", "", 0o600),
        lock("lonely.lock", "", 0o600),
    ];
    assert_eq!(listed(&names), [Value::Null; 0]);
}

#[test]
fn the_table_is_for_people() {
    let names = Names::new();
    let server = Serving::start(&[names.unix()]);
    let Output { stdout, .. } = run(["ls", names.folder()]);
    let mut lines = stdout.lines();
    assert_eq!(
        lines.next().unwrap(),
        "STATE      KIND           PID  CLIENTS     CALLS  URL"
    );
    let line = lines.find(|line| line.ends_with(&names.unix())).unwrap();
    let pid = server.process().to_string();
    let words: Vec<_> = line.split_ascii_whitespace().collect();
    assert_eq!(words, ["alive", "unix", &pid, "-", "-", &names.unix()]);
}

#[test]
fn the_sessions_folder_is_looked_into() {
    let names = Names::new();
    let _server = Serving::start(&[names.unix()]);
    let found = |value: &str| {
        let mut command = calc_ipc(["ls"]);
        command.env("XDG_RUNTIME_DIR", value);
        finish(command, "").stdout.contains(&names.unix())
    };
    assert!(found(names.folder()));
    assert!(!found(""));
}

#[test]
fn a_folder_that_was_asked_for_has_to_be_there() {
    let names = Names::new();
    let missing = names.path("missing");
    let output = run(["ls", missing.to_str().unwrap()]);
    assert_eq!(output.status, Some(3));
    assert!(
        output.stderr.contains(missing.to_str().unwrap()),
        "{output:?}"
    );
}
