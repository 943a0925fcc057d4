//! Until when calls may take. Whoever answers does so when the test says, so that no clock but the gateway's ends a call.

use crate::support::{Gateway, Place, add, by_hand, result, serve, soon, told, within};
use calc_ipc_gateway::proto::ExecuteResponse;
use std::collections::HashSet;
use tonic::{Code, Request, Response, Status};

/// What is told of a call that was sent, and not answered in time. Where all is slow, it may be over before it is sent, and
/// another one is asked.
async fn of_one_in_doubt<F>(ask: impl Fn() -> F) -> Status
where
    F: Future<Output = Result<Response<ExecuteResponse>, Status>>,
{
    loop {
        let status = soon("execute", ask()).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
        if told(&status).2 != "no" {
            return status;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_call_ends_in_time_and_the_next_one_is_answered() {
    let place = Place::new();
    let url = place.url("slow.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&url, handler);
    let gateway = Gateway::with(&[&url], &["--connections", "2"]);
    let mut client = gateway.calculator().await;
    let ask = || {
        let mut client = client.clone();
        async move { client.execute(within(200, add(1, 2))).await }
    };
    let status = of_one_in_doubt(ask).await;
    assert_eq!(
        told(&status),
        (Code::DeadlineExceeded, "TIMED_OUT", "maybe")
    );
    let (late, body) = requests.next();
    assert_eq!(body, b"ADD 1 2");
    // Another connection is less busy than the one that is still owed an answer.
    let asked = tokio::spawn(async move { client.execute(add(3, 4)).await });
    let (reply, body) = requests.next();
    assert_eq!(body, b"ADD 3 4");
    late.send(b"OK 3").unwrap();
    reply.send(b"OK 7").unwrap();
    let response = soon("execute", asked).await.unwrap().unwrap();
    assert_eq!(response.into_inner(), result(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_time_is_the_gateways_own() {
    let place = Place::new();
    let url = place.url("slow.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&url, handler);
    let gateway = Gateway::with(&[&url], &["--max-timeout", "100"]);
    let mut client = gateway.calculator().await;
    let ask = |is_patient| {
        let mut client = client.clone();
        let request = match is_patient {
            true => within(10_000_000, add(1, 2)),
            false => Request::new(add(1, 2)),
        };
        async move { client.execute(request).await }
    };
    for is_patient in [true, false] {
        let status = of_one_in_doubt(|| ask(is_patient)).await;
        assert_eq!(
            told(&status),
            (Code::DeadlineExceeded, "TIMED_OUT", "maybe")
        );
    }
    let asked = client.execute_stream(tokio_stream::iter([add(1, 2)]));
    let answers = soon("stream", asked).await;
    let status = soon("an answer", answers.unwrap().get_mut().message())
        .await
        .unwrap_err();
    assert_eq!(told(&status).0, Code::DeadlineExceeded);
    requests.next();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_caller_said_so() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, calc_ipc::service::Handler::Calculator);
    let gateway = Gateway::before(&[&url]);
    let mut client = gateway.calculator().await;
    let silent = within(200, tokio_stream::pending());
    let answers = soon("stream", client.execute_stream(silent)).await;
    let status = soon("the end", answers.unwrap().get_mut().message())
        .await
        .unwrap_err();
    assert_eq!(told(&status), (Code::DeadlineExceeded, "TIMED_OUT", "no"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_in_the_queue_is_never_sent() {
    let place = Place::new();
    let url = place.url("slow.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&url, handler);
    let gateway = Gateway::with(&[&url], &["--connections", "1"]);
    let client = gateway.calculator().await;
    let mut first = tokio::task::JoinSet::new();
    // As many as a connection carries.
    for number in 1..=64 {
        let mut client = client.clone();
        first.spawn(async move { client.execute(add(number, 0)).await });
    }
    let held = requests.next();
    // Until all of them are there, a late one may go with them, and is then in doubt.
    let mut in_queue = client.clone();
    let mut unsent = HashSet::new();
    for number in 1000.. {
        let late = in_queue.execute(within(50, add(number, 0)));
        let status = soon("execute", late).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        if told(&status).2 == "no" {
            unsent.insert(format!("ADD {number} 0").into_bytes());
        }
        if unsent.len() == 5 {
            break;
        }
    }
    held.0.send(b"OK 1").unwrap();
    for _ in 1..64 {
        let (reply, body) = requests.next();
        assert!(!unsent.contains(&body), "{}", body.escape_ascii());
        reply.send(b"OK 1").unwrap();
    }
    drop((first, client, in_queue));
    let rest = requests.rest();
    assert!(rest.iter().all(|body| !unsent.contains(body)));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_time_at_all_is_too_late_and_nonsense_is_refused() {
    let place = Place::new();
    let url = place.url("slow.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&url, handler);
    let gateway = Gateway::before(&[&url]);
    let mut client = gateway.calculator().await;
    let status = soon("execute", client.execute(within(0, add(1, 2))))
        .await
        .unwrap_err();
    assert_eq!(told(&status), (Code::DeadlineExceeded, "TIMED_OUT", "no"));
    let mut nonsense = Request::new(add(1, 2));
    nonsense
        .metadata_mut()
        .insert("grpc-timeout", "soon".parse().unwrap());
    let status = soon("execute", client.execute(nonsense)).await.unwrap_err();
    assert_eq!(
        told(&status),
        (Code::InvalidArgument, "INVALID_ARGUMENT", "no")
    );
    assert!(requests.rest().is_empty());
}
