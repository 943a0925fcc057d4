//! A server is killed or stopped, or a client killed, while replies are out.

use crate::message::{KEPT, MAX_MESSAGE, PLAIN, SMALL, answer, message};
use crate::role::{role, say_of, start};
use crate::scene::is_end;
use crate::support::processes::{Actor, Control, Side, Stage, eventually};
use crate::support::{Address, TRANSPORTS, Transport};
use calc_ipc::error::Result;
use calc_ipc::service::{Client, Handler, IN_FLIGHT_MAX, Reply, Server};
use calc_ipc::transport::ServerOptions;
use std::sync::{Arc, Mutex};

/// A reply that is out, and what is to be its answer.
type Out = (Reply, Vec<u8>);

/// A server that keeps the replies to some messages until it is told to end them. It has room for five clients.
pub(crate) fn serve(transport: &Transport, address: &Address, mut control: Control) {
    let out: Arc<Mutex<Vec<Out>>> = Arc::default();
    let (keep, teller) = (Arc::clone(&out), Mutex::new(Control::own()));
    let handler = Handler::deferred(move |reply, request| {
        let mut room = vec![0; request.len()];
        answer(request, &mut room);
        if request.first() == Some(&KEPT) {
            keep.lock().unwrap().push((reply, room));
            teller.lock().unwrap().say("kept");
        } else {
            // A client that was killed has no answer.
            let _ = reply.send(&room);
        }
    });
    let options = ServerOptions {
        max_clients: Some(5),
        max_message: MAX_MESSAGE,
        ..ServerOptions::default()
    };
    let server = Server::new((transport.bind)(address, &options).unwrap(), handler).unwrap();
    server.start().unwrap();
    control.say("serving");
    while let Some(line) = control.hear() {
        let said = match line.as_str() {
            "check" => words(out.lock().unwrap().iter().map(|(reply, _)| reply.check())),
            "answer" => words(
                out.lock()
                    .unwrap()
                    .drain(..)
                    .map(|(reply, room)| reply.send(&room)),
            ),
            "stop" => words([server.stop()]),
            _ => panic!("what is {line}?"),
        };
        control.say(&said);
    }
}

/// What these came to, without repetition.
fn words(results: impl IntoIterator<Item = Result<()>>) -> String {
    let word = |result: Result<()>| match result {
        Ok(()) => "Ok".to_owned(),
        Err(error) => format!("{:?}", error.status()),
    };
    let mut words: Vec<_> = results.into_iter().map(word).collect();
    words.sort();
    words.dedup();
    words.join(" ")
}

/// A deferring server, and a client of it that has as many calls under way as there may be.
struct Parked {
    stage: Stage,
}

impl Parked {
    fn new(transport: &Transport, connections: u32) -> Self {
        let mut stage = Stage::new();
        let server = start(&role("deferring", transport.name, &stage.address));
        let client = start(&role("client", transport.name, &stage.address));
        stage.enter(Side::Server, server);
        stage.enter(Side::Client, client);
        assert_eq!(stage.actor(Side::Server).hear(), "serving");
        let mut parked = Self { stage };
        let connect = format!("connect 60000 {connections}");
        assert_eq!(parked.tell(Side::Client, &connect), "connected");
        parked
            .client()
            .say(&format!("call {} {SMALL} 0", char::from(PLAIN)));
        assert_eq!(parked.client().hear(), "calling");
        assert_eq!(parked.client().hear(), "right");
        let kept = char::from(KEPT);
        let submit = format!("submit {kept} {kept} {SMALL} 1 {IN_FLIGHT_MAX}");
        assert_eq!(parked.tell(Side::Client, &submit), "submitted");
        assert_eq!(parked.stage.actor(Side::Server).hear(), "kept");
        parked
    }

    fn client(&mut self) -> &mut Actor {
        self.stage.actor(Side::Client)
    }

    /// What a side says to this.
    fn tell(&mut self, side: Side, line: &str) -> String {
        let actor = self.stage.actor(side);
        actor.say(line);
        let mut said = actor.hear();
        // What it said of replies before it heard.
        while said == "kept" {
            said = actor.hear();
        }
        said
    }

    /// Each of the client's calls ends, and no other follows.
    fn expect_ends(&mut self) {
        for number in 0..IN_FLIGHT_MAX {
            let said = self.tell(Side::Client, "take");
            assert!(is_end(&said), "{number}: {said}");
        }
        assert_eq!(self.tell(Side::Client, "look"), "none: TimedOut");
    }
}

#[test]
fn a_server_killed_while_replies_are_out_ends_each_call_once() {
    for transport in &TRANSPORTS {
        for connections in [0, 4] {
            let mut parked = Parked::new(transport, connections);
            parked.stage.leave(Side::Server).unwrap().kill();
            parked.expect_ends();
        }
    }
}

#[test]
fn a_server_stopped_while_replies_are_out_ends_each_call_once() {
    for transport in &TRANSPORTS {
        for connections in [0, 4] {
            let mut parked = Parked::new(transport, connections);
            assert_eq!(parked.tell(Side::Server, "stop"), "Ok");
            assert_eq!(parked.tell(Side::Server, "check"), "Stopped");
            assert_eq!(parked.tell(Side::Server, "answer"), "Stopped");
            parked.expect_ends();
        }
    }
}

/// One more client that is served.
fn newcomer(transport: &Transport, address: &Address) -> Client {
    let request = message(PLAIN, SMALL, 1);
    let mut served = None;
    eventually("there is a place for it", || {
        let client = transport.client(address);
        let is_served = say_of(&client, &request, &mut [0; SMALL]) == "right";
        served = is_served.then_some(client);
        is_served
    });
    served.unwrap()
}

#[test]
fn a_client_killed_while_its_reply_is_out_shows_and_frees_its_place() {
    for transport in &TRANSPORTS {
        for connections in [0, 4] {
            let mut parked = Parked::new(transport, connections);
            parked.stage.leave(Side::Client).unwrap().kill();
            // Over TCP, nothing shows before the answer is sent.
            if transport.name != "tcp" {
                eventually("it shows", || {
                    parked.tell(Side::Server, "check") == "Closed"
                });
            }
            parked.tell(Side::Server, "answer");
            let address = &parked.stage.address;
            let newcomers: Vec<_> = (0..5).map(|_| newcomer(transport, address)).collect();
            drop(newcomers);
        }
    }
}
