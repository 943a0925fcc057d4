//! Certificates and tokens are replaced while calls go on.

use crate::support::{Gateway, Lines, Place, add, result, serve, soon, told};
use crate::trust::{Authority, Caller, FORGED, Identity, certificate};
use calc_ipc::service::{Client, Handler};
use calc_ipc::transport::{Address, ClientOptions, Side};
use nix::sys::signal::Signal::SIGHUP;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::sleep;
use tonic::{Code, Request};

/// A gateway whose files can be replaced.
struct Replaceable {
    place: Place,
    /// That of the signer of clients, and that of tokens.
    files: [String; 2],
    gateway: Gateway,
    log: Lines,
}

impl Replaceable {
    fn new(place: Place, url: &str, server: &Identity, clients: &Authority, tokens: &str) -> Self {
        let [cert, key] = place.identity("server", server);
        let ca = place.file("ca.pem", &clients.pem);
        let token = place.file("tokens", tokens);
        let args = [
            "--tls-cert",
            &cert,
            "--tls-key",
            &key,
            "--client-ca",
            &ca,
            "--token-file",
            &token,
        ];
        let serving = ["--listen", "127.0.0.1:0", "--backend", url];
        let (gateway, log) = Gateway::heard(&[&serving[..], &args].concat());
        let files = [ca, token];
        Self {
            place,
            files,
            gateway,
            log,
        }
    }

    fn replace(&self, server: &Identity, clients: &Authority, tokens: &str) {
        self.place.identity("server", server);
        let [ca, token] = &self.files;
        fs::write(ca, &clients.pem).unwrap();
        fs::write(token, tokens).unwrap();
        self.gateway.signal(SIGHUP);
    }

    /// Waits until this certificate is shown.
    async fn wait_for(&self, caller: &Caller, server: &Identity) {
        let shows = async {
            while caller.shown(&self.gateway).await != certificate(&server.cert) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        soon("a reload", shows).await;
    }
}

fn showing(token: &str, number: i64) -> Request<calc_ipc_gateway::proto::ExecuteRequest> {
    let mut request = Request::new(add(number, 1));
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_lost_while_everything_is_replaced() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let ours = Authority::new();
    let shows = ours.client("a");
    let caller = Caller::new(&ours, Some(&shows));
    let server = ours.server();
    let gateway = Replaceable::new(place, &url, &server, &ours, "both\n0\n");
    let is_over = Arc::new(AtomicBool::new(false));
    let calls = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for number in 0..8 {
        let (caller, address) = (caller.clone(), gateway.gateway.address.clone());
        let (is_over, calls) = (is_over.clone(), calls.clone());
        callers.spawn(async move {
            let mut client = caller.calculator_at(&address).await;
            while !is_over.load(Ordering::Relaxed) {
                for _ in 0..20 {
                    let response = client.execute(showing("both", number)).await.unwrap();
                    assert_eq!(response.into_inner(), result(number + 1));
                    calls.fetch_add(1, Ordering::Relaxed);
                }
                // Half of them stay on the connection that was let in first.
                if number % 2 == 0 {
                    client = caller.calculator_at(&address).await;
                }
            }
        });
    }
    for round in 1..=20 {
        let before = calls.load(Ordering::Relaxed);
        let server = ours.server();
        gateway.replace(&server, &ours, &format!("both\n{round}\n"));
        gateway.wait_for(&caller, &server).await;
        let mut client = caller.calculator(&gateway.gateway).await;
        let right = soon("execute", client.execute(showing(&round.to_string(), 1))).await;
        right.unwrap();
        let old = showing(&(round - 1).to_string(), 1);
        let status = soon("execute", client.execute(old)).await.unwrap_err();
        assert_eq!(
            told(&status),
            (Code::Unauthenticated, "PERMISSION_DENIED", "no")
        );
        let goes_on = async {
            while calls.load(Ordering::Relaxed) == before {
                sleep(Duration::from_millis(1)).await;
            }
        };
        soon("calls", goes_on).await;
    }
    is_over.store(true, Ordering::Relaxed);
    soon("all", callers.join_all()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signed_clients_is_replaced_for_those_who_connect_from_then_on() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let (ours, before, after) = (Authority::new(), Authority::new(), Authority::new());
    let (old, new) = (before.client("a"), after.client("a"));
    let old = Caller::new(&ours, Some(&old));
    let new = Caller::new(&ours, Some(&new));
    let gateway = Replaceable::new(place, &url, &ours.server(), &before, "t");
    let mut stays = old.calculator(&gateway.gateway).await;
    assert!(new.refusal(&gateway.gateway).await.contains(FORGED));
    let server = ours.server();
    gateway.replace(&server, &after, "t");
    gateway.wait_for(&new, &server).await;
    assert!(old.refusal(&gateway.gateway).await.contains(FORGED));
    for client in [&mut stays, &mut new.calculator(&gateway.gateway).await] {
        let response = soon("execute", client.execute(showing("t", 1)))
            .await
            .unwrap();
        assert_eq!(response.into_inner(), result(2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_files_that_are_not_good_nothing_is_taken() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let ours = Authority::new();
    let shows = ours.client("a");
    let caller = Caller::new(&ours, Some(&shows));
    let first = ours.server();
    let gateway = Replaceable::new(place, &url, &first, &ours, "one");
    gateway.replace(&ours.server(), &ours, "\n");
    let why = gateway.log.next_with("stay as they were");
    assert!(why.contains("no token"), "{why}");
    let mut client = caller.calculator(&gateway.gateway).await;
    soon("execute", client.execute(showing("one", 1)))
        .await
        .unwrap();
    assert_eq!(
        caller.shown(&gateway.gateway).await,
        certificate(&first.cert)
    );
    let good = ours.server();
    gateway.replace(&good, &ours, "two");
    gateway.wait_for(&caller, &good).await;
    soon("execute", client.execute(showing("two", 1)))
        .await
        .unwrap();
    let status = soon("execute", client.execute(showing("one", 1)))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_to_a_remote_is_replaced_too() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let (ours, theirs) = (Authority::new(), Authority::new());
    let [cert, key] = place.identity("server", &ours.server());
    let tokens = place.file("tokens", "right");
    let args = [
        "--tls-cert",
        &cert,
        "--tls-key",
        &key,
        "--token-file",
        &tokens,
    ];
    let ingress = Gateway::with(&[&url], &args);
    let to = ingress.address.replace("127.0.0.1", "grpc://localhost");
    let ca = place.file("ca.pem", &theirs.pem);
    let shown = place.file("shown", "wrong");
    let remote = place.url("remote.sock");
    let serving = ["--serve", &remote, "--to", &to];
    let (egress, log) =
        Gateway::heard(&[&serving[..], &["--tls-ca", &ca, "--token-file", &shown]].concat());
    let address = Address::parse(&remote, Side::Client).unwrap();
    let client = Client::connect(&address, &ClientOptions::default()).unwrap();
    let call = || block_in_place(|| client.call_bytes(b"ADD 1 2", &mut [0; 100]));
    assert!(call().is_err());
    assert!(log.next_with("why=").contains("certificate"));
    fs::write(&ca, "nonsense").unwrap();
    egress.signal(SIGHUP);
    assert!(log.next_with("stay as they were").contains("certificate"));
    fs::write(&ca, &ours.pem).unwrap();
    egress.signal(SIGHUP);
    log.next_with("read anew");
    assert!(call().is_err());
    fs::write(&shown, "right").unwrap();
    egress.signal(SIGHUP);
    log.next_with("read anew");
    assert_eq!(call().unwrap(), b"OK 3".len());
}
