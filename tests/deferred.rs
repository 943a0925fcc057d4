//! Answers that come later, over every transport with named servers.
#![cfg_attr(windows, allow(unused, reason = "some of these tests are for Unix"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

#[path = "support/deferring.rs"]
mod deferring;
mod support;

use calc_ipc::calculator::{ErrorText, Operation, Response};
use calc_ipc::error::Status;
use calc_ipc::protocol::frame;
use calc_ipc::service::{Handler, Limit, Next, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use deferring::{Deferring, HOLD, LATER, NOW, RELEASE, ask, ask_apart, message};
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::iter;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;
#[cfg(unix)]
use support::Process;
use support::{Address, PATIENCE, TRANSPORTS, add, eventually, over_each, request, status, within};

#[test]
fn a_reply_may_be_ended_in_the_handler() {
    over_each(|transport, address| {
        let _server = Deferring::usual(transport, address);
        let client = transport.client(address);
        for length in [0, 1, 40, 100, 5000, 65_535] {
            let rest = vec![7; length];
            let answer = ask(&client, NOW, &rest).unwrap();
            assert!(answer == rest, "{}: {length}", transport.name);
        }
    });
}

#[test]
fn a_reply_may_be_ended_later_by_another_thread() {
    over_each(|transport, address| {
        let server = Deferring::usual(transport, address);
        for length in [0, 1, 40, 100, 5000, 65_535] {
            let rest = vec![7; length];
            let asking = ask_apart(transport, address, LATER, &rest);
            let (reply, kept) = server.next_kept();
            reply.check().unwrap();
            reply.send(&kept).unwrap();
            assert!(
                asking.join().unwrap().unwrap() == rest,
                "{}: {length}",
                transport.name
            );
        }
    });
}

#[test]
fn a_reply_may_be_ended_by_the_handler_of_another_call() {
    over_each(|transport, address| {
        let _server = Deferring::usual(transport, address);
        let asking = ask_apart(transport, address, HOLD, b"held");
        let client = transport.client(address);
        eventually("what was kept is answered", || {
            assert_eq!(ask(&client, RELEASE, b"now").unwrap(), b"now");
            asking.is_finished()
        });
        assert_eq!(asking.join().unwrap().unwrap(), b"held");
    });
}

#[test]
fn a_reply_that_fails_tells_the_client_that_and_the_server_why() {
    over_each(|transport, address| {
        let server = Deferring::usual(transport, address);
        let why = |text| {
            eventually("why it failed", || {
                server.server.last_failure() == Some(ErrorText::from(text))
            })
        };
        let client = transport.client(address);
        assert_eq!(status(ask(&client, b'!', b"")), Status::HandlerFailed);
        why("the reply was dropped without an answer");
        let asking = ask_apart(transport, address, LATER, b"");
        let (reply, _) = server.next_kept();
        reply.fail(b"no\ncat");
        assert_eq!(status(asking.join().unwrap()), Status::HandlerFailed);
        why("no?cat");
        let asking = ask_apart(transport, address, LATER, b"");
        let (reply, _) = server.next_kept();
        assert_eq!(status(reply.send(&[0; 65_537])), Status::TooLarge);
        assert_eq!(status(asking.join().unwrap()), Status::HandlerFailed);
        why("an answer of 65537 bytes, and max_message is 65536");
        assert_eq!(
            ask(&client, NOW, b"still").unwrap(),
            b"still",
            "the connection lives"
        );
    });
}

#[test]
fn a_response_is_what_a_calculator_gives() {
    over_each(|transport, address| {
        let _server = transport.serve(
            address,
            Handler::deferred(|reply, _| {
                let answers: [Response; 2] = [Ok(7), Err(ErrorText::from("no"))];
                let answer = answers[usize::from(reply.check().is_err())];
                thread::spawn(move || reply.send_response(&answer).unwrap());
            }),
            &ServerOptions::default(),
        );
        assert_eq!(transport.client(address).call(&add(1, 2)).unwrap(), Ok(7));
    });
}

#[test]
fn further_requests_wait_for_the_answer_and_all_are_answered_in_order() {
    over_each(|transport, address| {
        let server = Deferring::usual(transport, address);
        let mut channel = (transport.connect)(address, &ClientOptions::default()).unwrap();
        let kinds = [NOW, LATER, NOW, LATER, LATER, NOW, LATER];
        let requests: Vec<_> = (0_u8..)
            .zip(kinds)
            .map(|(number, kind)| message(kind, &[number; 90]))
            .collect();
        let frames: Vec<_> = requests
            .iter()
            .flat_map(|body| {
                [&frame::prefix(u32::try_from(body.len()).unwrap())[..], body].concat()
            })
            .collect();
        let asking = thread::spawn(move || {
            let mut answers = Vec::new();
            let mut take = |answer: &[u8]| answers.push(answer.to_vec());
            let exchanged = channel.exchange(&frames, 90, Some(PATIENCE), &mut take);
            exchanged.result.unwrap();
            answers
        });
        for _ in 0..4 {
            let (reply, rest) = server.next_kept();
            assert!(
                server.kept.try_recv().is_err(),
                "{}: one at a time",
                transport.name
            );
            reply.send(&rest).unwrap();
        }
        let answers = asking.join().unwrap();
        let expected: Vec<_> = requests.iter().map(|body| body[1..].to_vec()).collect();
        assert!(answers == expected, "{}", transport.name);
    });
}

#[test]
fn an_answer_that_is_there_does_not_wait_for_one_that_is_to_come() {
    over_each(|transport, address| {
        let (keep, kept) = channel();
        let handler = Handler::deferred(move |reply, request| match request.first() {
            Some(b'M') => keep.send(reply).unwrap(),
            _ => reply.send_response(&Ok(1)).unwrap(),
        });
        let _server = transport.serve(address, handler, &ServerOptions::default());
        let client = transport.client(address);
        let (now, later) = (add(1, 1), request(Operation::Mul, 1, 1));
        // The last three wait for the first, and might go together.
        for (tag, request) in (0..).zip([later, now, later, now]) {
            client.submit_request(Limit::Usual, &request, tag).unwrap();
        }
        let mut taken = 0;
        let mut take = || match client.next(Some(Duration::ZERO), &mut [0; 9]) {
            Ok(Next::Completion(completion)) => {
                assert_eq!((completion.tag, completion.outcome.unwrap()), (taken, 4));
                taken += 1;
                taken
            }
            other => {
                assert_eq!(status(other), Status::TimedOut);
                taken
            }
        };
        for before in [0, 2] {
            eventually("what is there is taken", || take() == before);
            let mut reply = None;
            eventually("one is out", || {
                assert_eq!(take(), before);
                reply = kept.try_recv().ok();
                reply.is_some()
            });
            reply.unwrap().send_response(&Ok(1)).unwrap();
        }
        eventually("all is taken", || take() == 4);
    });
}

#[test]
fn the_death_of_the_client_shows_and_frees_its_place() {
    over_each(|transport, address| {
        let options = ServerOptions {
            max_clients: Some(1),
            ..ServerOptions::default()
        };
        let server = Deferring::new(transport, address, &options);
        let client = transport.client(address);
        let (reply, _) = server.park(&client, b"");
        reply.check().unwrap();
        drop(client);
        if transport.name == "tcp" {
            reply.send(b"nobody reads this").unwrap();
        } else {
            eventually("it shows", || status(reply.check()) == Status::Closed);
            assert_eq!(status(reply.send(b"too late")), Status::Closed);
        }
        eventually("there is room for another", || {
            transport
                .client(address)
                .call_bytes(&message(NOW, b"x"), &mut [0])
                .is_ok()
        });
    });
}

#[test]
fn stop_does_not_wait_for_replies_and_they_can_be_ended_after_it() {
    over_each(|transport, address| {
        let Deferring { server, kept, .. } = Deferring::usual(transport, address);
        let asking: Vec<_> = (0..3)
            .map(|_| ask_apart(transport, address, LATER, b""))
            .collect();
        let replies: Vec<_> = (0..3)
            .map(|_| kept.recv_timeout(PATIENCE).unwrap().0)
            .collect();
        server.stop().unwrap();
        for asking in asking {
            assert_eq!(
                status(asking.join().unwrap()),
                Status::Closed,
                "{}",
                transport.name
            );
        }
        let [first, second, third] = replies.try_into().unwrap();
        assert_eq!(status(first.check()), Status::Stopped);
        assert_eq!(status(first.send(b"late")), Status::Stopped);
        drop(server);
        assert_eq!(status(second.check()), Status::Stopped);
        assert_eq!(status(second.send(b"later")), Status::Stopped);
        third.fail(b"later still");
    });
}

#[test]
#[cfg(unix)]
fn a_forked_child_has_no_reply() {
    over_each(|transport, address| {
        let server = Deferring::usual(transport, address);
        let asking = ask_apart(transport, address, LATER, b"");
        let (reply, _) = server.next_kept();
        let mut reply = Some(reply);
        let child = Process::fork(|| {
            let reply = reply.take().unwrap();
            assert_eq!(status(reply.check()), Status::Forked);
            assert_eq!(status(reply.send(b"from the child")), Status::Forked);
        });
        assert!(child.succeeded());
        reply.unwrap().send(b"from the parent").unwrap();
        assert_eq!(asking.join().unwrap().unwrap(), b"from the parent");
    });
}

#[test]
fn a_parked_client_is_not_idle() {
    over_each(|transport, address| {
        let idle_timeout = Duration::from_millis(50);
        let options = ServerOptions {
            idle_timeout,
            ..ServerOptions::default()
        };
        let server = Deferring::new(transport, address, &options);
        let counted = || server.server.stats().unwrap();
        // One that is slow to ask is dropped before.
        let ask = || {
            let client = transport.client_with(address, &within(60_000));
            let answer = ask(&client, LATER, b"parked");
            let is_dropped = answer
                .as_ref()
                .is_err_and(|error| matches!(error.status(), Status::Closed | Status::PeerDied));
            (!is_dropped).then_some((answer, client))
        };
        thread::scope(|scope| {
            let asking = scope.spawn(|| iter::repeat_with(ask).find_map(|asked| asked));
            let (reply, rest) = server.next_kept();
            let before = counted().came;
            let _idle: Vec<_> = (0..3).map(|_| transport.client(address)).collect();
            eventually("those who came later are dropped", || {
                counted().came == before + 3 && counted().clients == 1
            });
            reply.send(&rest).unwrap();
            let (answer, _client) = asking.join().unwrap().unwrap();
            assert_eq!(answer.unwrap(), b"parked", "{}", transport.name);
            eventually("it is idle again", || counted().clients == 0);
        });
    });
}

#[test]
#[cfg(unix)]
fn a_child_behind_a_pipe_answers_now_and_later() {
    let handler = Handler::deferred(|reply, request| match request.first() {
        Some(&NOW) => reply.send(request).unwrap(),
        _ => {
            let request = request.to_vec();
            thread::spawn(move || reply.send(&request).unwrap());
        }
    });
    let client = pipe::create(handler, &ClientOptions::default()).unwrap();
    for kind in [LATER, NOW, LATER, LATER] {
        let mut answer = [0; 4];
        let message = message(kind, b"abc");
        assert_eq!(client.call_bytes(&message, &mut answer).unwrap(), 4);
        assert_eq!(message, answer);
    }
}

#[test]
#[cfg(unix)]
fn a_peer_of_the_public_fifos_is_answered_later_too() {
    let address = Address::new();
    let server = Deferring::usual(&TRANSPORTS[1], &address);
    let open = |name, options: &mut OpenOptions| options.open(address.path(name)).unwrap();
    let mut answers = open("a", OpenOptions::new().read(true));
    for round in 1..3 {
        let mut requests = open("q", OpenOptions::new().write(true));
        let message = message(LATER, b"later");
        let length = u32::try_from(message.len()).unwrap();
        requests
            .write_all(&[&frame::prefix(length)[..], &message].concat())
            .unwrap();
        let (reply, rest) = server.next_kept();
        reply.check().unwrap();
        reply.send(&rest).unwrap();
        let mut answer = [0; 9];
        answers.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"\x05\0\0\0later");
        drop(requests);
        eventually("its end is seen", || server.gone() == round);
    }
}
