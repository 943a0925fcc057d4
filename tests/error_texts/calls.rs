//! Calls over every transport that come to nothing.

use super::failure;
use super::support::{Address, TRANSPORTS, Transport, add, within};
use calc_ipc::calculator;
use calc_ipc::error::{Error, Status};
use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::sync::{Mutex, mpsc};

/// Checks the failure over each transport; its text names the server, and says each of these, too.
fn over_each(status: Status, says: &[&str], fail: fn(&Transport, &Address) -> Error) {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let error = fail(transport, &address);
        assert_eq!(error.status(), status, "{}: {error}", transport.name);
        let text = error.context();
        let peer = (transport.title)(&address);
        assert!(text.contains(&peer), "{peer}: {text}");
        for word in says {
            assert!(
                text.contains(word),
                "{}: no '{word}' in: {text}",
                transport.name
            );
        }
    }
}

fn echo() -> Handler {
    Handler::bytes(|request, answer| {
        answer.get_mut(..request.len())?.copy_from_slice(request);
        Some(request.len())
    })
}

fn of(max_message: u32) -> (ServerOptions, ClientOptions) {
    let server = ServerOptions {
        max_message,
        ..ServerOptions::default()
    };
    let client = ClientOptions {
        max_message,
        ..ClientOptions::default()
    };
    (server, client)
}

fn plain(transport: &Transport, address: &Address, handler: Handler) -> (Server, Client) {
    let server = transport.serve(address, handler, &ServerOptions::default());
    (server, transport.client(address))
}

#[test]
fn a_message_over_the_clients_limit() {
    over_each(
        Status::TooLarge,
        &["70000 bytes", "this client's max_message is 65536"],
        |transport, address| {
            let (_server, client) = plain(transport, address, echo());
            failure(client.call_bytes(&[0; 70_000], &mut []))
        },
    );
}

#[test]
fn a_message_over_the_servers_limit() {
    over_each(
        Status::TooLarge,
        &["request has 70000 bytes", "over the server's max_message"],
        |transport, address| {
            let _server = transport.serve(address, echo(), &ServerOptions::default());
            let client = transport.client_with(address, &of(100_000).1);
            failure(client.call_bytes(&[0; 70_000], &mut [0; 70_000]))
        },
    );
}

#[test]
fn an_answer_over_the_clients_limit() {
    over_each(
        Status::TooLarge,
        &["answer has 5000 bytes", "this client's max_message is 4000"],
        |transport, address| {
            let long = Handler::bytes(|_, _| Some(5000));
            let (_server, _) = (
                transport.serve(address, long, &ServerOptions::default()),
                (),
            );
            let client = transport.client_with(address, &of(4000).1);
            failure(client.call_bytes(b"x", &mut [0; 4000]))
        },
    );
}

#[test]
fn an_answer_that_comes_too_late() {
    over_each(
        Status::TimedOut,
        &["no answer within 30ms", "call_timeout_ms"],
        |transport, address| {
            let (go, may_go) = mpsc::channel::<()>();
            let may_go = Mutex::new(may_go);
            let slow = Handler::new(move |request| {
                let _ = may_go.lock().unwrap().recv();
                calculator::execute(request)
            });
            let _server = transport.serve(address, slow, &ServerOptions::default());
            let client = transport.client_with(address, &within(30));
            let error = failure(client.call(&add(1, 2)));
            drop(go);
            error
        },
    );
}

#[test]
fn an_answer_of_a_server_of_other_messages() {
    let says = [
        "answer 'ADD 1 2' of 7 bytes",
        "no response of a calculator",
        "call_bytes",
    ];
    over_each(Status::Malformed, &says, |transport, address| {
        let (_server, client) = plain(transport, address, echo());
        failure(client.call(&add(1, 2)))
    });
    over_each(Status::Malformed, &says, |transport, address| {
        let (_server, client) = plain(transport, address, echo());
        failure(client.call_many(&[add(1, 2), add(3, 4)], |_| ()))
    });
}

#[test]
fn a_handler_that_fails() {
    over_each(
        Status::HandlerFailed,
        &["its handler failed"],
        |transport, address| {
            let (_server, client) = plain(transport, address, Handler::bytes(|_, _| None));
            failure(client.call_bytes(b"x", &mut [0; 10]))
        },
    );
}

#[test]
fn a_server_that_is_full() {
    over_each(
        Status::Refused,
        &["as many clients", "max_clients"],
        |transport, address| {
            let options = ServerOptions {
                max_clients: Some(1),
                ..ServerOptions::default()
            };
            let _server = transport.serve(address, Handler::Calculator, &options);
            let first = transport.client(address);
            first.call(&add(1, 2)).unwrap().unwrap();
            failure(transport.client(address).call(&add(1, 2)))
        },
    );
}

#[test]
fn a_server_that_has_gone() {
    over_each(Status::Closed, &[], |transport, address| {
        let (server, client) = plain(transport, address, Handler::Calculator);
        client.call(&add(1, 2)).unwrap().unwrap();
        server.stop().unwrap();
        let error = failure(client.call(&add(1, 2)));
        let said = match transport.name {
            "shm" => "the server has stopped",
            _ => "it closed the connection",
        };
        assert!(error.context().ends_with(said), "{error}");
        error
    });
}

#[test]
fn a_client_that_is_in_use() {
    over_each(
        Status::Busy,
        &["another call", "a client of its own"],
        |transport, address| {
            let (inside, is_inside) = mpsc::channel::<()>();
            let (go, may_go) = mpsc::channel::<()>();
            let may_go = Mutex::new(may_go);
            let slow = Handler::new(move |request| {
                let _ = inside.send(());
                let _ = may_go.lock().unwrap().recv();
                calculator::execute(request)
            });
            let (_server, client) = plain(transport, address, slow);
            std::thread::scope(|scope| {
                scope.spawn(|| client.call(&add(1, 2)).unwrap());
                is_inside.recv().unwrap();
                let error = failure(client.call(&add(1, 2)));
                drop(go);
                error
            })
        },
    );
}

#[test]
fn a_server_that_serves_or_has_stopped() {
    over_each(Status::Busy, &["serving already"], |transport, address| {
        let server = plain(transport, address, Handler::Calculator).0;
        failure(server.start())
    });
    over_each(Status::Stopped, &["was stopped"], |transport, address| {
        let server = plain(transport, address, Handler::Calculator).0;
        server.stop().unwrap();
        failure(server.start())
    });
}
