//! Each way for a call to fail: its code, and what the trailers say.

use crate::support::{
    Gateway, Place, Remote, add, by_hand, refused, result, serve, serve_with, soon, told,
};
use calc_ipc::service::{Client, Handler};
use calc_ipc::transport::{Address, ClientOptions, ServerOptions, Side};
use calc_ipc_gateway::proto::{CallRequest, ExecuteBatchRequest};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

/// What `Bytes.Call` says of a message of so many bytes.
async fn failure(gateway: &Gateway, length: usize) -> Status {
    let mut client = gateway.bytes().await;
    let body = vec![b'x'; length].into();
    soon("call", client.call(CallRequest { body }))
        .await
        .unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_unavailable() {
    let place = Place::new();
    let gateway = Gateway::before(&[&place.url("nobody.sock")]);
    let mut client = gateway.calculator().await;
    for _ in 0..10 {
        let status = soon("execute", client.execute(add(1, 2)))
            .await
            .unwrap_err();
        assert_eq!(told(&status), (Code::Unavailable, "NOT_CONNECTED", "no"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_fails_is_aborted() {
    let place = Place::new();
    let url = place.url("fails.sock");
    let _server = serve(&url, Handler::bytes(|_, _| None));
    let gateway = Gateway::before(&[&url]);
    let status = failure(&gateway, 5).await;
    assert_eq!(told(&status), (Code::Aborted, "HANDLER_FAILED", "yes"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_out_of_range() {
    let place = Place::new();
    let url = place.url("large.sock");
    let options = ServerOptions {
        max_message: 1000,
        ..ServerOptions::default()
    };
    let answer = |_: &[u8], room: &mut [u8]| {
        room.get_mut(..500)?.fill(b'a');
        Some(500)
    };
    let _server = serve_with(&url, Handler::bytes(answer), &options);
    let of_server = Gateway::before(&[&url]);
    let status = failure(&of_server, 1001).await;
    assert_eq!(told(&status), (Code::OutOfRange, "TOO_LARGE", "no"));
    let own = Gateway::with(&[&url], &["--max-message", "300"]);
    let status = failure(&own, 400).await;
    assert_eq!(told(&status), (Code::OutOfRange, "TOO_LARGE", "no"));
    // Its answer is longer than what was asked.
    let status = failure(&own, 200).await;
    assert_eq!(told(&status), (Code::OutOfRange, "TOO_LARGE", "yes"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_no_response_is_internal() {
    let place = Place::new();
    let url = place.url("nonsense.sock");
    let answer = |_: &[u8], room: &mut [u8]| {
        room.get_mut(..3)?.copy_from_slice(b"YES");
        Some(3)
    };
    let _server = serve(&url, Handler::bytes(answer));
    let gateway = Gateway::before(&[&url]);
    let mut client = gateway.calculator().await;
    let status = soon("execute", client.execute(add(1, 2)))
        .await
        .unwrap_err();
    assert_eq!(told(&status), (Code::Internal, "MALFORMED", "maybe"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_server_and_a_full_queue_are_resource_exhausted() {
    let place = Place::new();
    let url = place.url("full.sock");
    let options = ServerOptions {
        max_clients: Some(1),
        ..ServerOptions::default()
    };
    let (handler, requests) = by_hand();
    let server = serve_with(&url, handler, &options);
    let address = Address::parse(&url, Side::Client).unwrap();
    let guest = Client::connect(&address, &ClientOptions::default()).unwrap();
    let gateway = Gateway::before(&[&url]);
    let mut client = gateway.calculator().await;
    let status = soon("execute", client.execute(add(1, 2)))
        .await
        .unwrap_err();
    assert_eq!(told(&status), (Code::ResourceExhausted, "REFUSED", "no"));
    assert!(requests.rest().is_empty());
    drop((guest, gateway));
    server.stop().unwrap();

    let url = place.url("slow.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&url, handler);
    let gateway = Gateway::with(&[&url], &["--connections", "1", "--queue", "3"]);
    let client = gateway.calculator().await;
    // One is asked, 63 wait behind it, 3 in the queue.
    let mut callers = tokio::task::JoinSet::new();
    for number in 1..=100 {
        let mut client = client.clone();
        callers.spawn(async move { client.execute(add(number, 0)).await });
    }
    for _ in 0..100 - 64 - 3 {
        let refused = soon("a refusal", callers.join_next()).await.unwrap();
        let status = refused.unwrap().unwrap_err();
        assert_eq!(told(&status), (Code::ResourceExhausted, "REFUSED", "no"));
    }
    for _ in 0..64 + 3 {
        requests.next().0.send(b"OK 1").unwrap();
    }
    for answered in soon("the others", callers.join_all()).await {
        answered.unwrap();
    }
    assert!(requests.rest().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_ends_meanwhile_is_unknown_and_never_unavailable() {
    let place = Place::new();
    let url = place.url("ends.sock");
    let backend = Remote::start(&url);
    let gateway = Gateway::before(&[&url]);
    let mut client = gateway.calculator().await;
    soon("execute", client.execute(add(0, 2))).await.unwrap();
    // A stream stays on its connection, so that the one that is asked second is there when the first is answered.
    let (requests, asked) = mpsc::channel(2);
    let mut in_stream = gateway.calculator().await;
    let asked = in_stream.execute_stream(ReceiverStream::new(asked));
    requests.send(add(0, 1)).await.unwrap();
    let mut answers = soon("stream", asked).await.unwrap().into_inner();
    let first = soon("the first", answers.message()).await.unwrap();
    assert_eq!(first, Some(result(1)));
    requests.send(add(1, 1)).await.unwrap();
    backend.wait_until_asked();
    backend.kill();
    let status = soon("the second", answers.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unknown, "{status:?}");
    assert_eq!(told(&status).2, "maybe");
    let status = soon("execute", client.execute(add(0, 2)))
        .await
        .unwrap_err();
    assert_eq!(told(&status).0, Code::Unavailable, "{status:?}");
    assert_eq!(told(&status).2, "no");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_fails_gives_what_was_answered_before() {
    let place = Place::new();
    let url = place.url("batch.sock");
    let (handler, requests) = by_hand();
    let server = serve(&url, handler);
    let gateway = Gateway::before(&[&url]);
    let mut client = gateway.calculator().await;
    let batch = ExecuteBatchRequest {
        requests: vec![add(1, 1), add(2, 2), add(3, 3)],
    };
    let asked = tokio::spawn(async move { client.execute_batch(batch).await });
    requests.next().0.send(b"OK 2").unwrap();
    let (reply, body) = requests.next();
    assert_eq!(body, b"ADD 2 2");
    server.stop().unwrap();
    drop(reply);
    let response = soon("batch", asked).await.unwrap().unwrap();
    let trailer = |name| response.metadata().get(name).unwrap().to_str().unwrap();
    assert_eq!(trailer("calc-ipc-executed"), "maybe");
    assert!(["CLOSED", "PEER_DIED"].contains(&trailer("calc-ipc-status")));
    assert_eq!(response.get_ref().responses, [result(2)]);
}

#[test]
fn a_command_line_without_sense_is_a_usage_error() {
    let listen = ["--listen", ":0"];
    let backend = ["--backend", "unix:///nowhere"];
    for (args, word) in [
        (vec![], "--listen"),
        (listen.to_vec(), "--backend"),
        ([listen, ["--backend", "nowhere"]].concat(), "nowhere"),
        (
            [["--listen", "0.0.0.0:0"], backend].concat(),
            "--allow-remote-plaintext",
        ),
        ([listen, backend, ["--queue", "0"]].concat(), "--queue"),
        (
            [listen, ["--backend", "exec:///bin/true"]].concat(),
            "unix:///path",
        ),
        (
            [["--serve", "stdio:"], ["--to", "grpc://localhost:1"]].concat(),
            "unix:///path",
        ),
        (
            [listen, ["--route", "Method=unix:///nowhere"]].concat(),
            "/package.Service/Method",
        ),
    ] {
        let (status, said) = refused(&args);
        assert_eq!(status, Some(2), "{args:?}: {said}");
        assert!(said.contains(word), "{args:?}: {said}");
    }
    let (status, said) = refused(&[["--listen", "not an address"], backend].concat());
    assert_eq!(status, Some(1), "{said}");
}
