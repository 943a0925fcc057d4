//! `grpc.health.v1`: what is said of backends that come and go.

use crate::support::{Gateway, Place, Remote, add, result, serve, soon};
use calc_ipc::service::Handler;
use tonic::{Code, Streaming};
use tonic_health::pb::health_check_response::ServingStatus::{self, NotServing, Serving};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// Waits until this is said of a service. One whose probe took long may seem ill for a while.
async fn wait_for(gateway: &Gateway, service: &str, status: ServingStatus) {
    let mut health = gateway.health().await;
    let is_said = async {
        let watch = health.watch(of(service)).await;
        wait_until(&mut watch.unwrap().into_inner(), status).await;
    };
    soon(service, is_said).await;
}

/// The same of the service that is watched.
async fn wait_until(changes: &mut Streaming<HealthCheckResponse>, status: ServingStatus) {
    let is_said = async { while changes.message().await.unwrap().unwrap().status() != status {} };
    soon("a change", is_said).await;
}

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_is_as_well_as_its_backends() {
    let place = Place::new();
    let (there, gone) = (place.url("there.sock"), place.url("gone.sock"));
    let _server = serve(&there, Handler::Calculator);
    let route = format!("/demo.v1.Values/Get={gone}");
    let gateway = Gateway::with(&[&there], &["--route", &route]);
    for (service, status) in [
        ("calc_ipc.v1.Calculator", Serving),
        ("calc_ipc.v1.Bytes", Serving),
        ("demo.v1.Values", NotServing),
        ("", NotServing),
    ] {
        wait_for(&gateway, service, status).await;
    }
    let mut health = gateway.health().await;
    let unknown = soon("check", health.check(of("no.Such"))).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_watches_hears_of_a_backend_that_goes_and_comes() {
    let place = Place::new();
    let url = place.url("comes.sock");
    let backend = Remote::start(&url);
    let gateway = Gateway::with(&[&url], &["--probe", "50"]);
    let mut health = gateway.health().await;
    let watch = soon("watch", health.watch(of("calc_ipc.v1.Calculator"))).await;
    let mut changes = watch.unwrap().into_inner();
    wait_until(&mut changes, Serving).await;
    backend.kill();
    wait_until(&mut changes, NotServing).await;
    let _backend = Remote::start(&url);
    wait_until(&mut changes, Serving).await;
    let mut client = gateway.calculator().await;
    let response = soon("execute", client.execute(add(0, 2))).await.unwrap();
    assert_eq!(response.into_inner(), result(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_to_the_backend_that_is_left() {
    let place = Place::new();
    let (stays, goes) = (place.url("stays.sock"), place.url("goes.sock"));
    let _server = serve(&stays, Handler::Calculator);
    let backend = Remote::start(&goes);
    // No probe comes before the test ends: the first call that finds nobody tells.
    let gateway = Gateway::with(
        &[&stays, &goes],
        &["--connections", "2", "--probe", "600000"],
    );
    let mut client = gateway.calculator().await;
    backend.kill();
    let mut failed = 0;
    for number in 0..200 {
        match soon("execute", client.execute(add(0, number))).await {
            Ok(response) => assert_eq!(response.into_inner(), result(number)),
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable, "{status:?}");
                failed += 1;
            }
        }
    }
    assert!(failed <= 2, "{failed}: one for each connection at most");
}
