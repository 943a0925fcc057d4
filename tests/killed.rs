//! Crowds of processes of which some are killed, on every system: this program, executed again.

#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "support/executed.rs"]
mod executed;
mod support;

use executed::{Actor, NEVER, Test, assert_died, bind, connect};
use std::thread;
use std::time::Duration;
use support::{Address, add, eventually, handles};

fn main() {
    executed::main(&TESTS);
}

/// Each test, and its name.
const TESTS: [(&str, Test); 5] = [
    (
        "of_64_clients_each_eighth_is_killed_and_the_others_are_answered",
        of_64_clients_each_eighth_is_killed_and_the_others_are_answered,
    ),
    (
        "who_calls_a_server_that_is_killed_is_told_and_the_next_one_serves_at_once",
        who_calls_a_server_that_is_killed_is_told_and_the_next_one_serves_at_once,
    ),
    (
        "of_six_processes_that_want_an_address_one_at_a_time_has_it",
        of_six_processes_that_want_an_address_one_at_a_time_has_it,
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
            assert_eq!(client.code(), Some(0), "client {place}");
        }
    }
    for number in 0..100 {
        assert_eq!(bystander.call(&add(number, 0)).unwrap(), Ok(number));
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
                .map(|client| scope.spawn(|| client.call(&add(1, NEVER)).unwrap_err()))
                .collect();
            thread::sleep(Duration::from_millis(round));
            server.kill();
            for waiting in waiting {
                assert_died(&waiting.join().unwrap());
            }
        });
        // Those of the dead one are there still.
        server = Actor::serving(url);
        assert_eq!(
            connect(url)
                .unwrap()
                .call(&add(round.cast_signed(), 0))
                .unwrap(),
            Ok(round.cast_signed())
        );
        for client in &clients {
            assert_died(&client.call(&add(1, 0)).unwrap_err());
        }
    }
}

fn of_six_processes_that_want_an_address_one_at_a_time_has_it(url: &str) {
    let beside = Address::new();
    let sign = beside.path("sign");
    let want = |place| {
        let end = if place % 2 == 0 { "stops" } else { "exits" };
        Actor::new(&["own", url, &sign, end])
    };
    for _ in 0..3 {
        let mut actors: Vec<_> = (0..6).map(want).collect();
        for (place, actor) in actors.iter_mut().enumerate() {
            assert_eq!(actor.code(), Some(0), "{place}");
        }
    }
}

/// More of them are left by a leak of one each round, and fewer by threads of the system's that come and go.
const SLACK: usize = 5;

/// Does something so often, after which this process has what it had.
fn leaves_no_handle(rounds: usize, what: &str, mut round: impl FnMut()) {
    assert!(rounds > 2 * SLACK, "a leak would not be seen");
    (0..3).for_each(|_| round());
    let before = handles::own();
    assert!(before > 0, "nobody knows");
    (0..rounds).for_each(|_| round());
    eventually(
        &format!("{what} leave no handles, of which {before} were there"),
        || handles::own() <= before + SLACK,
    );
}

fn clients_that_come_and_go_leave_no_handle(url: &str) {
    leaves_no_handle(100, "servers and clients", || {
        let server = bind(url).unwrap();
        server.start().unwrap();
        for _ in 0..2 {
            let client = connect(url).unwrap();
            assert_eq!(client.call(&add(1, 0)).unwrap(), Ok(1));
        }
        let silent = connect(url).unwrap();
        eventually("it is let in", || server.stats().unwrap().came == 3);
        drop(silent);
        server.stop().unwrap();
    });
}

fn clients_and_servers_that_are_killed_leave_no_handle(url: &str) {
    let server = bind(url).unwrap();
    server.start().unwrap();
    let other = format!("{url}-other");
    // A process takes a while to begin.
    leaves_no_handle(12, "killed clients and servers", || {
        Actor::calling(url, 0).kill();
        if url.starts_with("tcp") {
            return; // The other server's address would be this one's.
        }
        let mut server = Actor::serving(&other);
        let client = connect(&other).unwrap();
        assert_eq!(client.call(&add(1, 0)).unwrap(), Ok(1));
        server.kill();
        assert_died(&client.call(&add(1, 0)).unwrap_err());
    });
    eventually("they are gone", || server.stats().unwrap().clients == 0);
}
