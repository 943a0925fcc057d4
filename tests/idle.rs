//! What nobody asks anything sleeps: no thread of a server is woken, nor is the child of a pipe.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::service::{Client, Handler, Server, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;
use support::processes::state::{children, status_number};
use support::{Address, Process, TRANSPORTS, Transport, add, echo, eventually, stay, within};

/// How often each thread of a process went to sleep or was taken off its CPU, and whether it sleeps, as
/// proc_pid_status(5) has it.
fn threads(process: &str) -> BTreeMap<String, (u64, bool)> {
    let folder = format!("/proc/{process}/task");
    let threads = std::fs::read_dir(folder).unwrap();
    threads
        .map(|thread| {
            let thread = thread.unwrap();
            let status = std::fs::read_to_string(thread.path().join("status")).unwrap();
            let field = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap().trim().to_owned()
            };
            let count = |name| field(name).parse::<u64>().unwrap();
            let switches = count("voluntary_ctxt_switches:") + count("nonvoluntary_ctxt_switches:");
            let is_asleep = field("State:").starts_with('S');
            let name = format!("{} {}", field("Name:"), field("Pid:"));
            (name, (switches, is_asleep))
        })
        .collect()
}

/// Every thread of these processes sleeps from one look to the next, sooner or later. One that wakes by itself
/// more often than the looks come never does, however slow the machine is.
fn all_come_to_rest(mut processes: Vec<(String, String)>) {
    let mut before: Vec<_> = processes
        .iter()
        .map(|(_, number)| threads(number))
        .collect();
    for _ in 0..60 {
        std::thread::sleep(Duration::from_secs(1));
        let now: Vec<_> = processes
            .iter()
            .map(|(_, number)| threads(number))
            .collect();
        let rests: Vec<_> = before
            .iter()
            .zip(&now)
            .map(|(before, now)| before == now && now.values().all(|(_, is_asleep)| *is_asleep))
            .collect();
        let mut rest = rests.iter();
        processes.retain(|_| !rest.next().unwrap());
        if processes.is_empty() {
            return;
        }
        let mut rest = rests.iter();
        before = now;
        before.retain(|_| !rest.next().unwrap());
    }
    panic!("never at rest: {processes:?} {before:?}");
}

/// Two servers in a process of their own, with every kind of thread that there is: some that serve the
/// calculator, and some that run a handler of the user's, with one that looks after them.
fn serve(transport: &Transport, addresses: &[Address; 2]) -> Process {
    Process::fork_until_ready(|say_so| {
        let handlers = [
            Handler::Calculator,
            Handler::new(calc_ipc::calculator::execute),
        ];
        let _servers: Vec<Server> = addresses
            .iter()
            .zip(handlers)
            .map(|(address, handler)| {
                let options = ServerOptions {
                    workers: 3,
                    ..ServerOptions::default()
                };
                transport.serve(address, handler, &options)
            })
            .collect();
        say_so();
        stay()
    })
}

#[test]
fn no_thread_of_an_idle_server_is_woken_whoever_is_connected() {
    let mut kept: Vec<(Process, Vec<Client>)> = Vec::new();
    let mut idle = Vec::new();
    let addresses: Vec<_> = TRANSPORTS
        .iter()
        .map(|_| [Address::new(), Address::new()])
        .collect();
    for (transport, addresses) in TRANSPORTS.iter().zip(&addresses) {
        let server = serve(transport, addresses);
        let clients: Vec<_> = (0..8)
            .flat_map(|_| addresses.iter().map(|address| transport.client(address)))
            .collect();
        for client in &clients {
            assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
        }
        idle.push((transport.name.to_owned(), server.number().to_string()));
        kept.push((server, clients));
    }
    for (name, number) in &idle {
        assert!(threads(number).len() >= 8, "{name}: 3 + 4 and the first");
    }
    all_come_to_rest(idle);
}

#[test]
fn neither_the_child_of_a_pipe_nor_its_parent_is_woken() {
    let parent = Process::fork_until_ready(|say_so| {
        let client = pipe::create(Handler::Calculator, &ClientOptions::default()).unwrap();
        assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
        say_so();
        stay()
    });
    let mut idle = vec![("parent".to_owned(), parent.number().to_string())];
    // A kernel that does not say has the parent alone looked at.
    let children = children(parent.number()).into_iter();
    idle.extend(children.map(|child| ("child".to_owned(), child.to_string())));
    all_come_to_rest(idle);
}

/// The memory of its own that a process has in use, in KiB (proc_pid_status(5)).
fn own_memory(process: &str) -> u64 {
    status_number(process, "RssAnon")
}

/// What a process that has given large room back may have more of than before: what its allocator keeps of shorter rooms on the
/// way to it. The room for a message, and that for its answer, are longer.
const BESIDES_KIB: u64 = 8 << 10;
/// The longest message.
const LONG: u32 = 12 << 20;

/// One that makes no room long, though it does not fit into what a client keeps.
const SHORT: usize = 70_000;

/// A server of echoes in a process of its own, on threads of the library's or driven by a loop.
fn serve_long(transport: &Transport, address: &Address, is_driven: bool) -> Process {
    Process::fork_until_ready(|say_so| {
        let options = ServerOptions {
            max_message: LONG,
            ..ServerOptions::default()
        };
        let endpoint = (transport.bind)(address, &options).unwrap();
        let server = Server::new(endpoint, echo()).unwrap();
        if !is_driven {
            server.start().unwrap();
        }
        say_so();
        match is_driven {
            true => loop {
                server.dispatch(None).unwrap();
            },
            false => stay(),
        }
    })
}

/// Calls once, with a message of so many bytes.
fn call_long(client: &Client, length: usize) {
    let request = vec![7; length];
    let mut answer = vec![0; length];
    let count = client.call_bytes(&request, &mut answer).unwrap();
    assert!(count == length && answer == request);
}

#[test]
fn room_for_long_messages_is_given_back_and_then_nobody_is_woken() {
    let options = ClientOptions {
        max_message: LONG,
        ..within(60_000)
    };
    let mut kept = Vec::new();
    let mut idle = Vec::new();
    for transport in &TRANSPORTS {
        for is_driven in [false, true] {
            let address = Address::new();
            let server = serve_long(transport, &address, is_driven);
            let client = transport.client_with(&address, &options);
            call_long(&client, 1);
            let number = server.number().to_string();
            let before = own_memory(&number);
            call_long(&client, LONG as usize);
            let what = format!("{}, driven: {is_driven}", transport.name);
            idle.push((what, number, before));
            kept.push((server, client, address));
        }
    }
    for ((what, number, before), (_, client, _)) in idle.iter().zip(&kept) {
        eventually(what, || {
            call_long(client, SHORT); // It keeps nothing that is longer.
            own_memory(number) < before + BESIDES_KIB
        });
    }
    let idle = idle.into_iter().map(|(what, number, _)| (what, number));
    all_come_to_rest(idle.collect());
}

/// A server on this end of a pair, in a process of its own, which was asked for a long echo over the other.
fn asked_over_a_pipe(idle_timeout: Duration) -> (Process, UnixStream) {
    let (mut client, end) = UnixStream::pair().unwrap();
    let server = Process::fork_until_ready(|say_so| {
        let options = ServerOptions {
            max_message: LONG,
            idle_timeout,
            ..ServerOptions::default()
        };
        say_so();
        pipe::serve(end.as_fd(), end.as_fd(), echo(), &options).unwrap();
    });
    let request = [&LONG.to_le_bytes()[..], &vec![7; LONG as usize]].concat();
    let mut answer = vec![0; request.len()];
    let mut writer = client.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| writer.write_all(&request).unwrap());
        client.read_exact(&mut answer).unwrap();
    });
    assert!(answer == request);
    (server, client)
}

#[test]
fn who_serves_a_pipe_gives_room_for_long_messages_back_and_is_not_woken_then() {
    let hour = Duration::from_secs(3600);
    let servers = [Duration::ZERO, hour].map(asked_over_a_pipe);
    let numbers = servers
        .each_ref()
        .map(|(server, _)| server.number().to_string());
    for number in &numbers {
        // It had room for the message twice, beside what it inherited.
        eventually("who serves a pipe", || {
            let most = status_number(number, "VmHWM");
            status_number(number, "VmRSS") + u64::from(LONG >> 10) < most
        });
    }
    let idle = numbers.map(|number| ("who serves a pipe".to_owned(), number));
    all_come_to_rest(idle.into());
}
