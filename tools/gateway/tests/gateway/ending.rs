//! How the gateway ends.

use crate::support::{Gateway, Place, add, by_hand, result, serve, soon};
use calc_ipc::service::Handler;
use nix::sys::signal::Signal::{SIGINT, SIGTERM};
use tonic::Streaming;
use tonic_health::pb::health_check_response::ServingStatus::{self, NotServing, Serving};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_gateway_ends_at_once() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    for signal in [SIGTERM, SIGINT] {
        let gateway = Gateway::before(&[&url]);
        let mut client = gateway.calculator().await; // Stays connected.
        soon("execute", client.execute(add(1, 2))).await.unwrap();
        gateway.signal(signal);
        assert_eq!(gateway.wait(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_run_are_answered_and_watchers_told() {
    let place = Place::new();
    let url = place.url("slow.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&url, handler);
    let gateway = Gateway::before(&[&url]);
    let mut client = gateway.calculator().await;
    let mut health = gateway.health().await;
    let watch = soon("watch", health.watch(HealthCheckRequest::default())).await;
    let mut changes = watch.unwrap().into_inner();
    // It may seem ill for a while, where its probe took long.
    while next(&mut changes).await != Serving {}
    let runs = tokio::spawn(async move { client.execute(add(1, 2)).await });
    let (reply, _) = requests.next();
    gateway.signal(SIGTERM);
    while next(&mut changes).await != NotServing {}
    assert_eq!(soon("the end", changes.message()).await.unwrap(), None);
    reply.send(b"OK 3").unwrap();
    let response = soon("execute", runs).await.unwrap().unwrap();
    assert_eq!(response.into_inner(), result(3));
    assert_eq!(gateway.wait(), Some(0));
}

async fn next(changes: &mut Streaming<HealthCheckResponse>) -> ServingStatus {
    let change = soon("a change", changes.message()).await;
    change.unwrap().unwrap().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_cut_off_shows_in_the_exit_status() {
    let place = Place::new();
    let url = place.url("hangs.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&url, handler);
    for (grace, signals) in [("0", 1), ("3600", 2)] {
        let gateway = Gateway::with(&[&url], &["--grace", grace]);
        let mut client = gateway.calculator().await;
        let runs = tokio::spawn(async move { client.execute(add(1, 2)).await });
        let _held = requests.next();
        let mut health = gateway.health().await;
        let watch = soon("watch", health.watch(HealthCheckRequest::default())).await;
        let mut changes = watch.unwrap().into_inner();
        gateway.signal(SIGTERM);
        // The first signal was taken once the stream has ended, or was cut with all others.
        while let Ok(Some(_)) = soon("the end", changes.message()).await {}
        if signals == 2 {
            gateway.signal(SIGTERM);
        }
        assert_eq!(gateway.wait(), Some(1));
        soon("execute", runs).await.unwrap().unwrap_err();
    }
}
