//! What is logged of calls that fail.

use crate::support::{Gateway, Place, add, serve, soon};
use calc_ipc::service::Handler;
use calc_ipc_gateway::proto::ExecuteRequest;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tonic::{Code, Request};

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_a_line_with_its_trace() {
    let place = Place::new();
    let (there, gone) = (place.url("calc.sock"), place.url("gone.sock"));
    let _server = serve(&there, Handler::Calculator);
    let route = format!("/demo.v1.Values/Get={gone}");
    let (gateway, log) = Gateway::heard(&[
        "--listen",
        "127.0.0.1:0",
        "--backend",
        &there,
        "--route",
        &route,
    ]);
    let (trace, step) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let traced = |message| {
        let mut request: Request<ExecuteRequest> = Request::new(message);
        let parent = format!("00-{trace}-{step}-01").parse().unwrap();
        request.metadata_mut().insert("traceparent", parent);
        request
    };
    let mut client = gateway.calculator().await;
    // Not a line: it is no failure.
    let right = client.execute(traced(add(1, 2)));
    soon("execute", right).await.unwrap();
    let wrong = client.execute(traced(ExecuteRequest::default()));
    let failed = soon("execute", wrong).await.unwrap_err();
    assert_eq!(failed.code(), Code::InvalidArgument);
    let line = log.next_with(&format!("trace=\"{trace}-{step}\""));
    assert!(line.contains("operation 0 is none"), "{line}");
    // Of a backend that is not there, without a trace.
    let failed = gateway
        .unary("/demo.v1.Values/Get", add(1, 2))
        .await
        .unwrap_err();
    assert_eq!(failed.code(), Code::Unavailable);
    let line = log.next_with("call failed code=Unavailable");
    for part in [
        "status=\"NOT_CONNECTED\"",
        "executed=\"no\"",
        "path=\"/demo.v1.Values/Get\"",
    ] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!line.contains("trace="), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_callers_write_stays_inside_of_its_quotes() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let (gateway, log) = Gateway::heard(&["--listen", "127.0.0.1:0", "--backend", &url]);
    // HTTP lets quotes through in a path, and tabs in a header; no line's end in either.
    let failed = gateway.unary(r#"/no.Such/Me"why="forged"#, add(1, 2)).await;
    assert_eq!(failed.unwrap_err().code(), Code::Unimplemented);
    let line = log.next_with("code=Unimplemented");
    assert!(
        line.contains(r#"path="/no.Such/Me\"why=\"forged""#),
        "{line}"
    );
    let mut request = Request::new(add(1, 2));
    let timeout = "a\tERROR".parse().unwrap();
    request.metadata_mut().insert("grpc-timeout", timeout);
    let mut client = gateway.calculator().await;
    let failed = soon("execute", client.execute(request)).await.unwrap_err();
    assert_eq!(failed.code(), Code::InvalidArgument);
    let line = log.next_with("code=InvalidArgument");
    assert!(line.contains(r"'a\tERROR'"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_something_else_is_a_line_with_its_address() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let (gateway, log) = Gateway::heard(&["--listen", "127.0.0.1:0", "--backend", &url]);
    let mut stream = TcpStream::connect(&gateway.address).await.unwrap();
    let line = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n";
    stream.write_all(line).await.unwrap();
    let own = stream.local_addr().unwrap();
    log.next_with(&format!("connection failed peer=\"{own}\""));
}
