//! Which connection calls go over, and what waits for one.

use crate::support::{
    Gateway, PATIENCE, Place, add, backwards, by_hand, result, serve, serve_with, soon,
};
use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler, IN_FLIGHT_MAX};
use calc_ipc::transport::{Address, ClientOptions, ServerOptions, Side};
use calc_ipc_gateway::pool::{Backend, Lane, Pool, Probe, Settings};
use calc_ipc_gateway::proto::{CallRequest, ExecuteBatchRequest};
use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

pub(crate) const SETTINGS: Settings = Settings {
    connections: 1,
    queue: 3,
    max_message: 65536,
};

pub(crate) fn address(url: &str) -> Address {
    Address::parse(url, Side::Client).unwrap()
}

/// A client that has a place in a server.
fn guest(url: &str) -> Client {
    Client::connect(&address(url), &ClientOptions::default()).unwrap()
}

fn room_for(clients: u32) -> ServerOptions {
    ServerOptions {
        max_clients: Some(clients),
        ..ServerOptions::default()
    }
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let is_so = async {
        while !holds().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    soon(what, is_so).await;
}

pub(crate) fn late() -> Instant {
    Instant::now() + PATIENCE
}

/// Calls of which each waits for its answer in a task.
fn ask_many(
    lane: &Arc<Lane>,
    count: usize,
) -> Vec<tokio::task::JoinHandle<Result<bytes::Bytes, calc_ipc::error::Error>>> {
    let ask = |_| {
        let lane = lane.clone();
        tokio::spawn(async move {
            let call = lane.ask_in_turn("ADD 1 2".into(), late()).await;
            call.answer().await
        })
    };
    (0..count).map(ask).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_as_busy_as_its_backend_until_late_answers_have_come() {
    let place = Place::new();
    let url = place.url("slow.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&url, handler);
    let backend = Backend::open(address(&url), Probe::Connect, &SETTINGS).unwrap();
    let pool = Pool::new(vec![backend]);
    let lane = pool.pick();
    let given_up = lane.ask("ADD 1 2".into(), late());
    let (reply, _) = requests.next();
    drop(given_up);
    for _ in 0..20 {
        let brief = Instant::now() + Duration::from_millis(1);
        let over = lane.ask("ADD 1 2".into(), brief).answer().await;
        assert_eq!(over.unwrap_err().status(), Status::TimedOut);
        assert!(lane.load() > 0, "the first one is owed");
    }
    reply.send(b"OK 3").unwrap();
    let is_owed = async || {
        for (late, _) in requests.taken() {
            late.send(b"OK 3").unwrap();
        }
        lane.load() > 0
    };
    until("it is owed no more", async || !is_owed().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_bounded_and_counted_whoever_asks() {
    let place = Place::new();
    let url = place.url("slow.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&url, handler);
    let backend = Backend::open(address(&url), Probe::Connect, &SETTINGS).unwrap();
    let pool = Pool::new(vec![backend.clone()]);
    let lane = pool.pick();
    let more = 10;
    let calls = ask_many(lane, IN_FLIGHT_MAX + SETTINGS.queue + more);
    until("the queue is full", async || {
        backend.queued() == SETTINGS.queue
    })
    .await;
    // Those who ask much wait outside; who asks once is refused.
    let refused = lane.ask("ADD 1 2".into(), late()).answer().await;
    assert_eq!(refused.unwrap_err().status(), Status::Refused);
    assert_eq!(lane.load(), IN_FLIGHT_MAX + SETTINGS.queue);
    for _ in &calls {
        requests.next().0.send(b"OK 3").unwrap();
    }
    for call in calls {
        assert_eq!(soon("an answer", call).await.unwrap().unwrap(), "OK 3");
    }
    until("nothing is left", async || lane.load() == 0).await;
    assert_eq!(backend.queued(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_much_needs_no_place_once_the_connection_has_room() {
    let place = Place::new();
    let url = place.url("slow.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&url, handler);
    let settings = Settings {
        connections: 2,
        ..SETTINGS
    };
    let backend = Backend::open(address(&url), Probe::Connect, &settings).unwrap();
    let pool = Pool::new(vec![backend.clone()]);
    let (full, other) = (pool.pick(), pool.pick());
    assert!(!Arc::ptr_eq(full, other));
    let ask = |lane: &Arc<Lane>, body: &'static str| lane.ask(body.into(), late());
    let _waiting: Vec<_> = (0..IN_FLIGHT_MAX + settings.queue)
        .map(|_| ask(full, "ADD 1 2"))
        .collect();
    let _carried: Vec<_> = (0..IN_FLIGHT_MAX).map(|_| ask(other, "ADD 3 4")).collect();
    assert_eq!(backend.queued(), settings.queue);
    let mut asks = pin!(other.ask_in_turn("ADD 5 6".into(), late() + PATIENCE));
    tokio::select! {
        biased;
        _ = &mut asks => panic!("there is neither room nor a place"),
        () = async {} => {}
    }
    let came = [requests.next(), requests.next()];
    let (of_full, mut of_other): (Vec<_>, Vec<_>) =
        came.into_iter().partition(|(_, body)| body == b"ADD 1 2");
    assert_eq!(of_full.len(), 1);
    of_other.remove(0).0.send(b"OK 7").unwrap();
    soon("room", asks).await;
    assert_eq!(backend.queued(), settings.queue);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_wait_and_are_dropped_leave_their_places() {
    let place = Place::new();
    let url = place.url("slow.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&url, handler);
    let backend = Backend::open(address(&url), Probe::Connect, &SETTINGS).unwrap();
    let pool = Pool::new(vec![backend.clone()]);
    let lane = pool.pick();
    let ask = |_| lane.ask("ADD 1 2".into(), late());
    let carried: Vec<_> = (0..IN_FLIGHT_MAX).map(ask).collect();
    let waiting: Vec<_> = (0..SETTINGS.queue).map(ask).collect();
    assert_eq!(backend.queued(), SETTINGS.queue);
    drop(waiting);
    assert_eq!(backend.queued(), 0);
    assert_eq!(lane.load(), IN_FLIGHT_MAX);
    // No request of theirs comes behind those that were carried.
    for call in carried {
        requests.next().0.send(b"OK 3").unwrap();
        soon("an answer", call.answer()).await.unwrap();
    }
    assert!(requests.rest().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_wait_are_called_off_in_no_time() {
    let place = Place::new();
    let url = place.url("slow.sock");
    let (handler, _requests) = by_hand();
    let _server = serve(&url, handler);
    let settings = Settings {
        queue: 300_000,
        ..SETTINGS
    };
    let backend = Backend::open(address(&url), Probe::Connect, &settings).unwrap();
    let pool = Pool::new(vec![backend.clone()]);
    let ask = |_| pool.pick().ask("ADD 1 2".into(), late());
    let mut calls: Vec<_> = (0..IN_FLIGHT_MAX + settings.queue).map(ask).collect();
    assert_eq!(backend.queued(), settings.queue);
    let (done, ended) = oneshot::channel();
    thread::spawn(move || {
        // Last come, first gone: a look at all before each would take hours.
        while calls.pop().is_some() {}
        let _ = done.send(());
    });
    soon("the end", ended).await.unwrap();
    assert_eq!(backend.queued(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_goes_on_once_late_answers_have_come() {
    let place = Place::new();
    let url = place.url("hangs.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&url, handler);
    let backend = Backend::open(address(&url), Probe::Connect, &SETTINGS).unwrap();
    let pool = Pool::new(vec![backend]);
    let lane = pool.pick();
    let carried: Vec<_> = (0..IN_FLIGHT_MAX)
        .map(|_| lane.ask("ADD 1 2".into(), late()))
        .collect();
    let waits = lane.ask("ADD 3 4".into(), late());
    drop(carried);
    loop {
        let (reply, body) = requests.next();
        if body == b"ADD 3 4" {
            reply.send(b"OK 7").unwrap();
            break;
        }
        reply.send(b"OK 3").unwrap();
    }
    assert_eq!(soon("an answer", waits.answer()).await.unwrap(), "OK 7");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_full_swallows_no_calls_while_another_has_room() {
    let place = Place::new();
    let (full, free) = (place.url("full.sock"), place.url("free.sock"));
    let says = |answer: &'static [u8]| {
        Handler::bytes(move |_, room| {
            room.get_mut(..answer.len())?.copy_from_slice(answer);
            Some(answer.len())
        })
    };
    // Messages of a field, which is another one.
    let _full = serve_with(&full, says(b"\x0a\x01a"), &room_for(2));
    let guests = [guest(&full), guest(&full)];
    let _free = serve(&free, says(b"\x0a\x01b"));
    let routes = [&full, &free].map(|url| format!("/demo.v1.Values/Get={url}"));
    let args = [
        "--route", &routes[0], "--route", &routes[1], "--probe", "50",
    ];
    let gateway = Gateway::with(&[], &args);
    let ask = async || {
        let answer = gateway.unary("/demo.v1.Values/Get", CallRequest::default());
        answer.await.unwrap().body
    };
    for _ in 0..100 {
        assert_eq!(ask().await, "b");
    }
    drop(guests);
    until("it is asked again", async || ask().await == "a").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_for_which_a_server_has_no_room_carry_nothing() {
    let place = Place::new();
    let url = place.url("small.sock");
    // One is for the probe.
    let _server = serve_with(&url, Handler::Calculator, &room_for(2));
    let gateway = Gateway::with(&[&url], &["--connections", "4"]);
    let mut client = gateway.calculator().await;
    for _ in 0..100 {
        let answer = soon("execute", client.execute(add(1, 2))).await;
        assert_eq!(answer.unwrap().into_inner(), result(3));
    }
    // Those stay where they are put.
    for _ in 0..100 {
        let requests = vec![add(1, 2); 10];
        let answer = soon(
            "batch",
            client.execute_batch(ExecuteBatchRequest { requests }),
        )
        .await;
        assert_eq!(answer.unwrap().into_inner().responses.len(), 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_refused_is_made_once_there_is_room() {
    let place = Place::new();
    let url = place.url("small.sock");
    let server = serve_with(&url, backwards(), &room_for(2));
    let settings = Settings {
        connections: 2,
        ..SETTINGS
    };
    let guest = guest(&url);
    let backend = Backend::open(address(&url), Probe::Connect, &settings).unwrap();
    backend.probe().await.unwrap();
    let pool = Pool::new(vec![backend]);
    let ask = async || {
        let answer = soon("an answer", pool.ask("abc".into(), late())).await;
        assert_eq!(answer.unwrap(), "cba");
    };
    // Each has its turn, and one is refused.
    for _ in 0..20 {
        ask().await;
    }
    let came = || server.stats().unwrap().came;
    let before = came();
    drop(guest);
    until("it has come", async || {
        ask().await;
        came() > before
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_full_is_not_well_until_it_has_room() {
    let place = Place::new();
    let free = place.url("free.sock");
    let _free = serve(&free, backwards());
    let free = Backend::open(address(&free), Probe::Ask, &SETTINGS).unwrap();
    free.probe().await.unwrap();
    for probe in [Probe::Ask, Probe::Connect] {
        let url = place.url(&format!("{probe:?}.sock"));
        let _server = serve_with(&url, backwards(), &room_for(2));
        let guests = [guest(&url), guest(&url)];
        let backend = Backend::open(address(&url), probe, &SETTINGS).unwrap();
        let pool = Pool::new(vec![backend.clone()]);
        // Whoever only connects leaves it to calls to find out whether there is room for them.
        let refused = soon("a refusal", pool.ask("abc".into(), late())).await;
        assert_eq!(refused.unwrap_err().status(), Status::Refused);
        until("it is found full", async || {
            let probed = backend.probe().await;
            probed.is_err_and(|error| error.status() == Status::Refused)
        })
        .await;
        assert!(!backend.is_well(), "{probe:?}");
        drop(guests);
        until("it has room", async || backend.probe().await.is_ok()).await;
        assert!(backend.is_well(), "{probe:?}");
        // It has its turn again before any call has found out.
        let both = Pool::new(vec![backend.clone(), free.clone()]);
        let has_its_turn = async || !Arc::ptr_eq(both.pick(), both.pick());
        until("it has its turn", has_its_turn).await;
        until("there is room for calls", async || {
            let asked = pool.ask("abc".into(), late());
            soon("an answer", asked).await.is_ok()
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_room_for_the_probe_is_well_if_it_has_room_for_calls() {
    let place = Place::new();
    for probe in [Probe::Ask, Probe::Connect] {
        let url = place.url(&format!("{probe:?}.sock"));
        let _server = serve_with(&url, backwards(), &room_for(1));
        let backend = Backend::open(address(&url), probe, &SETTINGS).unwrap();
        for _ in 0..5 {
            backend.probe().await.unwrap();
        }
        let pool = Pool::new(vec![backend.clone()]);
        let asked = pool.ask("abc".into(), late());
        assert_eq!(soon("an answer", asked).await.unwrap(), "cba");
        backend.probe().await.unwrap();
        assert!(backend.is_well());
    }
}
