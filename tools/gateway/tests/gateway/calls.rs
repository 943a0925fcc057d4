//! Every method, and what is answered.

use crate::support::{
    Gateway, Place, add, ask, backwards, result, serve, serve_anywhere, soon, told,
};
use calc_ipc::service::Handler;
use calc_ipc::transport::ServerOptions;
use calc_ipc_gateway::proto::execute_response::Outcome;
use calc_ipc_gateway::proto::{CallRequest, ExecuteBatchRequest, ExecuteRequest, Operation};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use tokio_stream::StreamExt as _;
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn the_calculator_calculates() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let gateway = Gateway::before(&[&url]);
    let mut client = gateway.calculator().await;
    let (min, max) = (i64::MIN, i64::MAX);
    let answers = [
        (ask(Operation::Add, max, min), -1),
        (ask(Operation::Sub, min, 0), min),
        (ask(Operation::Mul, -7, 6), -42),
        (ask(Operation::Div, max, -2), -(max / 2)),
    ];
    for (request, number) in answers {
        let response = soon("execute", client.execute(request)).await.unwrap();
        assert_eq!(response.into_inner(), result(number));
    }
    let by_zero = ask(Operation::Div, 1, 0);
    let response = soon("execute", client.execute(by_zero)).await.unwrap();
    let error = Outcome::Error("Division by zero".to_owned());
    assert_eq!(response.into_inner().outcome, Some(error));
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_are_reached_over_every_transport() {
    let place = Place::new();
    for url in place.urls() {
        let options = ServerOptions::default();
        let (_server, url) = serve_anywhere(&url, Handler::Calculator, &options);
        let gateway = Gateway::before(&[&url]);
        let mut client = gateway.calculator().await;
        let requests = (0..500).map(|number| add(number, 1)).collect();
        let batch = ExecuteBatchRequest { requests };
        let response = soon(&url, client.execute_batch(batch)).await.unwrap();
        let expected: Vec<_> = (0..500).map(|number| result(number + 1)).collect();
        assert_eq!(response.into_inner().responses, expected, "{url}");
        for number in 0..20 {
            let response = soon(&url, client.execute(add(number, 1))).await.unwrap();
            assert_eq!(response.into_inner(), result(number + 1), "{url}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_operation_is_no_addition() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let gateway = Gateway::before(&[&url]);
    let mut client = gateway.calculator().await;
    for operation in [0, 5, -1] {
        let request = ExecuteRequest {
            operation,
            arg1: 1,
            arg2: 2,
        };
        let status = soon("execute", client.execute(request)).await.unwrap_err();
        let expected = (Code::InvalidArgument, "INVALID_ARGUMENT", "no");
        assert_eq!(told(&status), expected);
        let requests = vec![add(1, 2), request];
        let batch = ExecuteBatchRequest { requests };
        let status = soon("batch", client.execute_batch(batch))
            .await
            .unwrap_err();
        assert_eq!(told(&status), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_answered_in_order() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let gateway = Gateway::before(&[&url]);
    let mut client = gateway.calculator().await;
    for length in [0, 1, 64, 65, 4096] {
        let requests = (0..length).map(|number| add(number, 1)).collect();
        let batch = ExecuteBatchRequest { requests };
        let response = soon("batch", client.execute_batch(batch)).await.unwrap();
        let expected: Vec<_> = (0..length).map(|number| result(number + 1)).collect();
        assert_eq!(response.into_inner().responses, expected);
    }
    let requests = vec![add(0, 0); 4097];
    let batch = ExecuteBatchRequest { requests };
    let status = soon("batch", client.execute_batch(batch))
        .await
        .unwrap_err();
    assert_eq!(told(&status), (Code::OutOfRange, "TOO_LARGE", "no"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_answered_in_order() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = order.clone();
    let handler = Handler::new(move |request| {
        seen.lock().unwrap().push(request.arg1);
        calc_ipc::calculator::execute(request)
    });
    let _server = serve(&url, handler);
    let gateway = Gateway::before(&[&url]);
    let mut client = gateway.calculator().await;
    let requests = tokio_stream::iter((1..=5000).map(|number| add(number, number)));
    let response = soon("stream", client.execute_stream(requests))
        .await
        .unwrap();
    let mut answers = response.into_inner();
    for number in 1..=5000 {
        let answer = soon("an answer", answers.next()).await.unwrap().unwrap();
        assert_eq!(answer, result(number * 2));
    }
    assert!(soon("the end", answers.next()).await.is_none());
    let mut order = order.lock().unwrap().clone();
    order.retain(|number| *number != 0); // Probes.
    assert_eq!(order, (1..=5000).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_go_through_as_they_are() {
    let place = Place::new();
    let url = place.url("echo.sock");
    let _server = serve(&url, backwards());
    let gateway = Gateway::before(&[&url]);
    let mut client = gateway.bytes().await;
    for length in [0, 1, 300, 65536] {
        let body: Vec<u8> = (0..=255).cycle().take(length).collect();
        let request = CallRequest {
            body: body.clone().into(),
        };
        let response = soon("call", client.call(request)).await.unwrap();
        let expected: Vec<u8> = body.into_iter().rev().collect();
        assert!(response.into_inner().body == expected, "{length}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_gives_the_handler_the_message_itself() {
    let place = Place::new();
    let url = place.url("echo.sock");
    let _server = serve(&url, backwards());
    let route = format!("/demo.v1.Values/Get={url}");
    let gateway = Gateway::with(&[], &["--route", &route]);
    // Encoded, these are the bytes 10 4 1 2 4 10; backwards, they are another message.
    let message = CallRequest {
        body: vec![1, 2, 4, 10].into(),
    };
    let expected = CallRequest {
        body: vec![2, 1, 4, 10].into(),
    };
    let answer = gateway.unary("/demo.v1.Values/Get", message).await;
    assert_eq!(answer.unwrap(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_are_served_over_every_transport() {
    let place = Place::new();
    for url in place.urls() {
        let (_server, url) = serve_anywhere(&url, backwards(), &ServerOptions::default());
        let route = format!("/demo.v1.Values/Get={url}");
        let gateway = Gateway::with(&[], &["--route", &route]);
        for last in 0..20 {
            let message = |body: [u8; 4]| CallRequest {
                body: body.to_vec().into(),
            };
            // As above: encoded, and backwards, each is the other.
            let asked = gateway.unary("/demo.v1.Values/Get", message([last, 2, 4, 10]));
            assert_eq!(asked.await.unwrap(), message([2, last, 4, 10]), "{url}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_method_is_unimplemented_and_was_not_executed() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let gateway = Gateway::before(&[&url]);
    for path in ["/no.Such/Method", "/calc_ipc.v1.Calculator/No"] {
        let call = gateway.unary(path, CallRequest::default());
        let status = call.await.unwrap_err();
        assert_eq!(told(&status), (Code::Unimplemented, "UNSUPPORTED", "no"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_at_once_get_their_own_answers_from_all_backends() {
    let place = Place::new();
    let urls = [place.url("a.sock"), place.url("b.sock")];
    let asked = Arc::new(Mutex::new(HashSet::new()));
    let serve_one = |url: &String| {
        let (asked, name) = (asked.clone(), url.clone());
        let handler = Handler::new(move |request| {
            if request.arg1 != 0 {
                asked.lock().unwrap().insert(name.clone());
            }
            calc_ipc::calculator::execute(request)
        });
        serve(url, handler)
    };
    let _servers = urls.each_ref().map(serve_one);
    let gateway = Gateway::before(&[&urls[0], &urls[1]]);
    let mut callers = tokio::task::JoinSet::new();
    for caller in 1..=32 {
        let mut client = gateway.calculator().await;
        callers.spawn(async move {
            for number in 0..100 {
                let response = client.execute(add(caller, number)).await.unwrap();
                assert_eq!(response.into_inner(), result(caller + number));
            }
        });
    }
    soon("all", callers.join_all()).await;
    assert_eq!(asked.lock().unwrap().len(), 2);
}
