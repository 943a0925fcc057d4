//! Programs that serve at their standard input and output, on every system: this one, executed again.
//!
//! It has no test harness, which would write to the standard output. The first argument says what it is to be.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "this is a test"
)]

mod support;

use calc_ipc::calculator::Request;
use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler, Limit, Next, Server};
use calc_ipc::transport::{self, Address, ClientOptions, ServerOptions};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::process::exit;
use std::time::Duration;
use std::{env, thread};
use support::{PATIENCE, add, echo, run_tests};

/// The longest message.
const LONGEST: u32 = 1 << 20;

fn main() {
    let arguments: Vec<OsString> = env::args_os().collect();
    match arguments.get(1).and_then(|word| word.to_str()) {
        Some("serve") => serve(Handler::Calculator),
        Some("echo") => serve(echo()),
        Some("slow") => serve(slow()),
        Some("words") => serve(words(arguments)),
        Some("later") => serve(later()),
        Some("end") => exit(3),
        Some("end-when-asked") => end_when_asked(),
        Some("hang") => serve(Handler::new(|_| {
            loop {
                thread::park();
            }
        })),
        Some("stop") => stop(),
        Some("nonsense") => nonsense(),
        Some("parent") => parent(),
        _ => {
            run_tests(TESTS.map(|(name, test)| (name.to_owned(), Box::new(test) as Box<dyn Fn()>)))
        }
    }
}

/// Each test, and its name.
const TESTS: [(&str, fn()); 14] = [
    ("calls_are_answered", calls_are_answered),
    ("large_messages_go_through", large_messages_go_through),
    ("batches_are_answered", batches_are_answered),
    ("a_late_answer_is_dropped", a_late_answer_is_dropped),
    ("answers_may_come_later", answers_may_come_later),
    (
        "words_reach_a_program_as_they_are",
        words_reach_a_program_as_they_are,
    ),
    ("how_a_program_ended_is_told", how_a_program_ended_is_told),
    ("what_is_no_program_is_told", what_is_no_program_is_told),
    ("nonsense_is_malformed", nonsense_is_malformed),
    (
        "one_that_hangs_ends_with_its_client",
        one_that_hangs_ends_with_its_client,
    ),
    (
        "serving_can_be_stopped_while_nobody_asks",
        serving_can_be_stopped_while_nobody_asks,
    ),
    (
        "no_program_outlives_its_parent",
        no_program_outlives_its_parent,
    ),
    (
        "a_stop_ends_a_call_of_a_program",
        a_stop_ends_a_call_of_a_program,
    ),
    ("calls_in_flight_are_answered", calls_in_flight_are_answered),
];

fn program(what: &str) -> Address {
    Address::Exec {
        program: env::current_exe().unwrap().into(),
        arguments: vec![what.into()],
    }
}

fn client_of(what: &str) -> Client {
    let options = ClientOptions {
        max_message: LONGEST,
        ..ClientOptions::default()
    };
    Client::connect(&program(what), &options).unwrap()
}

fn bytes(client: &Client, message: &[u8]) -> Vec<u8> {
    let mut answer = vec![0; LONGEST as usize];
    let length = client.call_bytes(message, &mut answer).unwrap();
    answer.truncate(length);
    answer
}

// What the program is when it is executed.

fn server(handler: Handler) -> Server {
    let options = ServerOptions {
        max_message: LONGEST,
        ..ServerOptions::default()
    };
    let endpoint = transport::bind(&Address::Stdio, &options).unwrap();
    Server::new(endpoint.endpoint, handler).unwrap()
}

fn serve(handler: Handler) {
    server(handler).run().unwrap();
}

/// Answers a request for anything but 0 late.
fn slow() -> Handler {
    Handler::new(|request| {
        if request.arg1 != 0 {
            thread::sleep(Duration::from_millis(100));
        }
        Ok(request.arg1)
    })
}

/// Answers each message from another thread.
fn later() -> Handler {
    Handler::deferred(|reply, message| {
        let message = message.to_vec();
        thread::spawn(move || {
            let _ = reply.send(&message);
        });
    })
}

/// Answers with its arguments, one a line, and a variable of its environment.
fn words(arguments: Vec<OsString>) -> Handler {
    let words = arguments.iter().skip(2).map(|word| word.to_string_lossy());
    let mut text = words.collect::<Vec<_>>().join("\n");
    text.push_str(&env::var("CALC_IPC_TEST_WORD").unwrap_or_default());
    Handler::bytes(move |_, room| {
        room.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(text.len())
    })
}

fn end_when_asked() {
    let _ = std::io::stdin().read(&mut [0]);
    exit(5);
}

fn nonsense() {
    let mut out = std::io::stdout();
    out.write_all(b"\x02\0\0\0no").unwrap();
    out.flush().unwrap();
    thread::sleep(PATIENCE);
}

/// Serves until another thread stops that, and says so by its status.
fn stop() {
    let server = server(Handler::Calculator);
    server.start().unwrap();
    thread::sleep(Duration::from_millis(50));
    server.stop().unwrap();
    exit(7);
}

/// Executes a program, and ends without having ended it.
fn parent() {
    let client = client_of("serve");
    assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
    std::mem::forget(client);
    exit(9);
}

// The tests.

fn calls_are_answered() {
    let client = client_of("serve");
    for number in 0..1000 {
        assert_eq!(client.call(&add(number, 1)).unwrap(), Ok(number + 1));
    }
}

fn large_messages_go_through() {
    let client = client_of("echo");
    for length in [0, 1, 4091, 4092, 4093, 65_535, 65_536, LONGEST as usize] {
        let message: Vec<u8> = (0..251).cycle().take(length).collect();
        assert!(bytes(&client, &message) == message, "{length}");
    }
}

fn batches_are_answered() {
    let client = client_of("serve");
    let requests: Vec<Request> = (0..5000).map(|number| add(number, number)).collect();
    let mut number = 0;
    let take = |answer| {
        assert_eq!(answer, Ok(2 * number));
        number += 1;
    };
    client.call_many(&requests, take).unwrap();
    assert_eq!(number, 5000);
}

fn a_late_answer_is_dropped() {
    let options = ClientOptions {
        call_timeout: Some(Duration::from_millis(20)),
        ..ClientOptions::default()
    };
    let client = Client::connect(&program("slow"), &options).unwrap();
    // The program may take long to start.
    while client.call(&add(0, 0)).is_err() {}
    assert_eq!(
        client.call(&add(1, 0)).unwrap_err().status(),
        Status::TimedOut
    );
    let answer = loop {
        match client.call(&add(0, 0)) {
            Err(error) => assert_eq!(error.status(), Status::TimedOut),
            Ok(answer) => break answer,
        }
    };
    assert_eq!(answer, Ok(0));
}

fn answers_may_come_later() {
    let client = client_of("later");
    for number in 0..100_u8 {
        assert_eq!(bytes(&client, &[number; 7]), [number; 7]);
    }
}

fn words_reach_a_program_as_they_are() {
    let given = [
        "",
        "a b",
        r"C:\dir\",
        r#"say "x""#,
        r#"a\\"b"#,
        "Ä",
        "%PATH%",
        "*",
    ];
    let address = Address::Exec {
        program: env::current_exe().unwrap().into(),
        arguments: ["words"].into_iter().chain(given).map(Into::into).collect(),
    };
    // SAFETY: no other thread of this program is there.
    unsafe { env::set_var("CALC_IPC_TEST_WORD", "from the environment") };
    let client = Client::connect(&address, &ClientOptions::default()).unwrap();
    let text = String::from_utf8(bytes(&client, b"?")).unwrap();
    assert_eq!(text, given.join("\n") + "from the environment");
}

fn how_a_program_ended_is_told() {
    for (what, how) in [("end", "status 3"), ("end-when-asked", "status 5")] {
        let error = client_of(what).call(&add(1, 1)).unwrap_err();
        assert!(
            matches!(error.status(), Status::Closed | Status::PeerDied),
            "{error}"
        );
        assert!(error.context().contains(how), "{error}");
    }
}

fn what_is_no_program_is_told() {
    let options = ClientOptions::default();
    for name in ["no-such-program-anywhere", "/none/x", "./none/x y"] {
        let error = Client::connect(&Address::exec(name), &options)
            .err()
            .unwrap();
        assert_eq!(error.status(), Status::NotConnected, "{error}");
        assert!(error.context().contains(name), "{error}");
    }
}

fn nonsense_is_malformed() {
    let error = client_of("nonsense").call(&add(1, 1)).unwrap_err();
    assert_eq!(error.status(), Status::Malformed, "{error}");
}

fn one_that_hangs_ends_with_its_client() {
    let options = ClientOptions {
        call_timeout: Some(Duration::from_millis(20)),
        ..ClientOptions::default()
    };
    let client = Client::connect(&program("hang"), &options).unwrap();
    assert_eq!(
        client.call(&add(1, 1)).unwrap_err().status(),
        Status::TimedOut
    );
    drop(client); // It would wait for ever, were the program not ended.
}

fn serving_can_be_stopped_while_nobody_asks() {
    let client = client_of("stop");
    let error = loop {
        match client.call(&add(1, 1)) {
            Ok(answer) => assert_eq!(answer, Ok(2)),
            Err(error) => break error,
        }
        thread::sleep(Duration::from_millis(300));
    };
    assert!(error.context().contains("status 7"), "{error}");
}

/// A program holds its parent's standard error: while it is there, that has no end.
fn no_program_outlives_its_parent() {
    let mut parent = std::process::Command::new(env::current_exe().unwrap())
        .arg("parent")
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    parent
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(parent.wait().unwrap().code(), Some(9), "{said}");
}

fn a_stop_ends_a_call_of_a_program() {
    let client = client_of("hang");
    thread::scope(|scope| {
        let waiter = scope.spawn(|| client.call(&add(1, 1)).unwrap_err().status());
        thread::sleep(Duration::from_millis(50));
        client.request_stop();
        assert_eq!(waiter.join().unwrap(), Status::Cancelled);
    });
}

fn calls_in_flight_are_answered() {
    let client = client_of("echo");
    for tag in 0..40_u8 {
        let message = vec![tag; 1000];
        client
            .submit(Limit::Own(None), &message, tag.into())
            .unwrap();
    }
    let mut room = vec![0; 1000];
    for tag in 0..40_u8 {
        let Ok(Next::Completion(completion)) = client.next(Some(PATIENCE), &mut room) else {
            panic!("{tag}");
        };
        assert_eq!(completion.tag, u64::from(tag));
        assert!(room.iter().all(|byte| *byte == tag));
    }
}
