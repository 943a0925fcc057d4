//! Programs with little memory: a server and a client, each executed with a limit on its address space.

use crate::support::{Address, PORT, TRANSPORTS, Transport, eventually, within};
use calc_ipc::error::{Error, Result, Status};
use calc_ipc::service::{Client, Handler, Server, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Says to an executed test what it is there for.
const ROLE: &str = "CALC_IPC_MEMORY_ROLE";

/// The longest message, of which a program has room for a few.
const LONGEST: u32 = 12 << 20;

/// How many clients send large messages at once.
const CROWD: usize = 8;

/// What a server says: that it serves, or why not.
const LIVE: &str = "live";
const NONE: &str = "none: ";

/// What a server without memory may do to a call.
const LOST: [Status; 4] = [
    Status::Ok,
    Status::Closed,
    Status::PeerDied,
    Status::Refused,
];

fn options() -> (ServerOptions, ClientOptions) {
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

/// The same program with so much address space and this to do; it says what came of it, line by line.
fn execute(role: &str, mebibytes: libc::rlim_t) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["processes::a_process_of_another_test", "--exact"])
        .args(["--nocapture", "--test-threads=1", "--quiet"])
        .env(ROLE, role)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let limit = libc::rlimit {
        rlim_cur: mebibytes << 20,
        rlim_max: mebibytes << 20,
    };
    // SAFETY: setrlimit(2) is async-signal-safe, and is given a copy of the limit.
    unsafe {
        command.pre_exec(
            move || match libc::setrlimit(libc::RLIMIT_AS, &raw const limit) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            },
        );
    }
    command.spawn().unwrap()
}

/// Lets a program end, and fails with what it said unless it ends well.
fn succeed(mut program: Child, what: &str) {
    drop(program.stdin.take());
    let mut said = String::new();
    let _ = program.stdout.take().unwrap().read_to_string(&mut said);
    let status = program.wait().unwrap();
    assert!(status.success(), "{what}: {status}\n{said}");
}

/// No test: with the variable set, it is a process of another one, and what goes wrong in it fails that.
#[test]
fn a_process_of_another_test() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    // SAFETY: sets what this process gets when the thread that executed it has ended; takes no pointer.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    let words: Vec<_> = role.split(' ').collect();
    match words[..] {
        ["server", name, word, host] => serve(named(name), &Address::told(word, host)),
        ["client", "pipe", ..] => call(|options| pipe::create(echo(), options)),
        ["client", name, word, host] => call(|options| {
            let channel = (named(name).connect)(&Address::told(word, host), options)?;
            Ok(Client::new(channel, options))
        }),
        _ => panic!("no role is called {role}"),
    }
}

/// Tells the test that executed this process.
#[allow(clippy::print_stdout, reason = "this is how it does")]
fn say(line: &str) {
    println!("{line}");
}

fn named(name: &str) -> &'static Transport {
    let mut all = TRANSPORTS.iter();
    all.find(|transport| transport.name == name).unwrap()
}

/// What this process itself has no memory for is the system's failure, and says what it was for.
fn check_own(what: &str, error: &Error) {
    assert_eq!(error.status(), Status::System, "{what}: {error}");
    assert!(error.context().contains("memory"), "{what}: {error}");
}

fn serve(transport: &Transport, address: &Address) {
    let server = (transport.bind)(address, &options().0)
        .and_then(|endpoint| Server::new(endpoint, echo()))
        .and_then(|server| server.start().map(|()| server));
    match server {
        Err(error) => {
            check_own("start", &error);
            say(&format!("{NONE}{error}"));
        }
        Ok(server) => {
            say(LIVE);
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
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
fn call(connect: impl Fn(&ClientOptions) -> Result<Client>) {
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
        say(&format!("{what}: {error}"));
    }
}

/// Clients that send nearly all of a large message and no more, as far as they are let.
fn hold(transport: &Transport, address: &Address) -> Vec<Box<dyn Write>> {
    let begin = |mut stream: Box<dyn Write>| {
        let mut result = stream.write_all(&LONGEST.to_le_bytes());
        for _ in 0..(LONGEST >> 16) - 1 {
            result = result.and_then(|()| stream.write_all(&[b'x'; 1 << 16]));
        }
        stream
    };
    let patience = Some(Duration::from_secs(60));
    let streams = (0..CROWD).filter_map(|_| match transport.name {
        "uds" => {
            let stream = UnixStream::connect(address.path("sock")).ok()?;
            stream.set_write_timeout(patience).unwrap();
            Some(Box::new(stream) as Box<dyn Write>)
        }
        "tcp" => {
            let stream = TcpStream::connect((address.host.as_str(), PORT)).ok()?;
            stream.set_write_timeout(patience).unwrap();
            Some(Box::new(stream) as Box<dyn Write>)
        }
        _ => None,
    });
    streams.map(begin).collect()
}

/// Clients that send large messages all at once.
fn crowd(transport: &Transport, address: &Address) {
    let large = || {
        let client = (transport.connect)(address, &options().1)
            .map(|channel| Client::new(channel, &options().1));
        let message = vec![b'y'; LONGEST as usize];
        let mut answer = vec![0; LONGEST as usize];
        let result = client.and_then(|client| client.call_bytes(&message, &mut answer));
        match result {
            Ok(length) => assert!(length == message.len() && answer == message),
            Err(error) => assert!(LOST.contains(&error.status()), "{error}"),
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..CROWD {
            scope.spawn(large);
        }
    });
}

#[test]
fn at_no_limit_is_there_more_than_an_error_or_a_lost_connection() {
    let step = match std::env::var_os("CALC_IPC_FAULTS_ALL") {
        Some(_) => 1,
        None => 32,
    };
    for mebibytes in (64..=128).step_by(step) {
        let what = format!("pipe, {mebibytes} MiB");
        succeed(execute("client pipe", mebibytes), &what);
        for transport in &TRANSPORTS {
            let what = format!("{}, {mebibytes} MiB", transport.name);
            let address = Address::new();
            let words = format!("{} {}", transport.name, address.tell());
            let mut server = execute(&format!("server {words}"), mebibytes);
            let mut said = BufReader::new(server.stdout.take().unwrap());
            // The test harness has its own first words.
            let mut lines = said.by_ref().lines().map(std::io::Result::unwrap);
            let word = lines.find(|line| line == LIVE || line.starts_with(NONE));
            server.stdout = Some(said.into_inner());
            if word.expect(&what) == LIVE {
                let held = hold(transport, &address);
                crowd(transport, &address);
                succeed(execute(&format!("client {words}"), mebibytes), &what);
                drop(held);
                eventually("there is memory again for a small call", || {
                    let client = (transport.connect)(&address, &options().1)
                        .map(|channel| Client::new(channel, &options().1));
                    let result = client.and_then(|client| client.call_bytes(b"hello", &mut [0; 5]));
                    result.is_ok_and(|length| length == 5)
                });
            }
            succeed(server, &what);
        }
    }
}
