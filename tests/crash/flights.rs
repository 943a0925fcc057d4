//! Either side is killed amid calls that nobody waits for: each of them is told of once, and the server serves on.

use crate::message::{LARGE, SMALL};
use crate::random::{Random, seed};
use crate::role::act;
use crate::scene::{Scene, is_end};
use crate::support::processes::Side;
use calc_ipc::service::IN_FLIGHT_MAX;

/// How far the calls are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// They were submitted, and the server does as it likes.
    Submitted,
    /// The server, which is stopped, has not read what it was sent.
    Published,
    /// There is room for a part of the first request.
    HalfWritten,
    /// A handler has the first request.
    HandlerRunning,
    /// Answers are there, and the client, which is stopped, has not read them.
    Answered,
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    point: Point,
    victim: Side,
    /// How many connections the client may have.
    connections: u32,
}

/// Every point with either side as the victim; a pipe has one connection.
fn plans(is_pipe: bool) -> Vec<Plan> {
    use Point::*;
    let mut plans = Vec::new();
    for point in [Submitted, Published, HalfWritten, HandlerRunning, Answered] {
        for victim in [Side::Server, Side::Client] {
            for connections in [0, 4].into_iter().filter(|count| !is_pipe || *count == 0) {
                plans.push(Plan {
                    point,
                    victim,
                    connections,
                });
            }
        }
    }
    plans
}

fn attack(transport: &str) {
    act(&format!("flights {transport} {}", seed()));
}

#[test]
fn calls_that_nobody_waits_for_over_a_pipe() {
    attack("pipe");
}

#[test]
fn calls_that_nobody_waits_for_over_fifos() {
    attack("fifo");
}

#[test]
fn calls_that_nobody_waits_for_over_shared_memory() {
    attack("shm");
}

#[test]
fn calls_that_nobody_waits_for_over_a_unix_socket() {
    attack("uds");
}

#[test]
fn calls_that_nobody_waits_for_over_a_seqpacket_socket() {
    attack("seqpacket");
}

#[test]
fn calls_that_nobody_waits_for_over_tcp() {
    attack("tcp");
}

/// Every plan once, in an order that the seed shuffles.
#[expect(clippy::print_stderr, reason = "a failure has to be repeatable")]
pub(crate) fn direct(transport: &str, seed: u64) {
    // SAFETY: takes no pointer; orphans of killed clients come to this process.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
    let mut scene = Scene::new(transport);
    scene.timeout = 60_000;
    let mut plans = plans(scene.is_pipe());
    Random::new(seed).shuffle(&mut plans);
    for plan in plans {
        eprintln!("{transport}, CALC_IPC_SEED={seed}: {plan:?}");
        run(&mut scene, plan);
    }
    scene.strike();
}

fn run(scene: &mut Scene, plan: Plan) {
    scene.set();
    assert_eq!(scene.connect_with(plan.connections), "connected");
    assert_eq!(scene.call(), "right");
    let stopped = reach(scene, plan.point);
    scene.kill(plan.victim);
    // The orphan of a pipe has ended.
    let is_over = scene.is_pipe() && plan.victim == Side::Client;
    if let Some(side) = stopped.filter(|side| *side != plan.victim && !is_over) {
        scene.signal(side, libc::SIGCONT);
    }
    match plan.victim {
        Side::Server => each_is_told_of(scene, plan),
        Side::Client => {
            if plan.point == Point::HandlerRunning && !is_over {
                scene.let_go();
            }
            assert_eq!(scene.bystander(), "right");
        }
    }
    scene.expect_no_leak();
}

/// Submits as many calls as there may be, and brings them so far; who was stopped for that.
fn reach(scene: &mut Scene, point: Point) -> Option<Side> {
    match point {
        Point::Submitted => {
            scene.submit(SMALL, IN_FLIGHT_MAX);
            None
        }
        Point::Published | Point::HalfWritten => {
            scene.signal(Side::Server, libc::SIGSTOP);
            let first = if point == Point::Published {
                SMALL
            } else {
                LARGE
            };
            scene.submit(first, 1);
            scene.submit(SMALL, IN_FLIGHT_MAX - 1);
            Some(Side::Server)
        }
        Point::HandlerRunning => {
            scene.submit_held(IN_FLIGHT_MAX);
            None
        }
        Point::Answered => {
            let held = scene.submit_held(IN_FLIGHT_MAX);
            scene.signal(Side::Client, libc::SIGSTOP);
            scene.let_go();
            held.await_answer();
            Some(Side::Client)
        }
    }
}

/// The server is dead: every call has its answer or ends, and no other follows.
fn each_is_told_of(scene: &mut Scene, plan: Plan) {
    let nothing_was_read = matches!(plan.point, Point::Published | Point::HalfWritten);
    for number in 0..IN_FLIGHT_MAX {
        scene.client().say("take");
        let said = scene.client().hear();
        let is_right = said == "right" && !nothing_was_read;
        // One that waited for a connection finds nobody.
        let found_nobody = said == "NotConnected" && plan.connections > 0;
        assert!(
            is_end(&said) || is_right || found_nobody,
            "{number}: {said}"
        );
    }
    scene.client().say("look");
    assert_eq!(scene.client().hear(), "none: TimedOut");
    let said = scene.call();
    assert!(
        is_end(&said) || said == "NotConnected" && plan.connections > 0,
        "{said}"
    );
    scene.client().say("close");
    assert_eq!(scene.client().hear(), "closed");
}
