//! The slot under loom, which runs each model once for every order that the memory model allows:
//! `scripts/loom.sh`. What runs is the product's code; only the memory and the alarm are the model's.
//!
//! No sleep ends by itself here, unless a model asks for it, so a wake-up that is lost is a deadlock, which loom reports.

use super::{ClientSlot, Seen, ServerSlot, Woken};
use crate::protocol::frame::PREFIX;
use crate::transport::reactor::sleep_counted;
use crate::transport::shm::header::Header;
use crate::transport::shm::layout::{self, SINGLE, WATCHING};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use machine::{Bell, Kernel, Lines};
use std::time::Duration;

mod machine;

/// One client and what it shares with the server.
#[derive(Clone)]
struct Shared {
    header: Lines,
    page: Lines,
    alarm: Kernel,
    bell: Bell,
    /// The client's socket.
    control: Bell,
}

impl Shared {
    fn new() -> Self {
        Self {
            header: Lines::new(),
            page: Lines::new(),
            alarm: Kernel::new(),
            bell: Bell::new(),
            control: Bell::new(),
        }
    }

    fn client(&self) -> Client {
        Client {
            slot: ClientSlot::new(self.page.clone(), 0, self.alarm.clone()).telling_last(true),
            header: Header(self.header.clone()),
            bell: self.bell.clone(),
            control: self.control.clone(),
        }
    }
}

/// A frame of eight bytes that says which request, or answer, it is.
fn frame(number: u32) -> [u8; 8] {
    let mut frame = [4, 0, 0, 0, 0, 0, 0, 0];
    frame[PREFIX..].copy_from_slice(&number.to_le_bytes());
    frame
}

fn number_in(data: &layout::Data) -> u32 {
    u32::from_le_bytes(data[PREFIX..8].try_into().unwrap())
}

/// What the answer to a request adds to its number.
const ANSWER: u32 = 1000;

struct Client {
    slot: ClientSlot<Lines, Kernel>,
    header: Header<Lines>,
    bell: Bell,
    control: Bell,
}

impl Client {
    fn ask(&mut self, number: u32) {
        self.ask_as(SINGLE, number);
    }

    fn ask_as(&mut self, kind: u16, number: u32) {
        if self.slot.publish(kind, &frame(number), 0, &self.header) {
            self.bell.ring();
        }
    }

    fn announce_and_call(&mut self, number: u32) {
        if self.slot.announce(SINGLE, &frame(number), 0, &self.header) {
            self.bell.ring();
        }
        self.slot.has_filled(4);
        self.call(number);
    }

    fn sleep(&self) -> Woken {
        self.slot.sleep(|_| Some(Duration::MAX), || false)
    }

    /// Asks without waiting, and then sleeps on its socket.
    fn submit_and_watch(&mut self, number: u32) {
        self.ask_as(SINGLE | WATCHING, number);
        while self.slot.arm() {
            self.control.wait();
        }
        assert!(self.slot.is_answered());
        assert_eq!(self.answer(), number + ANSWER);
    }

    fn answer(&self) -> u32 {
        assert_eq!(layout::load_prefix(self.slot.reply()), 4);
        number_in(&layout::load(self.slot.reply(), 4))
    }

    fn call(&mut self, number: u32) {
        self.ask(number);
        assert_eq!(self.sleep(), Woken::Answered);
        assert_eq!(self.answer(), number + ANSWER);
    }
}

/// A thread of the server with one client: each sleep ends only by the bell.
struct Server {
    slot: ServerSlot<Lines, Kernel>,
    control: Bell,
    answered: u32,
}

impl Server {
    fn new(shared: &Shared) -> Self {
        Self {
            slot: ServerSlot::new(shared.page.clone(), 0, shared.alarm.clone()),
            control: shared.control.clone(),
            answered: 0,
        }
    }

    /// `true`: there was a request, which is answered now.
    fn pump(&mut self) -> bool {
        match self.slot.look() {
            Seen::Nothing | Seen::Filling => return false,
            Seen::Nonsense => panic!("the client wrote nonsense"),
            Seen::Request => {}
        }
        assert_eq!((self.slot.kind(), self.slot.prefix()), (SINGLE, 4));
        let number = number_in(&self.slot.data(4));
        self.answered += 1;
        assert_eq!(number, self.answered);
        if self.slot.answer(SINGLE, &frame(number + ANSWER), 0) {
            self.control.ring();
        }
        true
    }

    /// As `Worker::wait` sleeps, and then handles what woke it.
    fn serve(&mut self, shared: &Shared, count: u32) {
        let header = Header(shared.header.clone());
        while self.answered < count {
            sleep_counted(&header, self, Self::pump, |_, has_work| {
                if !has_work {
                    shared.bell.wait();
                }
            });
            self.pump();
        }
    }
}

/// A request that is published while the server falls asleep is answered, whatever the order: the
/// server's look and the client's ring cannot both be missing. The client, too, wakes up.
#[test]
fn no_wake_up_is_lost_and_answers_are_whole() {
    loom::model(|| {
        let shared = Shared::new();
        let mut client = shared.client();
        let asking = thread::spawn(move || client.call(1));
        Server::new(&shared).serve(&shared, 1);
        asking.join().unwrap();
    });
}

/// The lines are used again for the next request without one side reading what is not complete.
#[test]
fn the_lines_are_used_again() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let shared = Shared::new();
        let mut client = shared.client();
        let asking = thread::spawn(move || (1..=2).for_each(|number| client.call(number)));
        Server::new(&shared).serve(&shared, 2);
        asking.join().unwrap();
    });
}

/// A request that was announced is answered, whether the server saw that or not.
#[test]
fn no_wake_up_is_lost_where_a_request_is_announced() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let shared = Shared::new();
        let mut client = shared.client();
        let asking = thread::spawn(move || client.announce_and_call(1));
        Server::new(&shared).serve(&shared, 1);
        asking.join().unwrap();
    });
}

/// A client that watches its socket is woken over it, whatever the order, and may sleep on the line again afterwards.
#[test]
fn a_client_that_watches_its_socket_is_woken_over_it() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let shared = Shared::new();
        let mut client = shared.client();
        let asking = thread::spawn(move || {
            client.submit_and_watch(1);
            client.call(2);
        });
        Server::new(&shared).serve(&shared, 2);
        asking.join().unwrap();
    });
}

/// A client that is about to sleep, or sleeps, learns that the server stops.
#[test]
fn a_stop_in_order_wakes_every_sleeper() {
    loom::model(|| {
        let shared = Shared::new();
        let mut client = shared.client();
        let asking = thread::spawn(move || {
            client.ask(1);
            let woken = client.sleep();
            if woken == Woken::Answered {
                assert_eq!(client.answer(), 1 + ANSWER);
            }
            woken
        });
        let mut server = Server::new(&shared);
        let has_answered = server.pump();
        server.slot.close();
        let woken = asking.join().unwrap();
        assert!(woken == Woken::Closed || (woken == Woken::Answered && has_answered));
    });
}

/// The last word of a server that dies after it has answered is read.
#[test]
fn an_answer_before_a_death_is_read() {
    loom::model(|| {
        let shared = Shared::new();
        let mut client = shared.client();
        client.ask(1);
        let died = Arc::new(AtomicBool::new(false));
        let has_died = died.clone();
        let serving = thread::spawn(move || {
            let mut server = Server::new(&shared);
            assert!(server.pump());
            died.store(true, Ordering::Release);
        });
        let died = || has_died.load(Ordering::Acquire);
        let woken = client.slot.sleep(|_| Some(Duration::ZERO), died);
        assert_eq!(woken, Woken::Answered);
        assert_eq!(client.answer(), 1 + ANSWER);
        serving.join().unwrap();
    });
}

/// The end takes the place of the last answer, which a client that looks only then still finds.
#[test]
fn an_answer_before_a_stop_is_read() {
    loom::model(|| {
        let shared = Shared::new();
        let mut client = shared.client();
        client.ask(1);
        let serving = thread::spawn(move || {
            let mut server = Server::new(&shared);
            assert!(server.pump());
            server.slot.close();
        });
        assert_eq!(client.sleep(), Woken::Answered);
        assert!(client.slot.is_answered());
        assert_eq!(client.answer(), 1 + ANSWER);
        serving.join().unwrap();
    });
}
