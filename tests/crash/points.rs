//! Either side is killed, or stopped and woken, or stopped and killed, at every point of a call.

use crate::message::{HELD, HELD_FOR_LARGE, LARGE, PLAIN, SMALL};
use crate::plan::Point::*;
use crate::plan::{Fault, Plan, plans};
use crate::random::{Random, how_often, seed};
use crate::role::act;
use crate::scene::{Held, Scene, is_end};
use crate::support::processes::{Census, PATIENCE, Side};
use std::time::Instant;

/// So many milliseconds that no call runs out of them.
const LONG: u64 = 15_000;

/// Few enough that calls to a stopped process run out of them; more, where the environment says that a call takes as long.
fn short() -> u64 {
    how_often("CALC_IPC_SHORT_MS", 15) as u64
}

fn attack(transport: &str) {
    let rounds = how_often("CALC_IPC_ROUNDS", plans().len());
    act(&format!("points {transport} {} {rounds}", seed()));
}

#[test]
fn every_point_of_a_call_over_a_pipe() {
    attack("pipe");
}

#[test]
fn every_point_of_a_call_over_fifos() {
    attack("fifo");
}

#[test]
fn every_point_of_a_call_over_shared_memory() {
    attack("shm");
}

#[test]
fn every_point_of_a_call_over_a_unix_socket() {
    attack("uds");
}

#[test]
fn every_point_of_a_call_over_a_seqpacket_socket() {
    attack("seqpacket");
}

#[test]
fn every_point_of_a_call_over_tcp() {
    attack("tcp");
}

/// Every plan once, in an order that the seed shuffles, and again until there were enough rounds.
pub(crate) fn direct(transport: &str, seed: u64, rounds: usize) {
    // SAFETY: takes no pointer; orphans of killed clients come to this process.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
    let before = Census::own();
    let mut random = Random::new(seed);
    let mut scene = Scene::new(transport);
    let mut order = Vec::new();
    for round in 0..rounds {
        if order.is_empty() {
            order = plans();
            random.shuffle(&mut order);
        }
        let plan = order.pop().unwrap();
        scene.timeout = if random.is_heads() { short() } else { LONG };
        let trace = Trace {
            text: format!(
                "{transport}, CALC_IPC_SEED={seed}, round {round}: {plan:?}, {}",
                scene.timeout
            ),
        };
        Round::new(&mut scene, plan, &mut random).run();
        std::mem::forget(trace);
    }
    scene.strike();
    drop(scene);
    before.await_no_more("this process");
}

/// Says where it happened if a panic drops it.
struct Trace {
    text: String,
}

impl Drop for Trace {
    #[expect(clippy::print_stderr, reason = "a failure has to be repeatable")]
    fn drop(&mut self) {
        eprintln!("{}", self.text);
    }
}

struct Round<'a> {
    scene: &'a mut Scene,
    plan: Plan,
    random: &'a mut Random,
    is_connected: bool,
    is_calling: bool,
    held: Option<Held>,
    stopped: Option<Side>,
}

impl<'a> Round<'a> {
    fn new(scene: &'a mut Scene, plan: Plan, random: &'a mut Random) -> Self {
        Self {
            scene,
            plan,
            random,
            is_connected: false,
            is_calling: false,
            held: None,
            stopped: None,
        }
    }

    fn run(mut self) {
        self.scene.set();
        if self.scene.is_pipe() && self.plan.victim == Side::Server {
            match self.plan.point {
                BeforeConnect | Closing => return, // There is no server, and none that is told to stop.
                _ => {}
            }
        }
        self.reach();
        let is_dead = self.strike();
        self.wake(is_dead);
        let struck = Instant::now();
        if is_dead {
            self.after_death();
        } else {
            self.after_waking();
        }
        assert!(struck.elapsed() < PATIENCE, "took {:?}", struck.elapsed());
        if self.plan.victim == Side::Server || !is_dead {
            self.close();
        }
        self.scene.expect_no_leak();
    }

    fn reach(&mut self) {
        if self.plan.point == BeforeConnect {
            return;
        }
        assert_eq!(self.scene.connect(), "connected");
        self.is_connected = true;
        // Until a server has taken a client in, the time of its calls runs out without a request.
        let has_to_be_known = matches!(
            self.plan.point,
            HandlerRunning | HalfAnswer | AnswerPublished
        );
        if has_to_be_known || self.random.is_heads() {
            assert_eq!(self.scene.call_until_it_is_answered(), "right");
        }
        match self.plan.point {
            BeforeConnect | Connected => {}
            HalfRequest => self.ask_stopped_server(LARGE),
            RequestPublished => self.ask_stopped_server(SMALL),
            HandlerRunning => self.hold(HELD),
            HalfAnswer => self.answer_stopped_client(HELD_FOR_LARGE),
            AnswerPublished => self.answer_stopped_client(HELD),
            Closing => self.begin_to_close(),
        }
    }

    fn begin_call(&mut self, kind: u8, length: usize) {
        self.scene.begin_call(kind, length);
        self.is_calling = true;
    }

    fn stop(&mut self, side: Side) {
        self.scene.signal(side, libc::SIGSTOP);
        self.stopped = Some(side);
    }

    fn ask_stopped_server(&mut self, length: usize) {
        self.stop(Side::Server);
        self.begin_call(PLAIN, length);
        self.scene.client().await_sleep();
    }

    fn hold(&mut self, kind: u8) {
        self.begin_call(kind, SMALL);
        self.held = Some(self.scene.await_held());
    }

    fn answer_stopped_client(&mut self, kind: u8) {
        self.hold(kind);
        self.stop(Side::Client);
        let held = self.held.take().unwrap();
        self.scene.let_go();
        held.await_answer();
    }

    fn begin_to_close(&mut self) {
        match self.plan.victim {
            Side::Server => self.scene.order_stop(),
            Side::Client => self.scene.client().say("close"),
        }
        for _ in 0..self.random.below(200) {
            std::thread::yield_now();
        }
    }

    /// `true` if the victim is dead.
    fn strike(&mut self) -> bool {
        if self.plan.fault != Fault::Kill && self.stopped != Some(self.plan.victim) {
            let other = self.stopped;
            self.stop(self.plan.victim);
            if let Some(other) = other {
                self.scene.signal(other, libc::SIGCONT);
            }
        }
        if self.plan.fault == Fault::StopAndWake {
            return false;
        }
        if self.stopped == Some(self.plan.victim) {
            self.stopped = None;
        }
        self.scene.kill(self.plan.victim);
        true
    }

    /// Wakes whoever is stopped, and lets a handler go on that still holds a message.
    fn wake(&mut self, is_dead: bool) {
        // The orphan of a pipe has ended, with or without its last answer.
        let is_over = is_dead && self.scene.is_pipe() && self.plan.victim == Side::Client;
        if let Some(side) = self.stopped.take().filter(|_| !is_over) {
            self.scene.signal(side, libc::SIGCONT);
        }
        let is_alive = !(is_over || is_dead && self.plan.victim == Side::Server);
        if self.held.take().is_some() && is_alive {
            self.scene.let_go();
        }
    }

    fn after_death(&mut self) {
        if self.plan.victim == Side::Client {
            assert_eq!(self.scene.bystander(), "right");
            return;
        }
        if self.is_calling {
            let said = self.scene.client().hear();
            let may_be_right = matches!(self.plan.point, HalfAnswer | AnswerPublished);
            let is_expected = is_end(&said) || self.ran_out_of_time(&said);
            assert!(is_expected || said == "right" && may_be_right, "{said}");
        }
        if self.is_connected {
            let said = self.scene.call();
            assert!(is_end(&said), "{said}");
        } else {
            assert_eq!(self.scene.connect(), "NotConnected");
        }
    }

    fn after_waking(&mut self) {
        if self.plan.point == Closing {
            return self.after_closing();
        }
        let mut said = String::new();
        if self.is_calling {
            said = self.scene.client().hear();
            assert!(said == "right" || self.ran_out_of_time(&said), "{said}");
        }
        if !self.is_connected {
            assert_eq!(self.scene.connect(), "connected");
        }
        let next = self.scene.call_until_it_is_answered();
        // One who stopped in the middle of a request cannot send another.
        let may_be_cut = self.plan.point == HalfRequest && said == "TimedOut";
        assert!(next == "right" || may_be_cut && next == "Closed", "{next}");
        assert_eq!(self.scene.bystander(), "right");
    }

    fn after_closing(&mut self) {
        match self.plan.victim {
            Side::Client => {
                assert_eq!(self.scene.client().hear(), "closed");
                assert_eq!(self.scene.connect(), "connected");
                assert_eq!(self.scene.call_until_it_is_answered(), "right");
            }
            Side::Server => {
                self.scene.server_has_stopped();
                assert_eq!(self.scene.call(), "Closed");
            }
        }
    }

    fn ran_out_of_time(&self, said: &str) -> bool {
        said == "TimedOut" && self.scene.timeout == short()
    }

    fn close(&mut self) {
        self.scene.client().say("close");
        assert_eq!(self.scene.client().hear(), "closed");
    }
}
