//! What every transport with named servers must do, as one suite that runs over all of them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::calculator::{ErrorText, Operation};
use calc_ipc::error::{Result, Status};
use calc_ipc::protocol::frame;
use calc_ipc::service::{Client, Handler};
use calc_ipc::transport::{Channel, Deadline, ServerOptions};
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;
use support::{Address, TRANSPORTS, add, over_each, patient, request, status, within};

#[test]
fn calls_are_answered() {
    over_each(|transport, address| {
        let server = transport.serve(address, Handler::Calculator, &ServerOptions::default());
        let client = transport.client(address);
        let ask = |operation, arg1, arg2| client.call(&request(operation, arg1, arg2)).unwrap();
        assert_eq!(ask(Operation::Add, 10, 20), Ok(30));
        assert_eq!(
            ask(Operation::Mul, 1_000_000, 1_000_000),
            Ok(1_000_000_000_000)
        );
        assert_eq!(ask(Operation::Sub, i64::MIN + 1, 1), Ok(i64::MIN));
        assert_eq!(
            ask(Operation::Div, 10, 0).unwrap_err().as_str(),
            "Division by zero"
        );
        assert_eq!(
            ask(Operation::Div, i64::MIN, -1).unwrap_err().as_str(),
            "Overflow"
        );
        for number in 0..1000 {
            assert_eq!(ask(Operation::Add, number, number), Ok(2 * number));
        }
        server.stop().unwrap();
    });
}

#[test]
fn many_clients_get_their_own_answers() {
    for workers in [1, 3] {
        for transport in &TRANSPORTS {
            let address = Address::new();
            let options = ServerOptions {
                workers,
                ..ServerOptions::default()
            };
            let _server = transport.serve(&address, Handler::Calculator, &options);
            thread::scope(|scope| {
                for base in 0..16 {
                    let address = &address;
                    scope.spawn(move || {
                        let client = transport.client(address);
                        for number in 0..300 {
                            let sum = client.call(&add(base * 1_000_000, number)).unwrap();
                            assert_eq!(sum, Ok(base * 1_000_000 + number), "{}", transport.name);
                        }
                    });
                }
            });
        }
    }
}

#[test]
fn a_full_server_refuses() {
    over_each(|transport, address| {
        let options = ServerOptions {
            max_clients: Some(2),
            ..ServerOptions::default()
        };
        let _server = transport.serve(address, Handler::Calculator, &options);
        let clients = [transport.client(address), transport.client(address)];
        for client in &clients {
            assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
        }
        let third = transport.client(address);
        assert_eq!(
            status(third.call(&add(1, 1))),
            Status::Refused,
            "{}",
            transport.name
        );
        assert_eq!(status(third.call(&add(1, 1))), Status::Refused);
        let [first, second] = clients;
        drop(first);
        assert_eq!(second.call(&add(2, 2)).unwrap(), Ok(4));
        let admitted = (0..1000).find_map(|_| {
            let client = transport.client(address);
            client.call(&add(3, 3)).is_ok().then_some(client)
        });
        assert!(admitted.is_some(), "{} gives places back", transport.name);
    });
}

/// A handler that waits, at requests whose first argument is 13, until the test says go.
fn held_handler() -> (Handler, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (entered, has_entered) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    let held = Mutex::new((entered, may_go));
    let handler = Handler::new(move |request| {
        if request.arg1 == 13 {
            let (entered, may_go) = &*held.lock().unwrap();
            entered.send(()).unwrap();
            let _ = may_go.recv();
        }
        calc_ipc::calculator::execute(request)
    });
    (handler, has_entered, go)
}

#[test]
fn a_late_answer_is_dropped() {
    over_each(|transport, address| {
        let (handler, entered, go) = held_handler();
        let _server = transport.serve(address, handler, &ServerOptions::default());
        let client = transport.client_with(address, &within(50));
        let in_time = |number| loop {
            match client.call(&add(number, number)) {
                Err(error) if error.status() == Status::TimedOut => {} // The machine has something else to do.
                answer => break answer.unwrap(),
            }
        };
        assert_eq!(in_time(1), Ok(2));
        assert_eq!(status(client.call(&add(13, 0))), Status::TimedOut);
        entered.recv().unwrap();
        assert_eq!(
            status(client.call(&add(2, 2))),
            Status::TimedOut,
            "still waits for the late one"
        );
        go.send(()).unwrap();
        assert_eq!(in_time(20), Ok(40), "{}", transport.name);
        assert_eq!(in_time(30), Ok(60));
    });
}

#[test]
fn a_second_thread_is_told_that_the_client_is_busy() {
    over_each(|transport, address| {
        let (handler, entered, go) = held_handler();
        let _server = transport.serve(address, handler, &ServerOptions::default());
        let client = transport.client(address);
        thread::scope(|scope| {
            let first = scope.spawn(|| client.call(&add(13, 1)));
            entered.recv().unwrap();
            assert_eq!(status(client.call(&add(1, 1))), Status::Busy);
            go.send(()).unwrap();
            assert_eq!(first.join().unwrap().unwrap(), Ok(14));
        });
        assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
    });
}

#[test]
fn handlers_may_fail_and_say_much() {
    over_each(|transport, address| {
        let handler = Handler::new(|request| match request.arg1 {
            1 => panic!("on purpose"),
            length => Err(ErrorText::from(
                "e".repeat(usize::try_from(length).unwrap()).as_str(),
            )),
        });
        let _server = transport.serve(address, handler, &ServerOptions::default());
        let client = transport.client(address);
        for length in [0, 2, 47, 48, 49, 52, 53, 254, 255] {
            let text = client.call(&add(length, 0)).unwrap().unwrap_err();
            assert_eq!(
                text.as_str().len(),
                usize::try_from(length).unwrap(),
                "{}",
                transport.name
            );
        }
        assert_eq!(
            client.call(&add(1, 0)).unwrap().unwrap_err().as_str(),
            "Handler panicked"
        );
        assert_eq!(
            client
                .call(&add(300, 0))
                .unwrap()
                .unwrap_err()
                .as_str()
                .len(),
            255
        );
    });
}

/// Sends a body as it is and receives the body of the answer.
fn exchange(channel: &mut dyn Channel, body: &[u8]) -> Result<Vec<u8>> {
    let deadline = Deadline::after(Some(Duration::from_secs(30)));
    let length = u32::try_from(body.len()).unwrap();
    let message = [&frame::prefix(length)[..], body].concat();
    channel.send(&message, &deadline)?;
    channel.recv(&deadline).map(<[u8]>::to_vec)
}

#[test]
fn what_is_no_request_is_answered_and_the_connection_lives() {
    over_each(|transport, address| {
        let _server = transport.serve(address, Handler::Calculator, &ServerOptions::default());
        let mut channel = (transport.connect)(address, &patient()).unwrap();
        for body in [
            &b""[..],
            b"ADD 1",
            b"add 1 2",
            b" ADD 1 2",
            b"ADD 1 2\n",
            &[0xFF; 52],
            &[0; 53],
            &[b'9'; 65536],
        ] {
            let answer = exchange(&mut *channel, body).unwrap();
            assert_eq!(
                answer,
                b"ERR Malformed request",
                "{} {} bytes",
                transport.name,
                body.len()
            );
        }
        assert_eq!(
            exchange(&mut *channel, b"POW 1 2").unwrap(),
            b"ERR Unknown operation"
        );
        assert_eq!(exchange(&mut *channel, b"ADD 1 2").unwrap(), b"OK 3");
    });
}

#[test]
fn a_message_over_the_limit_costs_its_sender_the_connection() {
    over_each(|transport, address| {
        let options = ServerOptions {
            max_message: 1000,
            ..ServerOptions::default()
        };
        let _server = transport.serve(address, Handler::Calculator, &options);
        let bystander = transport.client(address);
        assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
        for length in [1001, 4096, 65536, 1 << 20] {
            let mut channel = (transport.connect)(address, &patient()).unwrap();
            assert_eq!(
                exchange(&mut *channel, &[b'x'; 1000]).unwrap(),
                b"ERR Malformed request"
            );
            let answer = exchange(&mut *channel, &vec![b'x'; length]).unwrap();
            assert_eq!(
                answer, b"ERR Message too large",
                "{} {length} bytes",
                transport.name
            );
            let after = status(exchange(&mut *channel, b"ADD 1 2"));
            assert!(
                matches!(after, Status::Closed | Status::PeerDied),
                "{} {after:?}",
                transport.name
            );
            assert_eq!(bystander.call(&add(2, 2)).unwrap(), Ok(4));
        }
    });
}

#[test]
fn clients_that_come_and_go_disturb_nobody() {
    over_each(|transport, address| {
        let _server = transport.serve(address, Handler::Calculator, &ServerOptions::default());
        let steady = transport.client(address);
        let all_here = Barrier::new(5);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    all_here.wait();
                    for number in 0..100 {
                        let client: Client = transport.client(address);
                        if number % 2 == 0 {
                            assert_eq!(client.call(&add(number, 1)).unwrap(), Ok(number + 1));
                        }
                    }
                });
            }
            all_here.wait();
            for number in 0..2000 {
                assert_eq!(
                    steady.call(&add(number, 7)).unwrap(),
                    Ok(number + 7),
                    "{}",
                    transport.name
                );
            }
        });
    });
}
