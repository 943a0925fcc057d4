//! Crowds of processes of which some are killed, on every system: this program, executed again.

#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "support/executed.rs"]
mod executed;
#[path = "support/handles.rs"]
mod handles;

use calc_ipc::error::Status;
use executed::{Actor, NEVER, Test, ask, bind, connect, eventually};
use std::thread;
use std::time::Duration;

fn main() {
    executed::main(&TESTS);
}

/// Each test, and its name.
const TESTS: [(&str, Test); 4] = [
    (
        "of_64_clients_each_eighth_is_killed_and_the_others_are_answered",
        of_64_clients_each_eighth_is_killed_and_the_others_are_answered,
    ),
    (
        "who_calls_a_server_that_is_killed_is_told_and_the_next_one_serves_at_once",
        who_calls_a_server_that_is_killed_is_told_and_the_next_one_serves_at_once,
    ),
    (
        "clients_that_come_and_go_leave_no_handle",
        clients_that_come_and_go_leave_no_handle,
    ),
    (
        "clients_and_servers_that_are_killed_leave_no_handle",
        clients_and_servers_that_are_killed_leave_no_handle,
    ),
];

const CLIENTS: usize = 64;

fn of_64_clients_each_eighth_is_killed_and_the_others_are_answered(url: &str) {
    let _server = Actor::serving(url);
    let bystander = connect(url).unwrap();
    let mut clients: Vec<_> = (0..CLIENTS)
        .map(|place| match is_killed(place) {
            true => Actor::new(&["count", url, "1000000000"]),
            false => Actor::new(&["count", url, "200"]),
        })
        .collect();
    clients.iter_mut().for_each(Actor::let_go);
    for (place, client) in clients.iter_mut().enumerate() {
        if is_killed(place) {
            client.kill();
        }
    }
    for (place, client) in clients.iter_mut().enumerate() {
        if !is_killed(place) {
            assert_eq!(client.next_word(), "done", "client {place}");
            assert!(client.has_succeeded(), "client {place}");
        }
    }
    for number in 0..100 {
        assert_eq!(bystander.call(&ask(number, 0)).unwrap(), Ok(number));
    }
}

fn is_killed(place: usize) -> bool {
    place % 8 == 7
}

fn who_calls_a_server_that_is_killed_is_told_and_the_next_one_serves_at_once(url: &str) {
    let mut server = Actor::serving(url);
    for round in 0..8_u64 {
        let clients: Vec<_> = (0..4).map(|_| connect(url).unwrap()).collect();
        thread::scope(|scope| {
            let waiting: Vec<_> = clients
                .iter()
                .map(|client| scope.spawn(|| client.call(&ask(1, NEVER)).unwrap_err()))
                .collect();
            thread::sleep(Duration::from_millis(round));
            server.kill();
            for waiting in waiting {
                let error = waiting.join().unwrap();
                assert!(is_end(error.status()), "{error}");
            }
        });
        // Those of the dead one are there still.
        server = Actor::serving(url);
        assert_eq!(
            connect(url)
                .unwrap()
                .call(&ask(round.cast_signed(), 0))
                .unwrap(),
            Ok(round.cast_signed())
        );
        for client in &clients {
            let error = client.call(&ask(1, 0)).unwrap_err();
            assert!(is_end(error.status()), "{error}");
        }
    }
}

/// Windows tells of each process whether it has ended, so that its clients know.
#[cfg(windows)]
fn is_end(status: Status) -> bool {
    status == Status::PeerDied
}

#[cfg(unix)]
fn is_end(status: Status) -> bool {
    matches!(status, Status::Closed | Status::PeerDied)
}

/// More of them would be left by a leak of one each round, and fewer by threads of the system's that come and go.
const ROUNDS: usize = 100;
const SLACK: usize = 20;

/// Does something again and again, after which this process has what it had.
fn leaves_no_handle(what: &str, mut round: impl FnMut()) {
    (0..10).for_each(|_| round());
    let before = handles::own();
    assert!(before > 0, "nobody knows");
    (0..ROUNDS).for_each(|_| round());
    eventually(
        &format!("{what} leave handles: {before}, then {}", handles::own()),
        || handles::own() <= before + SLACK,
    );
}

fn clients_that_come_and_go_leave_no_handle(url: &str) {
    leaves_no_handle("servers and clients", || {
        let server = bind(url).unwrap();
        server.start().unwrap();
        for _ in 0..2 {
            let client = connect(url).unwrap();
            assert_eq!(client.call(&ask(1, 0)).unwrap(), Ok(1));
        }
        drop(connect(url).unwrap());
        server.stop().unwrap();
    });
}

fn clients_and_servers_that_are_killed_leave_no_handle(url: &str) {
    let server = bind(url).unwrap();
    server.start().unwrap();
    let other = format!("{url}-other");
    let mut turn = 0;
    leaves_no_handle("what was killed", || {
        turn += 1;
        // A process takes a while to begin.
        if turn % 10 == 1 {
            let mut client = Actor::calling(url, 0);
            client.kill();
            if url.starts_with("tcp") {
                return;
            }
            let mut server = Actor::serving(&other);
            let client = connect(&other).unwrap();
            assert_eq!(client.call(&ask(1, 0)).unwrap(), Ok(1));
            server.kill();
            assert!(client.call(&ask(1, 0)).is_err());
        }
    });
    eventually("they are gone", || server.stats().unwrap().clients == 0);
}
