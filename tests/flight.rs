//! Calls that nobody waits for: exactly one completion each, with the right answer or the reason why there is none, over
//! every transport, whatever is done in whatever order.
#![cfg_attr(windows, allow(unused, reason = "some of these tests are for Unix"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "support/in_flight.rs"]
mod in_flight;
mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Completion, Handler, IN_FLIGHT_MAX, Limit, Next, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use in_flight::{FOREVER, gated, has_none, next};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use support::random::Random;
use support::{PATIENCE, add, echo, eventually, over_each, status};

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
