//! The anonymous pipe: children that serve, and how they end.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::calculator::{ErrorText, Operation};
use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler, Server, pipe};
use calc_ipc::transport::{self, Address, ClientOptions, ServerOptions};
use std::collections::HashSet;
use std::ffi::CStr;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use support::processes::rights::limit;
use support::processes::state;
use support::{PATIENCE, Process, add, request, stay};

fn create(handler: Handler) -> Client {
    pipe::create(handler, &ClientOptions::default()).unwrap()
}

/// A handler that gives the number of the process it runs in.
fn process_number() -> Handler {
    Handler::new(|_| Ok(i64::from(std::process::id())))
}

fn number_of(client: &Client) -> i64 {
    client.call(&add(0, 0)).unwrap().unwrap()
}

fn exists(process: i64) -> bool {
    std::path::Path::new(&format!("/proc/{process}")).exists()
}

/// The pipes that a process has beside its standard descriptors.
fn pipes(process: i64) -> HashSet<PathBuf> {
    let open = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    open.map(|entry| entry.unwrap().path())
        .filter(|path| !matches!(path.file_name().unwrap().to_str(), Some("0" | "1" | "2")))
        .filter_map(|path| std::fs::read_link(path).ok())
        .filter(|target| target.to_string_lossy().starts_with("pipe:"))
        .collect()
}

#[test]
fn a_child_answers() {
    let client = create(Handler::Calculator);
    for number in 0..1000 {
        assert_eq!(client.call(&add(number, 1)).unwrap(), Ok(number + 1));
    }
    let by_zero = client.call(&request(Operation::Div, 1, 0)).unwrap();
    assert_eq!(by_zero, Err(ErrorText::from("Division by zero")));
}

#[test]
fn the_handler_runs_in_a_child_that_ends_with_its_client() {
    let client = create(process_number());
    let child = number_of(&client);
    assert_ne!(child, i64::from(std::process::id()));
    assert!(exists(child));
    drop(client);
    assert!(!exists(child), "neither running nor a zombie");
}

#[test]
fn two_pipes_end_in_either_order() {
    for first_ends_first in [true, false] {
        let (first, second) = (create(process_number()), create(process_number()));
        let (one, two) = (number_of(&first), number_of(&second));
        let (ends, stays, gone) = if first_ends_first {
            (first, second, one)
        } else {
            (second, first, two)
        };
        // Else the end of its input would not come before the other client's.
        assert_eq!(pipes(one).intersection(&pipes(two)).next(), None);
        drop(ends);
        assert!(!exists(gone));
        assert!(number_of(&stays) > 0);
    }
}

/// A handler that gives how many descriptors its process has open, the folder that says so included.
fn number_of_descriptors() -> Handler {
    Handler::new(|_| Ok(i64::try_from(state::descriptors("self")).unwrap()))
}

#[test]
fn a_child_keeps_nothing_of_its_parent_but_standard_error() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let client = create(number_of_descriptors());
    // 0, 1, 2, the two pipes, and the folder that is being read.
    assert_eq!(number_of(&client), 6);
    drop(writer);
    assert_eq!(
        reader.read(&mut [0]).unwrap(),
        0,
        "the child holds no end of the pipe"
    );
}

#[test]
fn a_child_keeps_as_little_where_close_range_is_not_known() {
    let ok = Process::fork(|| {
        // SAFETY: standard error is open.
        unsafe { assert_eq!(libc::fcntl(2, libc::F_DUPFD, 1000), 1000) };
        // The limit says nothing of the numbers that are in use.
        limit(libc::RLIMIT_NOFILE, 500);
        support::forbid(libc::SYS_close_range);
        assert_eq!(number_of(&create(number_of_descriptors())), 6);
    })
    .succeeded();
    assert!(ok);
}

#[test]
fn a_handler_that_hangs_is_killed() {
    let options = ClientOptions {
        call_timeout: Some(Duration::from_millis(20)),
        ..ClientOptions::default()
    };
    let client = pipe::create(Handler::new(|_| stay()), &options).unwrap();
    let error = client.call(&add(1, 1)).unwrap_err();
    assert_eq!(error.status(), Status::TimedOut);
    let (_, number) = error.context().split_once("(process ").unwrap();
    let child = number.split_once(')').unwrap().0.parse().unwrap();
    assert!(exists(child));
    let began = Instant::now();
    drop(client);
    assert!(began.elapsed() < PATIENCE);
    assert!(!exists(child));
}

#[test]
fn a_child_that_dies_is_noticed() {
    let client = create(Handler::new(|_| std::process::abort()));
    for _ in 0..2 {
        let status = client.call(&add(1, 1)).unwrap_err().status();
        assert!(
            matches!(status, Status::Closed | Status::PeerDied),
            "{status:?}"
        );
    }
}

#[test]
fn a_program_that_cannot_be_executed_is_named() {
    let options = ClientOptions::default();
    let error = pipe::spawn(&[c"/nonexistent/server"], &options)
        .err()
        .unwrap();
    assert_eq!(error.status(), Status::NotConnected);
    assert!(error.context().contains("/nonexistent/server"), "{error}");
    let text = std::ffi::CString::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let error = pipe::spawn(&[&text], &options).err().unwrap();
    assert_eq!(error.status(), Status::PermissionDenied, "{error}");
    assert_eq!(
        pipe::spawn(&[], &options).err().unwrap().status(),
        Status::InvalidArgument
    );
}

#[test]
fn a_program_that_ends_at_once_is_a_closed_connection() {
    let argv: [&CStr; 1] = [c"true"];
    let client = pipe::spawn(&argv, &ClientOptions::default()).unwrap();
    let status = client.call(&add(1, 1)).unwrap_err().status();
    assert!(
        matches!(status, Status::Closed | Status::PeerDied),
        "{status:?}"
    );
}

#[test]
fn a_program_that_answers_nonsense_is_malformed() {
    // The program copies its input: a request is no response.
    let client = pipe::spawn(&[c"cat"], &ClientOptions::default()).unwrap();
    assert_eq!(
        client.call(&add(1, 1)).unwrap_err().status(),
        Status::Malformed
    );
}

#[test]
fn serving_ends_with_the_input() {
    let (requests, mut to_server) = std::io::pipe().unwrap();
    let (mut from_server, answers) = std::io::pipe().unwrap();
    to_server
        .write_all(b"\x09\0\0\0ADD 10 20\x03\0\0\0ADD\x09\0")
        .unwrap();
    drop(to_server);
    let options = ServerOptions::default();
    pipe::serve(
        requests.as_fd(),
        answers.as_fd(),
        Handler::Calculator,
        &options,
    )
    .unwrap();
    drop(answers);
    let mut received = Vec::new();
    from_server.read_to_end(&mut received).unwrap();
    assert_eq!(received, b"\x05\0\0\0OK 30\x15\0\0\0ERR Malformed request");
}

#[test]
fn a_program_serves_at_its_standard_input_and_output() {
    let (mut client, theirs) = UnixStream::pair().unwrap();
    let program = Process::fork(|| {
        for standard in [0, 1] {
            // SAFETY: replaces a descriptor of this process, forked for it.
            let made = unsafe { libc::dup2(theirs.as_raw_fd(), standard) };
            assert_eq!(made, standard);
        }
        let endpoint = transport::bind(&Address::Stdio, &ServerOptions::default()).unwrap();
        let server = Server::new(endpoint.endpoint, Handler::Calculator).unwrap();
        server.run().unwrap();
    });
    drop(theirs);
    client.write_all(b"\x07\0\0\0ADD 1 2").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    assert_eq!(received, b"\x04\0\0\0OK 3");
    assert!(program.succeeded());
}

#[test]
fn a_child_outlives_the_thread_that_made_it() {
    // PR_SET_PDEATHSIG would kill it with that thread (prctl(2)).
    let make = || pipe::create(Handler::Calculator, &ClientOptions::default()).unwrap();
    let client = std::thread::spawn(make).join().unwrap();
    for number in 0..100 {
        assert_eq!(client.call(&add(number, 1)).unwrap(), Ok(number + 1));
    }
}
