//! The other way round: clients of the library, a gateway, and a gRPC server, which is another gateway or the test's own.

mod ending;
mod support;

use crate::support::{Gateway, PATIENCE, Place, backwards, by_hand, serve};
use crate::trust::Authority;
use calc_ipc::calculator::{Operation, Request};
use calc_ipc::error::Status;
use calc_ipc::service::Handler;
use std::time::Instant;
use support::{Remote, SCHEMES, call, call_while, connect, egress, egress_heard, failure};
use tokio::task::block_in_place;
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn through_two_gateways_all_is_as_it_was() {
    let place = Place::new();
    let calculator = place.url("calc.sock");
    let _server = serve(&calculator, Handler::Calculator);
    let ingress = Gateway::before(&[&calculator]);
    let to = format!("grpc://{}", ingress.address);
    for scheme in SCHEMES {
        let url = place.url_of(scheme, "remote");
        let _egress = egress(&url, &to, &[]);
        let client = connect(&url);
        let ask = |operation, arg1, arg2| {
            let request = Request {
                operation,
                arg1,
                arg2,
            };
            let response = block_in_place(|| client.call(&request)).unwrap();
            response.map_err(|error| error.to_string())
        };
        let (min, max) = (i64::MIN, i64::MAX);
        assert_eq!(ask(Operation::Add, max, min), Ok(-1));
        assert_eq!(ask(Operation::Sub, min, 0), Ok(min));
        assert_eq!(ask(Operation::Mul, -7, 6), Ok(-42));
        assert_eq!(ask(Operation::Div, max, -2), Ok(-(max / 2)));
        assert_eq!(
            ask(Operation::Div, 1, 0),
            Err("Division by zero".to_owned())
        );
        assert_eq!(ask(Operation::Add, max, 1), Err("Overflow".to_owned()));
        for number in 0..200 {
            assert_eq!(ask(Operation::Add, number, 1), Ok(number + 1));
        }
        // What is none of its requests goes as it is, and the calculator says so itself.
        for (message, answer) in [
            ("POW 1 2", "ERR Unknown operation"),
            ("ADD 1", "ERR Malformed request"),
        ] {
            let said = call(&client, message.as_bytes()).unwrap();
            let said = String::from_utf8(said).unwrap();
            assert_eq!(said.to_lowercase(), answer.to_lowercase());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_any_kind_and_length_go_through() {
    let place = Place::new();
    let echo = place.url("echo.sock");
    let _server = serve(&echo, backwards());
    let route = format!("/demo.v1.Values/Get={echo}");
    let ingress = Gateway::with(&[&echo], &["--route", &route]);
    let own = format!("grpc://{}", ingress.address);
    let method = format!("{own}/demo.v1.Values/Get");
    for scheme in SCHEMES {
        for (number, to) in [&own, &method].into_iter().enumerate() {
            let url = place.url_of(scheme, &format!("remote{number}"));
            let _egress = egress(&url, to, &[]);
            let client = connect(&url);
            for length in [0, 1, 300, 65536] {
                let body: Vec<u8> = (0..=255).cycle().take(length).collect();
                let expected: Vec<u8> = body.iter().rev().copied().collect();
                assert!(
                    call(&client, &body).unwrap() == expected,
                    "{scheme} {length}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_gets_the_bytes_as_its_message() {
    let place = Place::new();
    let url = place.url("remote.sock");
    let remote = Remote::start().await;
    let to = format!("grpc://{}/calc_ipc.v1.Bytes/Call", remote.address);
    let _egress = egress(&url, &to, &[]);
    let client = connect(&url);
    // Field 1, two bytes: the message that the server takes apart, and puts together.
    assert_eq!(call(&client, b"\x0a\x02ok").unwrap(), b"\x0a\x02ok");
    assert_eq!(failure(&client, b"\x0a\x05cut"), Status::HandlerFailed);
    assert_eq!(call(&client, b"\x0a\x02ok").unwrap(), b"\x0a\x02ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_know_each_other_by_certificates_and_tokens() {
    let place = Place::new();
    let calculator = place.url("calc.sock");
    let _server = serve(&calculator, Handler::Calculator);
    let (ours, theirs) = (Authority::new(), Authority::new());
    let [cert, key] = place.identity("server", &ours.server());
    let [own_cert, own_key] = place.identity("client", &ours.client("egress"));
    let ca = place.file("ca.pem", &ours.pem);
    let other_ca = place.file("other.pem", &theirs.pem);
    let token = place.file("token", "right\n");
    let other_token = place.file("other", "wrong\n");
    let ingress = Gateway::with(
        &[&calculator],
        &[
            "--tls-cert",
            &cert,
            "--tls-key",
            &key,
            "--client-ca",
            &ca,
            "--allow-san",
            "egress",
            "--token-file",
            &token,
        ],
    );
    let port = ingress.address.rsplit(':').next().unwrap();
    let to = format!("grpc://localhost:{port}");
    let answered = |name: &str, args: &[&str]| {
        let url = place.url(name);
        let _egress = egress(&url, &to, args);
        call(&connect(&url), b"ADD 1 2")
    };
    let shows = ["--tls-cert", &own_cert, "--tls-key", &own_key];
    let with = |ca: &str, token: &str, shows: &[&str]| {
        let args: Vec<String> = ["--tls-ca", ca, "--token-file", token]
            .iter()
            .chain(shows)
            .map(ToString::to_string)
            .collect();
        args
    };
    let cases = [
        (with(&ca, &token, &shows), true),
        (with(&other_ca, &token, &shows), false),
        (with(&ca, &other_token, &shows), false),
        (with(&ca, &token, &[]), false),
        (Vec::new(), false),
    ];
    for (number, (args, is_right)) in cases.into_iter().enumerate() {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        match answered(&format!("remote{number}"), &args) {
            Ok(answer) => assert!(is_right && answer == b"OK 3", "{args:?}"),
            Err(error) => {
                assert!(!is_right, "{args:?}: {error}");
                assert_eq!(error.status(), Status::HandlerFailed);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_remote_says_is_told_on_the_servers_side() {
    let place = Place::new();
    let url = place.url("remote.sock");
    let remote = Remote::start().await;
    let to = format!("grpc://{}", remote.address);
    let (_egress, log) = egress_heard(&url, &to, &[]);
    let client = connect(&url);
    for number in 1..=16 {
        let code = Code::from_i32(number);
        let message = format!("code {number}").into_bytes();
        assert_eq!(
            failure(&client, &message),
            Status::HandlerFailed,
            "{code:?}"
        );
        let said = log.next_with("why=");
        let status = calc_ipc_gateway::code::name(calc_ipc_gateway::code::status(code));
        assert!(
            said.contains(&format!(
                "{status}: gRPC {code:?}: the remote said {number}"
            )),
            "{said}"
        );
        // A success, after which the next failure is told again.
        assert_eq!(call(&client, b"whole").unwrap(), b"whole");
    }
    // The remote's answer is over the limit of --max-message.
    assert_eq!(failure(&client, b"long"), Status::HandlerFailed);
    assert!(log.next_with("why=").contains("TOO_LARGE"));
    assert_eq!(call(&client, b"whole").unwrap(), b"whole");
    // It does not have this service.
    assert_eq!(failure(&client, b"ADD 1 2"), Status::HandlerFailed);
    assert!(log.next_with("why=").contains("UNSUPPORTED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_is_not_there_is_told_with_the_reason() {
    let place = Place::new();
    let remote = Remote::start().await;
    let to = format!("grpc://{}", remote.address);
    drop(remote);
    let url = place.url("remote.sock");
    let (_egress, log) = egress_heard(&url, &to, &[]);
    let client = connect(&url);
    assert_eq!(failure(&client, b"whole"), Status::HandlerFailed);
    let said = log.next_with("why=");
    assert!(
        said.contains("CLOSED") && said.contains("refused"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_second_gateway_says_is_told_by_the_first() {
    let place = Place::new();
    let backend = place.url("backend.sock");
    let ingress = Gateway::before(&[&backend]);
    let url = place.url("remote.sock");
    let (_egress, log) = egress_heard(&url, &format!("grpc://{}", ingress.address), &[]);
    let client = connect(&url);
    assert_eq!(failure(&client, b"any"), Status::HandlerFailed);
    let said = log.next_with("why=");
    assert!(
        said.contains("NOT_CONNECTED (not executed): gRPC Unavailable"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_does_not_answer_in_time_is_given_up() {
    let place = Place::new();
    let slow = place.url("slow.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&slow, handler);
    let ingress = Gateway::before(&[&slow]);
    let to = format!("grpc://{}", ingress.address);
    for scheme in SCHEMES {
        let url = place.url_of(scheme, "remote");
        let (_egress, log) = egress_heard(&url, &to, &["--max-timeout", "1000"]);
        let client = connect(&url);
        assert_eq!(failure(&client, b"ADD 1 2"), Status::HandlerFailed);
        let said = log.next_with("why=");
        assert!(said.contains("TIMED_OUT"), "{said}");
        let (late, _) = requests.next();
        // The connection is there for the next one.
        let (answer, ()) = call_while(&client, b"ADD 3 4", || {
            let (reply, body) = requests.next();
            assert_eq!(body, b"ADD 3 4");
            reply.send(b"OK 7").unwrap();
        });
        assert_eq!(answer.unwrap(), b"OK 7");
        // Nobody waits for it any more.
        let _ = late.send(b"OK 3");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_is_told_how_long_it_has() {
    let place = Place::new();
    let url = place.url("remote.sock");
    let remote = Remote::start().await;
    let to = format!("grpc://{}", remote.address);
    let _egress = egress(&url, &to, &["--max-timeout", "12345"]);
    let said = call(&connect(&url), b"timeout").unwrap();
    assert_eq!(String::from_utf8(said).unwrap(), "12345000u");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_has_gone_is_found_again() {
    let place = Place::new();
    let url = place.url("remote.sock");
    let remote = Remote::start().await;
    let address = remote.address;
    let (_egress, log) = egress_heard(&url, &format!("grpc://{address}"), &[]);
    let client = connect(&url);
    assert_eq!(call(&client, b"whole").unwrap(), b"whole");
    // In the middle of a call.
    let (ended, ()) = call_while(&client, b"hang", || {
        remote.wait_until_asked();
        drop(remote);
    });
    assert_eq!(ended.unwrap_err().status(), Status::HandlerFailed);
    let said = log.next_with("why=");
    assert!(!said.contains("not executed"), "{said}");
    assert_eq!(failure(&client, b"whole"), Status::HandlerFailed);
    let _again = Remote::start_at(address).await;
    // A call may still be told that nobody was there just before.
    let until = Instant::now() + PATIENCE;
    let answer = loop {
        match call(&client, b"whole") {
            Ok(answer) => break answer,
            Err(error) => assert_eq!(error.status(), Status::HandlerFailed),
        }
        assert!(Instant::now() < until, "it is not found");
    };
    assert_eq!(answer, b"whole");
}
