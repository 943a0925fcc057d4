//! What a failed call knows of its requests when the server ends at any moment, and half-way through
//! many requests at once.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;
#[path = "support/tally.rs"]
mod tally;

use calc_ipc::calculator::Request;
use calc_ipc::error::{Error, Status};
use calc_ipc::service::{Client, pipe};
use calc_ipc::transport::{
    Armed, Channel, ClientOptions, Deadline, Exchanged, Lifeline, ServerOptions, Take, Watches,
};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::Duration;
use support::raw::Random;
use support::typed::uds;
use support::{Address, Process, TRANSPORTS, Transport, add, handle_in_process};
use tally::Tally;

/// Servers that are killed, for each transport and each kind of call.
const ROUNDS: u64 = 15;

/// How a client is used until its server ends: gives how many answers came, and what came instead of
/// the next.
type Use = fn(&Client) -> (u32, Error);

fn one_after_another(client: &Client) -> (u32, Error) {
    let mut answers = 0;
    loop {
        match client.call(&add(i64::from(answers), 1)) {
            Ok(answer) => assert_eq!(answer, Ok(i64::from(answers))),
            Err(error) => return (answers, error),
        }
        answers += 1;
    }
}

fn many_at_once(client: &Client) -> (u32, Error) {
    let requests: Vec<_> = (0..10_000).map(|number| add(number, 1)).collect();
    let mut answers = 0;
    loop {
        let mut next = 0;
        let result = client.call_many(&requests, |answer| {
            assert_eq!(answer, Ok(next));
            next += 1;
        });
        answers += u32::try_from(next).unwrap();
        if let Err(error) = result {
            return (answers, error);
        }
    }
}

/// A server in a process of its own, whose address is live and whose handler counts.
fn serve(transport: &Transport, address: &Address, tally: &'static Tally) -> Process {
    handle_in_process(transport, address, &ServerOptions::default(), tally.first())
}

/// Uses `client` until `kill` has ended its server after a while, and holds what the failure says
/// against what the handler was given.
fn until_killed(
    name: &str,
    client: &Client,
    tally: &Tally,
    ask: Use,
    pause: Duration,
    kill: impl FnOnce(),
) {
    let (answers, error) = thread::scope(|scope| {
        let caller = scope.spawn(|| ask(client));
        thread::sleep(pause);
        kill();
        caller.join().unwrap()
    });
    let given = tally.given();
    let what = format!("{name}: {given} given, {answers} answered, {error}");
    assert!(
        matches!(error.status(), Status::Closed | Status::PeerDied),
        "{what}"
    );
    assert!(given >= answers, "{what}");
    if error.is_not_executed() {
        assert_eq!(given, answers, "{what}");
    }
    // Whatever comes after it is never sent.
    let (none, error) = ask(client);
    assert_eq!(none, 0, "{what}");
    assert!(error.is_not_executed(), "{what}");
}

#[test]
fn whenever_a_server_is_killed() {
    for transport in &TRANSPORTS {
        let mut random = Random::new(7);
        for round in 0..2 * ROUNDS {
            let ask = if round % 2 == 0 {
                one_after_another
            } else {
                many_at_once
            };
            let pause = Duration::from_micros(random.number() % 3000);
            let (address, tally) = (Address::new(), Tally::new());
            let process = serve(transport, &address, tally);
            let client = transport.client(&address);
            until_killed(transport.name, &client, tally, ask, pause, || drop(process));
        }
    }
}

#[test]
fn whenever_a_child_behind_a_pipe_is_killed() {
    let mut random = Random::new(7);
    for round in 0..2 * ROUNDS {
        let ask = if round % 2 == 0 {
            one_after_another
        } else {
            many_at_once
        };
        let pause = Duration::from_micros(random.number() % 3000);
        let tally = Tally::new();
        let client = pipe::create(tally.first(), &ClientOptions::default()).unwrap();
        until_killed("pipe", &client, tally, ask, pause, || {
            tally.await_given(1);
            // SAFETY: a child of this process, which its client has not waited for yet.
            assert_eq!(unsafe { libc::kill(tally.process(), libc::SIGKILL) }, 0);
        });
    }
}

/// As many requests as a client formats at once.
const CHUNK: usize = 4096;

/// Asks a peer that does as `serve` says for `count` sums at once: how many answers were taken, and
/// how it ended.
fn batch(count: usize, serve: impl FnOnce(UnixStream) + Send) -> (usize, Error) {
    let address = Address::new();
    let path = address.path("sock");
    let listener = UnixListener::bind(&path).unwrap();
    let options = ClientOptions::default();
    let requests: Vec<Request> = (0..count).map(|_| add(1, 1)).collect();
    thread::scope(|scope| {
        scope.spawn(|| serve(listener.accept().unwrap().0));
        let client = Client::new(uds::connect(&path, &options).unwrap(), &options);
        let mut taken = 0;
        let result = client.call_many(&requests, |_| taken += 1);
        (taken, result.expect_err("the peer ends it"))
    })
}

const REQUEST: &[u8] = b"\x07\0\0\0ADD 1 1";
const ANSWER: &[u8] = b"\x04\0\0\0OK 2";

/// Reads so many requests.
fn read(stream: &mut UnixStream, count: usize) {
    let mut requests = vec![0; REQUEST.len() * count];
    stream.read_exact(&mut requests).unwrap();
    assert!(requests == REQUEST.repeat(count));
}

#[test]
fn what_follows_the_last_answer_may_never_have_been_sent() {
    let (taken, error) = batch(CHUNK + 1, |mut stream| {
        read(&mut stream, CHUNK);
        // From here on nothing can be sent to it.
        stream.shutdown(Shutdown::Read).unwrap();
        stream.write_all(&ANSWER.repeat(CHUNK)).unwrap();
    });
    assert_eq!((taken, error.status()), (CHUNK, Status::Closed));
    assert!(error.is_not_executed());
}

#[test]
fn what_was_sent_after_the_last_answer_may_have_been_executed() {
    let (taken, error) = batch(CHUNK + 1, |mut stream| {
        read(&mut stream, CHUNK);
        stream.write_all(&ANSWER.repeat(CHUNK)).unwrap();
        read(&mut stream, 1);
    });
    assert_eq!((taken, error.status()), (CHUNK, Status::Closed));
    assert!(!error.is_not_executed());

    let (taken, error) = batch(20, |mut stream| {
        read(&mut stream, 20);
        stream.write_all(&ANSWER.repeat(10)).unwrap();
    });
    assert_eq!((taken, error.status()), (10, Status::Closed));
    assert!(!error.is_not_executed());
}

#[test]
fn an_answer_that_is_none_was_asked_for() {
    let (taken, error) = batch(3, |mut stream| {
        read(&mut stream, 3);
        let answers = [ANSWER, b"\x02\0\0\0no", ANSWER].concat();
        stream.write_all(&answers).unwrap();
    });
    assert_eq!((taken, error.status()), (1, Status::Malformed));
    assert!(!error.is_not_executed());
}

#[test]
fn a_notice_ends_many_requests_as_it_ends_one() {
    for (notice, status, is_not_executed) in [
        (0xFFFF_FF02_u32, Status::HandlerFailed, false),
        (0xFFFF_FF01, Status::TooLarge, true),
    ] {
        let (taken, error) = batch(2, |mut stream| {
            read(&mut stream, 2);
            let answers = [ANSWER, &notice.to_le_bytes()].concat();
            stream.write_all(&answers).unwrap();
        });
        assert_eq!((taken, error.status()), (1, status));
        assert_eq!(error.is_not_executed(), is_not_executed, "{error}");
    }
}

#[test]
fn half_a_request_is_not_executed_whatever_the_server_says_about_it() {
    for (last_word, status) in [
        (&b"\x05\0"[..], Status::Closed),
        (b"\x02\xFF\xFF\xFF", Status::HandlerFailed),
    ] {
        let address = Address::new();
        let path = address.path("sock");
        let listener = UnixListener::bind(&path).unwrap();
        let options = ClientOptions {
            max_message: 64 << 20,
            ..ClientOptions::default()
        };
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut stream = listener.accept().unwrap().0;
                stream.read_exact(&mut [0; 100]).unwrap();
                stream.write_all(last_word).unwrap();
            });
            let client = Client::new(uds::connect(&path, &options).unwrap(), &options);
            let message = vec![7; 32 << 20];
            let error = client.call_bytes(&message, &mut []).unwrap_err();
            assert_eq!(error.status(), status, "{error}");
            assert!(error.is_not_executed(), "{error}");
        });
    }
}

/// A server that answers one request of many, then another with nonsense, and goes before it could be
/// sent the rest.
struct Nonsense;

impl Channel for Nonsense {
    fn lifeline(&self) -> Lifeline<'_> {
        Lifeline::None
    }

    fn peer(&self) -> &str {
        "nonsense"
    }

    fn send(&mut self, _: &[u8], _: &Deadline) -> Result<(), Error> {
        unreachable!("many are asked at once")
    }

    fn send_body(&mut self, _: &[u8], _: &Deadline) -> Result<(), Error> {
        unreachable!("many are asked at once")
    }

    fn recv(&mut self, _: &Deadline) -> Result<&[u8], Error> {
        unreachable!("many are asked at once")
    }

    fn recv_into(&mut self, _: &mut [u8], _: &Deadline) -> Result<usize, Error> {
        unreachable!("many are asked at once")
    }

    fn exchange(
        &mut self,
        _: &[u8],
        _: u32,
        _: Option<Duration>,
        take: &mut Take<'_>,
    ) -> Exchanged {
        take(b"OK 2");
        take(b"no");
        let rest = Error::new(Status::Closed, "the rest was not sent").not_executed();
        Exchanged {
            owed: 0,
            result: Err(rest),
        }
    }

    fn begin_flight(&mut self, _: u32) -> Result<(), Error> {
        Ok(())
    }

    fn send_now(&mut self, _: &[u8], _: u32) -> Result<usize, Error> {
        unreachable!("every call is waited for")
    }

    fn recv_now(&mut self) -> Result<Option<&[u8]>, Error> {
        unreachable!("every call is waited for")
    }

    fn has_arrived(&self) -> bool {
        false
    }

    fn watches(&self, _: bool) -> Watches<'_> {
        Watches::default()
    }

    fn arm(&mut self) -> Armed {
        Armed::Watched
    }

    fn look(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn nonsense_comes_before_the_end_that_follows_it() {
    let client = Client::new(Box::new(Nonsense), &ClientOptions::default());
    let mut taken = 0;
    let requests = [add(1, 1), add(1, 1), add(1, 1)];
    let error = client.call_many(&requests, |_| taken += 1).unwrap_err();
    assert_eq!((taken, error.status()), (1, Status::Malformed));
    assert!(!error.is_not_executed(), "the second was answered");
    let error = client.call_many(&requests, |_| ()).unwrap_err();
    assert_eq!(error.status(), Status::Closed);
    assert!(error.is_not_executed(), "nothing is sent any more");
}
