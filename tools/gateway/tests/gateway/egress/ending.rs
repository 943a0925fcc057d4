//! How the gateway ends that asks a gRPC server.

use super::support::{Remote, SCHEMES, call, call_while, connect, egress};
use crate::support::{Gateway, PATIENCE, Place, Requests, by_hand, serve};
use calc_ipc::error::Status;
use calc_ipc::service::Client;
use nix::sys::signal::Signal::SIGTERM;
use std::thread;
use std::time::Instant;

/// From when it was told to end, what others ask fails at once. Until then, it is answered.
fn wait_until_others_fail(other: &Client, requests: &Requests) {
    let until = Instant::now() + PATIENCE;
    thread::scope(|scope| {
        loop {
            let asks = scope.spawn(|| call(other, b"ADD 5 6"));
            while !asks.is_finished() {
                for (early, body) in requests.taken() {
                    assert_eq!(body, b"ADD 5 6");
                    early.send(b"OK 11").unwrap();
                }
                thread::yield_now();
                assert!(Instant::now() < until, "it hangs");
            }
            if let Err(error) = asks.join().unwrap() {
                assert_eq!(error.status(), Status::HandlerFailed);
                return;
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_is_answered_before_it_ends() {
    let place = Place::new();
    let slow = place.url("slow.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&slow, handler);
    let ingress = Gateway::before(&[&slow]);
    let to = format!("grpc://{}", ingress.address);
    for round in 0..10 {
        for scheme in SCHEMES {
            let url = place.url_of(scheme, "remote");
            let egress = egress(&url, &to, &[]);
            let (client, other) = (connect(&url), connect(&url));
            let (answer, ()) = call_while(&client, b"ADD 1 2", || {
                let (reply, _) = requests.next();
                egress.signal(SIGTERM);
                wait_until_others_fail(&other, &requests);
                reply.send(b"OK 3").unwrap();
            });
            assert_eq!(answer.unwrap(), b"OK 3", "{scheme} {round}");
            assert_eq!(egress.wait(), Some(0));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_shows_in_the_exit_status() {
    let place = Place::new();
    let url = place.url("remote.sock");
    let remote = Remote::start().await;
    let to = format!("grpc://{}", remote.address);
    let egress = egress(&url, &to, &["--grace", "0"]);
    let client = connect(&url);
    let (ended, ()) = call_while(&client, b"hang", || {
        remote.wait_until_asked();
        egress.signal(SIGTERM);
        assert_eq!(egress.wait(), Some(1));
    });
    assert!(ended.is_err());
}
