//! What can be wrong with names in the file system, their owners and modes, and programs.

use super::{assert_finds, examine, report};
use crate::support::{Names, Serving, calc_ipc, finish, install};
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::Value;
use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::thread;

#[test]
fn nothing_there() {
    let names = Names::new();
    for url in names.of_each_kind() {
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
    let urls = names.of_each_kind();
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

#[test]
fn a_server_that_does_not_answer() {
    let names = Names::new();
    let urls = names.of_each_kind();
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
