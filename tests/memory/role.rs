//! Programs with little memory: a server and a client, each executed with a limit on its address space.

use crate::support::processes::{self, Actor, Control};
use crate::support::{Address, Transport, within};
use calc_ipc::error::{Error, Result, Status};
use calc_ipc::service::{Client, Handler, Server, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::os::unix::process::CommandExt;

/// The longest message, of which a program has room for a few.
pub(crate) const LONGEST: u32 = 12 << 20;

/// What a server says: that it serves, or why not.
pub(crate) const LIVE: &str = "live";
pub(crate) const NONE: &str = "none: ";

/// What a server without memory may do to a call.
pub(crate) const LOST: [Status; 4] = [
    Status::Ok,
    Status::Closed,
    Status::PeerDied,
    Status::Refused,
];

pub(crate) fn options() -> (ServerOptions, ClientOptions) {
    let server = ServerOptions {
        max_message: LONGEST,
        ..ServerOptions::default()
    };
    let client = ClientOptions {
        max_message: LONGEST,
        ..within(60_000)
    };
    (server, client)
}

/// Answers calculations as if each came to 7, and other messages with what they are.
fn echo() -> Handler {
    Handler::bytes(|request, room| {
        let answer = match request.starts_with(b"ADD ") {
            true => b"OK 7",
            false => request,
        };
        room.get_mut(..answer.len())?.copy_from_slice(answer);
        Some(answer.len())
    })
}

/// The same program with so much address space and this to do; it says what came of it.
pub(crate) fn execute(role: &str, mebibytes: libc::rlim_t) -> Actor {
    let limit = libc::rlimit {
        rlim_cur: mebibytes << 20,
        rlim_max: mebibytes << 20,
    };
    Actor::execute(role, |command| {
        // SAFETY: setrlimit(2) is async-signal-safe, and is given a copy of the limit.
        unsafe {
            command.pre_exec(
                move || match libc::setrlimit(libc::RLIMIT_AS, &raw const limit) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                },
            );
        }
    })
}

/// No test: it is a process of another one, and what goes wrong in it fails that.
#[test]
fn a_process_of_another_test() {
    processes::play(|words, control| match *words {
        ["server", name, word, host] => {
            serve(Transport::named(name), &Address::told(word, host), control);
        }
        ["client", "pipe", ..] => call(&control, |options| pipe::create(echo(), options)),
        ["client", name, word, host] => call(&control, |options| {
            let (transport, address) = (Transport::named(name), Address::told(word, host));
            let channel = (transport.connect)(&address, options)?;
            Ok(Client::new(channel, options))
        }),
        _ => panic!("no role is called {words:?}"),
    });
}

/// What this process itself has no memory for is the system's failure, and says what it was for.
fn check_own(what: &str, error: &Error) {
    assert_eq!(error.status(), Status::System, "{what}: {error}");
    assert!(error.context().contains("memory"), "{what}: {error}");
}

fn serve(transport: &Transport, address: &Address, mut control: Control) {
    let server = (transport.bind)(address, &options().0)
        .and_then(|endpoint| Server::new(endpoint, echo()))
        .and_then(|server| server.start().map(|()| server));
    match server {
        Err(error) => {
            check_own("start", &error);
            control.say(&format!("{NONE}{error}"));
        }
        Ok(server) => {
            control.say(LIVE);
            assert_eq!(control.hear(), None);
            server.stop().unwrap();
        }
    }
}

/// As many bytes as there is memory for, of so many.
fn message(length: u32) -> Vec<u8> {
    let mut length = length as usize;
    loop {
        let mut message = Vec::new();
        // Twice, for the answer.
        if message.try_reserve_exact(2 * length + (1 << 20)).is_ok() {
            message.resize(length, b'x');
            return message;
        }
        length /= 2;
    }
}

/// One way to call.
type Way<'a> = dyn Fn(&Client) -> Result<()> + 'a;

/// Calls in every way, each with a client of its own, and then once more.
fn call(control: &Control, connect: impl Fn(&ClientOptions) -> Result<Client>) {
    let options = options().1;
    let large = |client: &Client| {
        let message = message(LONGEST);
        let mut answer = message.clone();
        let length = client.call_bytes(&message, &mut answer)?;
        assert!(length == message.len() && answer == message);
        Ok(())
    };
    let unwanted = |client: &Client| client.call_bytes(&message(LONGEST), &mut []).map(drop);
    let many = |client: &Client| {
        let requests = vec![crate::support::add(3, 4); 20_000];
        client.call_many(&requests, |response| assert_eq!(response, Ok(7)))
    };
    let small = |client: &Client| client.call_bytes(b"hello", &mut [0; 5]).map(drop);
    let ways: [(&str, &Way<'_>); 5] = [
        ("large", &large),
        ("unwanted", &unwanted),
        ("many", &many),
        ("large", &large),
        ("small", &small),
    ];
    for (what, way) in ways {
        let result = connect(&options).and_then(|client| way(&client));
        let Err(error) = result else { continue };
        if !LOST.contains(&error.status()) {
            check_own(what, &error);
        }
        control.say(&format!("{what}: {error}"));
    }
}
