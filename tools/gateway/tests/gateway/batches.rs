//! Batches, which go over one connection and are awaited together.

use crate::pool::{SETTINGS, address, late, until};
use crate::support::{Place, Requests, by_hand, serve, soon};
use calc_ipc::calculator::{Operation, Request};
use calc_ipc::error::{Error, Result, Status};
use calc_ipc::service::{IN_FLIGHT_MAX, Server};
use calc_ipc_gateway::pool::{Backend, Lane, Probe};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// A connection to a server whose answers are the test's.
struct Slow {
    backend: Arc<Backend>,
    lane: Arc<Lane>,
    requests: Requests,
    _server: Server,
    _place: Place,
}

impl Slow {
    fn new() -> Self {
        let place = Place::new();
        let url = place.url("slow.sock");
        let (handler, requests) = by_hand();
        let _server = serve(&url, handler);
        let backend = Backend::open(address(&url), Probe::Connect, &SETTINGS).unwrap();
        let lane = calc_ipc_gateway::pool::Pool::new(vec![backend.clone()]);
        let lane = lane.pick().clone();
        Self {
            backend,
            lane,
            requests,
            _server,
            _place: place,
        }
    }

    /// Answers the next request, which is this one, with itself.
    fn echo(&self, body: &str) {
        let (reply, asked) = self.requests.next();
        assert_eq!(asked, body.as_bytes());
        reply.send(&asked).unwrap();
    }

    /// Asks this batch in a task, and counts how often that has its turn.
    fn ask(&self, numbers: std::ops::Range<i64>, due: Instant) -> Asked {
        let lane = self.lane.clone();
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = turns.clone();
        let task = tokio::spawn(async move {
            let requests: Vec<_> = numbers.map(request).collect();
            let mut asking = pin!(lane.ask_all(&requests, due, text));
            poll_fn(|context| {
                counted.fetch_add(1, Ordering::SeqCst);
                asking.as_mut().poll(context)
            })
            .await
        });
        Asked { task, turns }
    }

    /// Waits until the connection has so many calls.
    async fn has(&self, calls: usize) {
        until("it has as many calls", async || self.lane.load() == calls).await;
    }
}

struct Asked {
    task: tokio::task::JoinHandle<(Vec<String>, Result<()>)>,
    turns: Arc<AtomicUsize>,
}

impl Asked {
    async fn end(self) -> (Vec<String>, Option<Error>) {
        let (answers, ended) = soon("a batch", self.task).await.unwrap();
        (answers, ended.err())
    }
}

/// Numbers begin with 1: 0 + 0 is a probe's.
fn request(number: i64) -> Request {
    Request {
        operation: Operation::Add,
        arg1: number,
        arg2: 0,
    }
}

fn body(number: i64) -> String {
    format!("ADD {number} 0")
}

fn bodies(numbers: std::ops::Range<i64>) -> Vec<String> {
    numbers.map(body).collect()
}

fn text(body: &[u8]) -> Result<String> {
    Ok(String::from_utf8_lossy(body).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_a_batch_is_woken_once_all_of_it_is_answered() {
    let slow = Slow::new();
    let asked = slow.ask(1..65, late());
    slow.has(64).await;
    for (number, left) in (1..64).zip((1..64).rev()) {
        slow.echo(&body(number));
        slow.has(left).await;
    }
    assert_eq!(asked.turns.load(Ordering::SeqCst), 1);
    slow.echo(&body(64));
    let (answers, error) = asked.end().await;
    assert_eq!(answers, bodies(1..65));
    assert!(error.is_none(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_batch_goes_on_once_half_of_what_is_carried_is_answered() {
    let slow = Slow::new();
    let asked = slow.ask(1..129, late());
    slow.has(64).await;
    for number in 1..32 {
        slow.echo(&body(number));
    }
    slow.has(33).await;
    assert_eq!(asked.turns.load(Ordering::SeqCst), 1);
    slow.echo(&body(32));
    slow.has(64).await;
    (33..129).for_each(|number| slow.echo(&body(number)));
    assert_eq!(asked.end().await.0, bodies(1..129));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_wait_go_before_a_batch() {
    let slow = Slow::new();
    let carried: Vec<_> = (0..IN_FLIGHT_MAX)
        .map(|_| slow.lane.ask("first".into(), late()))
        .collect();
    let waits = slow.lane.ask("second".into(), late());
    let asked = slow.ask(1..65, late());
    until("the queue is full", async || {
        slow.backend.queued() == SETTINGS.queue
    })
    .await;
    carried.iter().for_each(|_| slow.echo("first"));
    slow.echo("second");
    (1..65).for_each(|number| slow.echo(&body(number)));
    assert_eq!(asked.end().await.0, bodies(1..65));
    assert_eq!(soon("an answer", waits.answer()).await.unwrap(), "second");
    assert_eq!(slow.backend.queued(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_of_a_batch_is_never_sent_once_its_time_is_up() {
    let slow = Slow::new();
    let carried: Vec<_> = (0..IN_FLIGHT_MAX)
        .map(|_| slow.lane.ask("first".into(), late()))
        .collect();
    // Some wait in line, and the next one for a place there.
    for count in [2, 5] {
        let asked = slow.ask(1..1 + count, Instant::now() + Duration::from_millis(50));
        let (answers, error) = asked.end().await;
        assert!(answers.is_empty());
        let error = error.unwrap();
        assert_eq!(error.status(), Status::TimedOut);
        assert!(error.is_not_executed());
        assert_eq!(slow.backend.queued(), 0);
    }
    carried.iter().for_each(|_| slow.echo("first"));
    slow.has(0).await;
    assert!(slow.requests.rest().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_dropped_is_called_off() {
    let slow = Slow::new();
    let first = slow.ask(1..61, late());
    slow.has(60).await;
    let second = slow.ask(100..107, late());
    slow.has(67).await;
    assert_eq!(slow.backend.queued(), 3);
    second.task.abort();
    assert!(
        soon("its end", second.task)
            .await
            .unwrap_err()
            .is_cancelled()
    );
    assert_eq!(slow.backend.queued(), 0);
    first.task.abort();
    assert!(
        soon("its end", first.task)
            .await
            .unwrap_err()
            .is_cancelled()
    );
    // The server is asked for what was sent, and owes that; the line was never sent.
    let next = slow.lane.ask("next".into(), late());
    loop {
        let (reply, body) = slow.requests.next();
        reply.send(&body).unwrap();
        assert!(!body.starts_with(b"ADD 104") && !body.starts_with(b"ADD 105"));
        if body == b"next" {
            break;
        }
    }
    assert_eq!(soon("an answer", next.answer()).await.unwrap(), "next");
    slow.has(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_that_cannot_be_read_ends_a_batch() {
    let slow = Slow::new();
    let lane = slow.lane.clone();
    let task = tokio::spawn(async move {
        let requests: Vec<_> = (1..65).map(request).collect();
        let read = |body: &[u8]| match body {
            b"?" => Err(Error::new(Status::Malformed, "it makes no sense")),
            _ => text(body),
        };
        lane.ask_all(&requests, late(), read).await
    });
    slow.echo(&body(1));
    slow.echo(&body(2));
    slow.requests.next().0.send(b"?").unwrap();
    let (answers, ended) = soon("a batch", task).await.unwrap();
    assert_eq!(answers, bodies(1..3));
    assert_eq!(ended.unwrap_err().status(), Status::Malformed);
}
