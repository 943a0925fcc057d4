//! What executed processes do.

use crate::client::obey;
use crate::message::{HELD, HELD_FOR_LARGE, MAX_MESSAGE, answer, is_answer};
use crate::support::processes::state::own_thread;
use crate::support::processes::{self, Actor, Control};
use crate::support::{Address, Transport};
use crate::{flights, handles, points, prompt, replies, soak};
use calc_ipc::service::{Client, Handler, Server, pipe};
use calc_ipc::transport::ServerOptions;
use std::sync::{Mutex, mpsc};

/// The anonymous pipe, which has no address.
pub(crate) const PIPE: &str = "pipe";

/// A process with this role.
pub(crate) fn start(role: &str) -> Actor {
    Actor::execute(role, |_| ())
}

/// Executes a process that plays this role to its end, and fails where that does.
pub(crate) fn act(role: &str) {
    assert_eq!(start(role).bury(), [""; 0]);
}

/// The role of a process that plays at an address.
pub(crate) fn role(role: &str, transport: &str, address: &Address) -> String {
    format!("{role} {transport} {}", address.tell())
}

/// No test: it is a process of another one, and what goes wrong in it fails that.
#[test]
fn a_process_of_another_test() {
    processes::play(|words, mut control| match *words {
        ["server", transport, word, host] => {
            serve(
                Transport::named(transport),
                &Address::told(word, host),
                control,
            );
        }
        ["caller", transport, word, host] => {
            soak::call_until_killed(Transport::named(transport), &Address::told(word, host));
        }
        ["client", PIPE, ..] => obey(&mut control, |options| {
            pipe::create(handler(say_and_await_at_standard_error), options)
        }),
        ["client", transport, word, host] => {
            let (transport, address) = (Transport::named(transport), Address::told(word, host));
            obey(&mut control, |options| {
                (transport.connect)(&address, options).map(|channel| Client::new(channel, options))
            });
        }
        ["points", transport, seed, rounds] => {
            points::direct(transport, number(seed), number(rounds))
        }
        ["flights", transport, seed] => flights::direct(transport, number(seed)),
        ["deferring", transport, word, host] => {
            replies::serve(
                Transport::named(transport),
                &Address::told(word, host),
                control,
            );
        }
        ["prompt", transport, rounds] => prompt::measure(transport, number(rounds)),
        ["soak", transport, seed, calls] => soak::direct(transport, number(seed), number(calls)),
        ["handles", transport, rounds] => handles::make_and_destroy(transport, number(rounds)),
        _ => panic!("no role is called {words:?}"),
    });
}

pub(crate) fn number<T: std::str::FromStr<Err = std::num::ParseIntError>>(word: &str) -> T {
    word.parse().unwrap()
}

/// The calculator of this test; `hold` is called when a message is to be held.
fn handler(hold: impl Fn() + Send + Sync + 'static) -> Handler {
    Handler::bytes(move |message, room| {
        if matches!(message.first(), Some(&HELD | &HELD_FOR_LARGE)) {
            hold();
        }
        Some(answer(message, room))
    })
}

/// For the child of a pipe, which keeps nothing else of the process that it comes from.
fn say_and_await_at_standard_error() {
    let held = format!("held {} {}\n", std::process::id(), own_thread());
    let mut byte = 0_u8;
    // SAFETY: standard error is the socket that `obey` made it, and the buffers are locals.
    unsafe {
        let written = libc::write(2, held.as_ptr().cast(), held.len());
        assert_eq!(usize::try_from(written), Ok(held.len()));
        while byte != b'\n' {
            assert_eq!(libc::read(2, (&raw mut byte).cast(), 1), 1);
        }
    }
}

/// A server that serves until it is told to stop, or for ever.
fn serve(transport: &Transport, address: &Address, mut control: Control) {
    let (go, may_go) = mpsc::channel();
    let hold = Mutex::new((Control::own(), may_go));
    let handler = handler(move || {
        let hold = hold.lock().unwrap();
        let held = format!("held {} {}", std::process::id(), own_thread());
        hold.0.say(&held);
        hold.1.recv().unwrap();
    });
    let options = ServerOptions {
        max_message: MAX_MESSAGE,
        ..ServerOptions::default()
    };
    let bound = (transport.bind)(address, &options);
    let server = Server::new(bound.unwrap(), handler).unwrap();
    control.say("bound");
    while let Some(line) = control.hear() {
        match line.as_str() {
            "serve" => {
                server.start().unwrap();
                control.say("serving");
            }
            "go" => go.send(()).unwrap(),
            "stop" => {
                server.stop().unwrap();
                control.say("stopped");
            }
            _ => panic!("what is {line}?"),
        }
    }
}

/// One call, and what came of it in a word.
pub(crate) fn say_of(client: &Client, request: &[u8], room: &mut [u8]) -> String {
    match client.call_bytes(request, room) {
        Ok(length) if is_answer(request, room, length) => "right".to_owned(),
        Ok(length) => format!("wrong: {length} bytes"),
        Err(error) => format!("{:?}", error.status()),
    }
}
