//! Calls that nobody waits for: exactly one completion each, with the right answer or the reason why there is none, over
//! every transport, whatever is done in whatever order.
#![cfg_attr(windows, allow(unused, reason = "some of these tests are for Unix"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Completion, Handler, IN_FLIGHT_MAX, Limit, Next, Server, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;
#[cfg(unix)]
use support::handle_in_process;
use support::random::Random;
use support::{
    Address, PATIENCE, TRANSPORTS, add, echo, eventually, is_readable_within, over_each, status,
    within,
};

const FOREVER: Limit = Limit::Own(None);
const LOOK: Option<Duration> = Some(Duration::ZERO);

/// The completion that comes next, within half a minute or more, and its answer.
fn next(client: &Client) -> (Completion, Vec<u8>) {
    let mut answer = vec![0; 70_000];
    match client.next(Some(PATIENCE), &mut answer) {
        Ok(Next::Completion(completion)) => {
            answer.truncate(completion.outcome.as_ref().map_or(0, |length| *length));
            (completion, answer)
        }
        other => panic!("no completion: {other:?}"),
    }
}

fn has_none(client: &Client) -> bool {
    status(client.next(LOOK, &mut [])) == Status::TimedOut
}

/// Whether the host's loop would wake up.
fn is_readable(client: &Client) -> bool {
    is_readable_within(&client.source().unwrap(), Duration::ZERO)
}

/// Waits until the host's loop would wake up.
fn await_readable(client: &Client) {
    let wakes = is_readable_within(&client.source().unwrap(), PATIENCE);
    assert!(wakes, "it never wakes");
}

/// Holds a handler up until it is opened.
#[derive(Default)]
struct Gate(Mutex<bool>, Condvar);

impl Gate {
    fn pass(&self) {
        let open = self.0.lock().unwrap();
        let (open, wait) = self
            .1
            .wait_timeout_while(open, PATIENCE, |open| !*open)
            .unwrap();
        assert!(!wait.timed_out() && *open);
    }

    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }
}

/// A handler that gives each message back, and waits at the gate with those that begin with "slow".
fn gated(gate: &Arc<Gate>) -> Handler {
    let gate = Arc::clone(gate);
    Handler::bytes(move |request, room| {
        if request.starts_with(b"slow") {
            gate.pass();
        }
        room.get_mut(..request.len())?.copy_from_slice(request);
        Some(request.len())
    })
}

#[test]
fn each_is_answered_once_in_its_order() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &ServerOptions::default());
        let client = transport.client(address);
        let mut random = Random::new(7);
        let (mut asked, mut told) = (0, 0);
        while told < 3000 {
            let depth = random.pick(IN_FLIGHT_MAX as u64) + 1;
            while asked < told + depth && asked < 3000 {
                let message = message(asked, random.pick(300));
                let id = client.submit(FOREVER, &message, asked + 1000).unwrap();
                asked += 1;
                assert_eq!(id, asked, "numbers begin at 1");
            }
            for _ in 0..random.pick(depth) + 1 {
                if told == asked {
                    break;
                }
                let (completion, answer) = next(&client);
                assert_eq!((completion.id, completion.tag), (told + 1, told + 1000));
                assert_eq!(answer[..8], told.to_le_bytes(), "{}", transport.name);
                told += 1;
            }
        }
        assert!(has_none(&client));
        assert_eq!(client.call_bytes(b"hello", &mut [0; 5]).unwrap(), 5);
    });
}

fn message(number: u64, more: u64) -> Vec<u8> {
    let mut message = number.to_le_bytes().to_vec();
    message.resize(8 + usize::try_from(more).unwrap(), 0x55);
    message
}

#[test]
#[cfg(unix)]
fn a_child_answers_them_too() {
    let client = pipe::create(echo(), &ClientOptions::default()).unwrap();
    for number in 0..40 {
        client
            .submit(FOREVER, &message(number, 500), number)
            .unwrap();
    }
    for number in 0..40 {
        let (completion, answer) = next(&client);
        assert_eq!((completion.tag, answer), (number, message(number, 500)));
    }
}

#[test]
#[cfg(unix)]
fn a_child_that_dies_is_noticed_though_its_own_child_keeps_the_pipes() {
    let address = Address::new();
    let note = address.path("child");
    let script = format!("sleep 1000 & echo $! > {note}; read -r line; exit 3");
    let place = calc_ipc::transport::Address::Exec {
        program: "/bin/sh".into(),
        arguments: ["-c", &script].map(Into::into).into(),
    };
    let client = Client::connect(&place, &ClientOptions::default()).unwrap();
    client.submit(FOREVER, b"\n", 7).unwrap();
    let (completion, _) = next(&client);
    let error = completion.outcome.unwrap_err();
    assert!(
        matches!(error.status(), Status::Closed | Status::PeerDied),
        "{error}"
    );
    let left: i32 = std::fs::read_to_string(&note)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    // SAFETY: it takes numbers; the process is the script's, which has noted it.
    assert_eq!(unsafe { libc::kill(left, libc::SIGKILL) }, 0);
}

#[test]
fn more_than_the_system_takes_at_once_goes_bit_by_bit() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &ServerOptions::default());
        let client = transport.client(address);
        for round in 0..20 {
            let mut count = 0;
            while status(client.submit(FOREVER, &message(count, 60_000), count)) == Status::Ok {
                count += 1;
            }
            assert!(count > 0);
            if round % 2 == 0 {
                client.source().unwrap();
            }
            for number in 0..count {
                let (completion, answer) = next(&client);
                assert_eq!(completion.tag, number, "{} {completion:?}", transport.name);
                assert!(answer == message(number, 60_000));
            }
        }
    });
}

#[test]
fn no_more_than_so_many_are_under_way() {
    over_each(|transport, address| {
        let gate = Arc::default();
        let _server = transport.serve(address, gated(&gate), &ServerOptions::default());
        let client = transport.client(address);
        for _ in 0..IN_FLIGHT_MAX {
            client.submit(FOREVER, b"slow", 0).unwrap();
        }
        let busy = client.submit(FOREVER, b"slow", 0).unwrap_err();
        assert_eq!(busy.status(), Status::Busy);
        assert!(busy.is_not_executed());
        assert_eq!(status(client.call_bytes(b"quick", &mut [])), Status::Busy);
        gate.open();
        next(&client);
        assert_eq!(
            client.submit(FOREVER, b"slow", 9).unwrap(),
            IN_FLIGHT_MAX as u64 + 1
        );
        for _ in 0..IN_FLIGHT_MAX {
            assert_eq!(next(&client).1, b"slow");
        }
        assert!(has_none(&client));
    });
}

#[test]
fn an_answer_without_room_stays_the_first() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &ServerOptions::default());
        let client = transport.client(address);
        client.submit(FOREVER, b"hello", 1).unwrap();
        client.submit(FOREVER, b"again", 2).unwrap();
        for room in 0..5 {
            let mut answer = vec![0x55; room];
            match client.next(Some(PATIENCE), &mut answer) {
                Ok(Next::NoRoom(5)) => assert_eq!(answer, vec![0x55; room]),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(next(&client).1, b"hello");
        assert_eq!(next(&client).1, b"again");
    });
}

#[test]
fn a_call_ends_when_its_time_is_over_and_its_answer_is_nobodys() {
    over_each(|transport, address| {
        let gate = Arc::default();
        let _server = transport.serve(address, gated(&gate), &ServerOptions::default());
        let client = transport.client_with(address, &within(20));
        let slow = client.submit(Limit::Usual, b"slow", 1).unwrap();
        let patient = client.submit(FOREVER, b"patient", 2).unwrap();
        let (completion, _) = next(&client);
        assert_eq!(completion.id, slow);
        assert_eq!(completion.outcome.unwrap_err().status(), Status::TimedOut);
        gate.open();
        let (completion, answer) = next(&client);
        assert_eq!((completion.id, answer), (patient, b"patient".to_vec()));
        // What is owed to calls that are over is awaited by one that waits.
        let mut answer = [0; 5];
        let limit = Limit::Own(Some(PATIENCE));
        assert_eq!(
            client
                .call_bytes_within(limit, b"other", &mut answer)
                .unwrap(),
            5
        );
        assert_eq!(&answer, b"other");
    });
}

#[test]
fn one_that_is_cancelled_is_told_of_once() {
    over_each(|transport, address| {
        let gate = Arc::default();
        let _server = transport.serve(address, gated(&gate), &ServerOptions::default());
        let client = transport.client(address);
        assert_eq!(status(client.cancel(0)), Status::InvalidArgument);
        assert_eq!(status(client.cancel(1)), Status::InvalidArgument);
        let first = client.submit(FOREVER, b"slow", 1).unwrap();
        let second = client.submit(FOREVER, b"next", 2).unwrap();
        for _ in 0..2 {
            client.cancel(first).unwrap();
        }
        let (completion, _) = next(&client);
        assert_eq!(completion.id, first);
        assert_eq!(completion.outcome.unwrap_err().status(), Status::Cancelled);
        client.cancel(first).unwrap();
        gate.open();
        assert_eq!(next(&client).0.id, second);
        assert!(has_none(&client));
        client.cancel(second).unwrap();
        assert!(has_none(&client));
        assert_eq!(client.call_bytes(b"other", &mut [0; 5]).unwrap(), 5);
    });
}

#[test]
#[cfg(unix)]
fn the_end_of_the_server_is_that_of_every_call() {
    for transport in &TRANSPORTS {
        let address = &Address::new();
        let stuck = Handler::bytes(|_, _| {
            loop {
                thread::park();
            }
        });
        let mut process = handle_in_process(transport, address, &ServerOptions::default(), stuck);
        let client = transport.client(address);
        for tag in 0..IN_FLIGHT_MAX as u64 {
            client.submit(FOREVER, b"hello", tag).unwrap();
        }
        assert!(has_none(&client));
        process.kill();
        for tag in 0..IN_FLIGHT_MAX as u64 {
            let (completion, _) = next(&client);
            assert_eq!(completion.tag, tag);
            let error = completion.outcome.unwrap_err();
            let ended = [Status::Closed, Status::PeerDied];
            assert!(
                ended.contains(&error.status()),
                "{}: {error}",
                transport.name
            );
        }
        assert!(has_none(&client));
        let error = client.submit(FOREVER, b"hello", 0).unwrap_err();
        assert!(error.is_not_executed(), "{error}");
        assert!(client.call_bytes(b"hello", &mut []).is_err());
    }
}

#[test]
fn the_source_is_readable_when_there_is_something_and_quiet_when_there_is_not() {
    over_each(|transport, address| {
        let gate = Arc::default();
        let _server = transport.serve(address, gated(&gate), &ServerOptions::default());
        let client = transport.client(address);
        assert!(!is_readable(&client));
        client.submit(FOREVER, b"slow", 1).unwrap();
        let limited = client
            .submit(Limit::Own(Some(Duration::from_millis(5))), b"slow", 2)
            .unwrap();
        await_readable(&client);
        while has_none(&client) {
            await_readable(&client);
        }
        assert!(has_none(&client), "{limited} was the one");
        client.cancel(1).unwrap();
        assert!(is_readable(&client), "cancelled");
        assert_eq!(next(&client).0.id, 1);
        gate.open();
        client.submit(FOREVER, b"quick", 3).unwrap();
        client.submit(FOREVER, b"quick", 4).unwrap();
        for id in [3, 4] {
            await_readable(&client);
            assert_eq!(next(&client).0.id, id);
        }
        await_quiet(transport.name, &client);
    });
}

/// What readable without a completion may be, is over once it was looked at.
fn await_quiet(name: &str, client: &Client) {
    for _ in 0..100_000 {
        assert!(has_none(client));
        if !is_readable(client) {
            return;
        }
    }
    panic!("{name} is never quiet");
}

#[test]
fn a_server_that_goes_while_nothing_is_asked_leaves_the_source_quiet() {
    over_each(|transport, address| {
        let server = transport.serve(address, echo(), &ServerOptions::default());
        let client = transport.client(address);
        client.submit(FOREVER, b"hello", 1).unwrap();
        client.source().unwrap();
        next(&client);
        server.stop().unwrap();
        await_readable(&client);
        await_quiet(transport.name, &client);
    });
}

#[test]
fn a_server_that_does_not_serve_yet_leaves_the_source_quiet() {
    over_each(|transport, address| {
        let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
        let server = Server::new(endpoint, echo()).unwrap();
        let client = transport.client(address);
        client.source().unwrap();
        client.submit(FOREVER, b"hello", 1).unwrap();
        await_quiet(transport.name, &client);
        server.start().unwrap();
        assert_eq!(next(&client).1, b"hello");
    });
}

#[test]
fn nothing_is_submitted_after_a_call_that_was_cut() {
    over_each(|transport, address| {
        let options = ServerOptions {
            max_message: 64 << 20,
            ..ServerOptions::default()
        };
        let endpoint = (transport.bind)(address, &options).unwrap();
        let server = Server::new(endpoint, echo()).unwrap();
        let client = transport.client_with(
            address,
            &ClientOptions {
                max_message: 64 << 20,
                ..within(20)
            },
        );
        let large = vec![7; 32 << 20];
        assert_eq!(status(client.call_bytes(&large, &mut [])), Status::TimedOut);
        match client.submit(FOREVER, b"hello", 1) {
            Err(error) => {
                assert_eq!(error.status(), Status::Closed, "{}", transport.name);
                assert!(error.is_not_executed());
            }
            // Nothing of it was sent, where the server has to be there first.
            Ok(_) => {
                server.start().unwrap();
                assert_eq!(next(&client).1, b"hello");
            }
        }
    });
}

#[test]
#[cfg(unix)]
fn one_who_only_looks_learns_that_the_server_died() {
    for transport in &TRANSPORTS {
        let address = &Address::new();
        let stuck = Handler::bytes(|_, _| {
            loop {
                thread::park();
            }
        });
        let mut process = handle_in_process(transport, address, &ServerOptions::default(), stuck);
        let client = transport.client(address);
        client.submit(FOREVER, b"hello", 1).unwrap();
        assert!(has_none(&client));
        process.kill();
        eventually("its end is told", || !has_none(&client));
        assert!(has_none(&client), "once");
    }
}

#[test]
fn a_loop_that_sleeps_is_woken_for_each_answer() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &ServerOptions::default());
        let client = transport.client(address);
        client.source().unwrap();
        for number in 0..2000_u64 {
            client
                .submit(FOREVER, &number.to_le_bytes(), number)
                .unwrap();
            let mut answer = [0; 8];
            loop {
                await_readable(&client);
                match client.next(LOOK, &mut answer) {
                    Ok(Next::Completion(completion)) => {
                        assert_eq!(
                            (completion.tag, u64::from_le_bytes(answer)),
                            (number, number)
                        );
                        break;
                    }
                    Ok(Next::NoRoom(length)) => panic!("{length} bytes"),
                    Err(error) => assert_eq!(error.status(), Status::TimedOut),
                }
            }
        }
    });
}

#[test]
fn a_call_that_waits_has_no_more_time_for_what_is_owed() {
    over_each(|transport, address| {
        let gate = Arc::default();
        let _server = transport.serve(address, gated(&gate), &ServerOptions::default());
        let client = transport.client(address);
        // Once it is connected, what is submitted is sent at once.
        assert_eq!(client.call_bytes(b"quick", &mut [0; 5]).unwrap(), 5);
        let id = client.submit(FOREVER, b"slow", 1).unwrap();
        client.cancel(id).unwrap();
        assert_eq!(next(&client).0.id, id);
        let limit = Limit::Own(Some(Duration::from_millis(20)));
        let error = client
            .call_bytes_within(limit, b"quick", &mut [])
            .unwrap_err();
        assert_eq!(error.status(), Status::TimedOut, "{error}");
        gate.open();
        assert_eq!(client.call_bytes(b"quick", &mut [0; 5]).unwrap(), 5);
    });
}

/// Threads submit, take and cancel at random, and call in between.
#[test]
fn whatever_threads_do_each_call_is_told_of_once() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &ServerOptions::default());
        let client = transport.client(address);
        let told = Mutex::new(BTreeMap::<u64, u32>::new());
        let is_over = AtomicBool::new(false);
        const EACH: u64 = 400;
        thread::scope(|scope| {
            let takers: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        let mut room = [0; 64];
                        while !is_over.load(Ordering::SeqCst) {
                            match client.next(Some(Duration::from_millis(2)), &mut room) {
                                Ok(Next::Completion(Completion { id, tag, outcome })) => {
                                    if let Ok(length) = outcome {
                                        assert_eq!(room[..length], tag.to_le_bytes(), "{id}");
                                    }
                                    *told.lock().unwrap().entry(tag).or_default() += 1;
                                }
                                Ok(Next::NoRoom(length)) => panic!("{length} bytes"),
                                Err(error) => assert_eq!(error.status(), Status::TimedOut),
                            }
                        }
                    })
                })
                .collect();
            let askers: Vec<_> = (0..3)
                .map(|asker| {
                    let client = &client;
                    scope.spawn(move || {
                        let mut random = Random::new(asker);
                        for number in 0..EACH {
                            let tag = asker * EACH + number;
                            let limit = match random.pick(4) {
                                0 => Limit::Own(Some(Duration::from_micros(random.pick(200) + 1))),
                                _ => FOREVER,
                            };
                            let id = loop {
                                match client.submit(limit, &tag.to_le_bytes(), tag) {
                                    Ok(id) => break id,
                                    Err(error) => assert_eq!(error.status(), Status::Busy),
                                }
                                thread::yield_now();
                            };
                            if random.pick(5) == 0 {
                                client.cancel(id).unwrap();
                            }
                            if random.pick(9) == 0 {
                                let called = client.call_bytes(b"call", &mut [0; 4]);
                                assert!([Status::Ok, Status::Busy].contains(&status(called)));
                            }
                        }
                    })
                })
                .collect();
            askers.into_iter().for_each(|asker| asker.join().unwrap());
            eventually("each is told of", || {
                told.lock().unwrap().len() as u64 == 3 * EACH
            });
            is_over.store(true, Ordering::SeqCst);
            takers.into_iter().for_each(|taker| taker.join().unwrap());
        });
        let told = told.into_inner().unwrap();
        assert!(told.values().all(|count| *count == 1), "{}", transport.name);
    });
}

#[test]
fn requests_are_answered_by_a_calculator() {
    over_each(|transport, address| {
        let _server = transport.serve(address, Handler::Calculator, &ServerOptions::default());
        let client = transport.client(address);
        for number in 0..50 {
            client
                .submit_request(FOREVER, &add(number, 1), number.cast_unsigned())
                .unwrap();
        }
        for number in 0..50 {
            let (completion, answer) = next(&client);
            assert_eq!(completion.tag, number);
            assert_eq!(answer, format!("OK {}", number + 1).into_bytes());
        }
    });
}

#[test]
fn failures_of_one_leave_the_others_alone() {
    over_each(|transport, address| {
        let choosy = Handler::bytes(|request, room| {
            room.get_mut(..request.len())?.copy_from_slice(request);
            (request != b"bad").then_some(request.len())
        });
        let options = ServerOptions {
            max_message: 1000,
            ..ServerOptions::default()
        };
        let _server = transport.serve(address, choosy, &options);
        let client = transport.client(address);
        for message in [&b"good"[..], b"bad", b"good", b"bad", b"good"] {
            client.submit(FOREVER, message, 0).unwrap();
        }
        for expected in [
            Status::Ok,
            Status::HandlerFailed,
            Status::Ok,
            Status::HandlerFailed,
            Status::Ok,
        ] {
            assert_eq!(
                status(next(&client).0.outcome),
                expected,
                "{}",
                transport.name
            );
        }
        let error = client.submit(FOREVER, &[0; 70_000], 0).unwrap_err();
        assert_eq!(
            (error.status(), error.is_not_executed()),
            (Status::TooLarge, true)
        );
        client.submit(FOREVER, b"good", 0).unwrap();
        client.submit(FOREVER, &[0; 2000], 0).unwrap();
        assert_eq!(status(next(&client).0.outcome), Status::Ok);
        let error = next(&client).0.outcome.unwrap_err();
        assert_eq!(
            (error.status(), error.is_not_executed()),
            (Status::TooLarge, true)
        );
    });
}
