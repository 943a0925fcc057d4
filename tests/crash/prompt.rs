//! How soon a caller hears of its server's death.
//!
//! The contract: 20 ms where a descriptor tells, 100 ms over shared memory. What is said is asserted always, and that it
//! is said within a minute. That each round is in time, only with `CALC_IPC_STRICT` set, for a machine that has nothing
//! else to do: nobody promises when a process that was woken runs.

use crate::message::{HELD, SMALL};
use crate::random::how_often;
use crate::role::act;
use crate::scene::{Scene, is_end};
use crate::support::processes::{PATIENCE, Side};
use std::time::{Duration, Instant};

fn limit(transport: &str) -> Duration {
    Duration::from_millis(if transport == "shm" { 100 } else { 20 })
}

fn kill_servers(transport: &str) {
    let rounds = how_often("CALC_IPC_KILLS", 20);
    act(&format!("prompt {transport} {rounds}"));
}

#[test]
fn the_death_of_a_server_is_known_in_time_over_a_pipe() {
    kill_servers("pipe");
}

#[test]
fn the_death_of_a_server_is_known_in_time_over_fifos() {
    kill_servers("fifo");
}

#[test]
fn the_death_of_a_server_is_known_in_time_over_shared_memory() {
    kill_servers("shm");
}

#[test]
fn the_death_of_a_server_is_known_in_time_over_a_unix_socket() {
    kill_servers("uds");
}

#[test]
fn the_death_of_a_server_is_known_in_time_over_a_seqpacket_socket() {
    kill_servers("seqpacket");
}

#[test]
fn the_death_of_a_server_is_known_in_time_over_tcp() {
    kill_servers("tcp");
}

/// Kills servers whose handlers hold a call, and measures from before the kill to the client's word,
/// a hop between two processes included.
#[expect(clippy::print_stderr, reason = "the distribution is what it is for")]
pub(crate) fn measure(transport: &str, rounds: usize) {
    let mut scene = Scene::new(transport);
    scene.timeout = 15_000;
    let mut times: Vec<_> = (0..rounds).map(|_| one_kill(&mut scene)).collect();
    scene.strike();
    times.sort_unstable();
    let at = |part: usize| times[(times.len() * part / 1000).min(times.len() - 1)];
    let late = times
        .iter()
        .filter(|time| **time > limit(transport))
        .count();
    eprintln!(
        "{transport}: {rounds} servers killed in a call, known after p50 {:?}, p90 {:?}, p99 {:?}, at most {:?}; {late} later than {:?}",
        at(500),
        at(900),
        at(990),
        at(1000),
        limit(transport),
    );
    assert!(at(1000) < PATIENCE, "{transport}: one hung");
    let may_be_late = std::env::var_os("CALC_IPC_STRICT").is_none();
    assert!(
        late == 0 || may_be_late,
        "{transport}: {late} of {rounds} late"
    );
}

fn one_kill(scene: &mut Scene) -> Duration {
    scene.set();
    assert_eq!(scene.connect(), "connected");
    scene.begin_call(HELD, SMALL);
    scene.await_held();
    let killed = Instant::now();
    scene.signal(Side::Server, libc::SIGKILL);
    let said = scene.client().hear();
    let time = killed.elapsed();
    assert!(is_end(&said), "{said}");
    scene.kill(Side::Server);
    scene.client().say("close");
    assert_eq!(scene.client().hear(), "closed");
    time
}
