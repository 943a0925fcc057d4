//! No call allocates after the first ones, on either side, over any transport.
//!
//! Alone in its program: the allocator counts what every thread does.

#![cfg(unix)] // Elsewhere it has not been counted yet.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::calculator::{Request, execute};
use calc_ipc::service::{Client, Handler, Limit, Next, Reply, Server, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use support::{Address, TRANSPORTS, Transport, add, echo};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: it hands everything on to the system's allocator and only counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations_of(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    work();
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

/// The lengths of messages that go in one piece, whatever carries them, and of those that do not.
const LENGTHS: [usize; 8] = [0, 9, 56, 57, 1020, 5000, PIPEFUL, LONGEST];
/// What fills a pipe with its prefix (pipe(7)).
const PIPEFUL: usize = (64 << 10) - 4;
/// `max_message`, unless asked otherwise.
const LONGEST: usize = 64 << 10;

/// Calls of every kind that a calculator answers.
fn calculate(client: &Client, requests: &[Request]) {
    let mut answer = [0; 100];
    for number in 0..100 {
        client.call(&add(number, 1)).unwrap().unwrap();
        client.call(&add(i64::MAX, 1)).unwrap().unwrap_err();
        client.call_bytes(b"ADD 10 20", &mut answer).unwrap();
        client.call_bytes(b"nonsense", &mut answer).unwrap();
    }
    let mut answered = 0;
    client.call_many(requests, |_| answered += 1).unwrap();
    assert_eq!(answered, requests.len());
}

/// Messages of all of these lengths, which come back as they are.
fn exchange(client: &Client, lengths: &[usize], room: &mut [u8]) {
    let message = [7; LONGEST];
    for &length in lengths.iter().cycle().take(5 * lengths.len()) {
        let answered = client.call_bytes(&message[..length], room).unwrap();
        assert_eq!(answered, length);
    }
}

/// On a busy machine, few may.
const ROUNDS: usize = 200;

/// The calls allocate when made first, if ever. Of several rounds one has to show it: where threads are kept off their
/// CPU, a server may have to note whose turn comes later, or keep what a socket did not take.
fn check(name: &str, mut calls: impl FnMut()) {
    calls();
    let mut rounds = (0..ROUNDS).map(|_| allocations_of(&mut calls));
    assert!(rounds.any(|allocations| allocations == 0), "{name}");
}

fn check_calculator(client: &Client, name: &str) {
    // No more than a socket holds: the answers that it does not, the server keeps, and gives the room back.
    let requests: Vec<Request> = (0..500).map(|number| add(number, i64::MAX - 500)).collect();
    check(name, || calculate(client, &requests));
}

fn check_messages(client: &Client, lengths: &[usize], name: &str) {
    let mut room = vec![0; LONGEST];
    check(name, || exchange(client, lengths, &mut room));
    check(name, || exchange_loaned(client, lengths));
}

/// Messages of all of these lengths, built and read where they lie.
fn exchange_loaned(client: &Client, lengths: &[usize]) {
    for &length in lengths.iter().cycle().take(5 * lengths.len()) {
        let loan = client.loan(length).unwrap();
        for _ in 0..3 {
            let answer = client.call_loaned(Limit::Usual, loan, length).unwrap();
            assert_eq!(answer.length, length);
        }
        client.give_back(loan);
    }
}

/// Requests that nobody waits for, so many at a time, and their answers: no more than sockets hold of those.
fn submit(client: &Client, depth: u64) {
    let mut answer = [0; 300];
    for round in 0..20 {
        for number in 0..depth {
            let request = add(i64::try_from(number).unwrap(), round);
            client
                .submit_request(Limit::Usual, &request, number)
                .unwrap();
        }
        for _ in 0..depth {
            let next = client.next(Some(support::PATIENCE), &mut answer).unwrap();
            assert!(matches!(next, Next::Completion(completion) if completion.outcome.is_ok()));
        }
    }
}

/// Over one connection and over several, which threads share.
fn check_submits(transport: &Transport, address: &Address) {
    check(transport.name, {
        let client = transport.client(address);
        move || submit(&client, 16)
    });
    let options = ClientOptions {
        connections: 3,
        ..ClientOptions::default()
    };
    let shared = Client::connect(&transport.place(address), &options).unwrap();
    check(transport.name, || submit(&shared, 40));
    let shared = Client::connect(&transport.place(address), &options).unwrap();
    check_calculator(&shared, transport.name);
}

/// What a pipe does not take at once of an answer, a FIFO's server keeps, and gives the room back.
fn lengths_over(transport: &Transport) -> &'static [usize] {
    match transport.name {
        "fifo" => &LENGTHS[..LENGTHS.len() - 1],
        _ => &LENGTHS,
    }
}

/// Answers with the request, inside of the handler.
fn reply(reply: Reply, request: &[u8]) {
    reply.send(request).unwrap();
}

fn check_named_servers() {
    let options = ServerOptions::default();
    for transport in &TRANSPORTS {
        let [calculates, counts, echoes, replies] = [(); 4].map(|()| Address::new());
        let add_up = |request: &Request| execute(request);
        let _servers = [
            transport.serve(&calculates, Handler::Calculator, &options),
            transport.serve(&counts, Handler::new(add_up), &options),
            transport.serve(&echoes, echo(), &options),
            transport.serve(&replies, Handler::deferred(reply), &options),
        ];
        check_calculator(&transport.client(&calculates), transport.name);
        check_calculator(&transport.client(&counts), transport.name);
        check_submits(transport, &calculates);
        for echoes in [&echoes, &replies] {
            let (client, lengths) = (transport.client(echoes), lengths_over(transport));
            check_messages(&client, lengths, transport.name);
        }
    }
}

/// Servers whose turns a thread of the test's asks for.
fn check_driven_servers() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
        let server = Server::new(endpoint, Handler::new(execute)).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| while server.dispatch(None).is_ok() {});
            check_calculator(&transport.client(&address), transport.name);
            server.request_stop();
        });
    }
}

/// A child has a counter of its own, of which its handler tells; at first, only the client is looked at.
fn check_children() {
    let options = ClientOptions::default();
    let create = |handler| pipe::create(handler, &options).unwrap();
    check_calculator(&create(Handler::Calculator), "pipe");
    check_messages(&create(echo()), &LENGTHS, "pipe");

    let client = create(Handler::new(|_| Ok(allocations_here())));
    let in_child = || client.call(&add(0, 0)).unwrap().unwrap();
    let requests = [add(1, 2); 5000];
    client.call_many(&requests, drop).unwrap();
    let first = in_child();
    client.call_many(&requests, drop).unwrap();
    assert_eq!(in_child(), first, "a child that calculates");

    let client = create(Handler::bytes(|message, room| {
        room.get_mut(..message.len())?.copy_from_slice(message);
        let (count, _) = room.split_first_chunk_mut()?;
        *count = allocations_here().to_le_bytes();
        Some(message.len().max(count.len()))
    }));
    let in_child = |length: usize| {
        let mut answer = vec![0; LONGEST];
        client.call_bytes(&vec![7; length], &mut answer).unwrap();
        i64::from_le_bytes(*answer.first_chunk().unwrap())
    };
    let all = || LENGTHS.map(in_child);
    all();
    let counts = all();
    assert_eq!(counts, [counts[0]; LENGTHS.len()], "a child that echoes");
}

fn allocations_here() -> i64 {
    ALLOCATIONS.load(Ordering::Relaxed).try_into().unwrap()
}

#[test]
fn calls_allocate_nothing() {
    assert!(
        allocations_of(|| drop(std::hint::black_box(vec![1]))) > 0,
        "it counts"
    );
    check_children();
    check_named_servers();
    check_driven_servers();
}
