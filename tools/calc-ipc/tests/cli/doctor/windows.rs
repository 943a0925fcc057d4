//! What can be wrong with pipes and programs.

use super::{assert_finds, bind, examine};
use crate::support::{Names, run};
use crate::windows::pipes::{accept, create};
use calc_ipc::service::{Handler, Server};
use std::io::{Read, Write};
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

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
fn a_server_that_does_not_answer() {
    let names = Names::new();
    for url in names.of_each_kind() {
        let (let_go, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        let handler = Handler::bytes(move |_, _| {
            // Until the other end has gone.
            let _ = held.lock().unwrap().recv();
            None
        });
        let server = Server::new(bind(&url), handler).unwrap();
        server.start().unwrap();
        let report = examine(&["--timeout", "200ms", &url]);
        drop(let_go);
        let who = format!("process {} has the address", std::process::id());
        assert_finds(&report, "no-answer", &who);
        server.stop().unwrap();
    }
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
