//! `--metrics`: what Prometheus is told.

use crate::support::{Gateway, Place, add, by_hand, refused, serve, soon};
use calc_ipc::service::Handler;
use calc_ipc_gateway::proto::ExecuteRequest;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What is answered to `method path`, head and body.
async fn ask(url: &str, method: &str, path: &str) -> (String, String) {
    let address = url.strip_prefix("http://").unwrap();
    let (address, _) = address.split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    soon("an answer", read).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

async fn page(url: &str) -> String {
    let (head, body) = ask(url, "GET", "/metrics").await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(
        head.contains("content-type: text/plain; version=0.0.4"),
        "{head}"
    );
    body
}

/// Waits until the page has this line.
async fn wait_for(url: &str, line: &str) {
    let has = async {
        while !page(url).await.lines().any(|found| found == line) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon(line, has).await;
}

const EXECUTE: &str =
    "grpc_type=\"unary\",grpc_service=\"calc_ipc.v1.Calculator\",grpc_method=\"Execute\"";

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_backends_are_on_the_page() {
    let place = Place::new();
    let (there, gone) = (place.url("calc.sock"), place.url("gone.sock"));
    let _server = serve(&there, Handler::Calculator);
    let more = ["--metrics", "127.0.0.1:0"];
    let gateway = Gateway::with(&[&there, &gone], &more);
    let url = gateway.says("metrics at ");
    let mut client = gateway.calculator().await;
    for _ in 0..3 {
        soon("execute", client.execute(add(1, 2))).await.unwrap();
    }
    let wrong = client.execute(ExecuteRequest::default());
    soon("execute", wrong).await.unwrap_err();
    let requests = tokio_stream::iter([add(1, 2), add(3, 4)]);
    let answers = soon("a stream", client.execute_stream(requests)).await;
    let mut answers = answers.unwrap().into_inner();
    while soon("an answer", answers.message())
        .await
        .unwrap()
        .is_some()
    {}
    let stream = EXECUTE
        .replace("unary", "bidi_stream")
        .replace("Execute", "ExecuteStream");
    for line in [
        format!("grpc_server_handled_total{{{EXECUTE},grpc_code=\"OK\"}} 3"),
        format!("grpc_server_handled_total{{{EXECUTE},grpc_code=\"InvalidArgument\"}} 1"),
        format!("grpc_server_handled_total{{{stream},grpc_code=\"OK\"}} 1"),
        format!("grpc_server_handling_seconds_count{{{EXECUTE}}} 4"),
        "calc_ipc_gateway_calls_under_way 0".to_owned(),
        format!("calc_ipc_gateway_backend_up{{backend=\"{there}\"}} 1"),
        format!("calc_ipc_gateway_backend_up{{backend=\"{gone}\"}} 0"),
        format!("calc_ipc_gateway_queue_length{{backend=\"{there}\"}} 0"),
    ] {
        wait_for(&url, &line).await;
    }
    let (head, _) = ask(&url, "GET", "/").await;
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    let (head, _) = ask(&url, "POST", "/metrics").await;
    assert!(head.starts_with("HTTP/1.1 405 "), "{head}");
    let (head, body) = ask(&url, "HEAD", "/metrics").await;
    assert!(
        head.starts_with("HTTP/1.1 200 ") && body.is_empty(),
        "{head}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_counted_and_so_is_a_caller_that_goes() {
    let place = Place::new();
    let url = place.url("slow.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&url, handler);
    let more = ["--metrics", "127.0.0.1:0", "--connections", "1"];
    let gateway = Gateway::with(&[&url], &more);
    let page = gateway.says("metrics at ");
    let client = gateway.calculator().await;
    let calls = (0..70).map(|number| {
        let mut client = client.clone();
        tokio::spawn(async move { client.execute(add(1, number)).await })
    });
    let calls: Vec<_> = calls.collect();
    let (_held, _) = requests.next();
    wait_for(&page, "calc_ipc_gateway_calls_under_way 70").await;
    // A connection carries 64.
    let waiting = format!("calc_ipc_gateway_queue_length{{backend=\"{url}\"}} 6");
    wait_for(&page, &waiting).await;
    calls.iter().for_each(tokio::task::JoinHandle::abort);
    wait_for(&page, "calc_ipc_gateway_calls_under_way 0").await;
    let gone = format!("grpc_server_handled_total{{{EXECUTE},grpc_code=\"Canceled\"}} 70");
    wait_for(&page, &gone).await;
}

#[test]
fn other_machines_are_not_told_unless_they_are_to_be() {
    let all = "0.0.0.0:0";
    let args = [
        "--listen",
        ":0",
        "--backend",
        "unix:///nowhere",
        "--metrics",
        all,
    ];
    let (status, said) = refused(&args);
    assert_eq!(status, Some(2), "{said}");
    assert!(
        said.contains("--metrics 0.0.0.0:0 can be reached"),
        "{said}"
    );
}
