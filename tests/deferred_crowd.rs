//! Many answers that come later, from many threads at once: each client gets its own, once.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler, Limit, Next, Reply};
use calc_ipc::transport::ServerOptions;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use support::random::Random;
use support::{Address, TRANSPORTS, Transport, eventually, over_each, raise_descriptors, status};

const LOOK: Option<Duration> = Some(Duration::ZERO);
const FOREVER: Limit = Limit::Own(None);

type Kept = (Reply, Vec<u8>);

/// Submits a message that is a number.
fn submit(client: &Client, number: usize) {
    let message = number.to_le_bytes();
    client.submit(FOREVER, &message, number as u64).unwrap();
}

/// The answer to what was submitted, once it is there.
fn look(client: &Client) -> Option<usize> {
    let mut answer = [0; size_of::<usize>()];
    match client.next(LOOK, &mut answer) {
        Ok(Next::Completion(completion)) => {
            assert_eq!(completion.outcome.unwrap(), answer.len());
            Some(usize::from_le_bytes(answer))
        }
        other => {
            assert_eq!(status(other), Status::TimedOut);
            None
        }
    }
}

#[test]
fn a_thousand_replies_are_out_at_once() {
    over_each(|transport, address| {
        let descriptors = raise_descriptors(10_000); // Over shared memory, a client takes eight.
        let count = usize::try_from(descriptors / 10).unwrap().min(1000);
        let kept = Arc::new(Mutex::new(Vec::<Kept>::new()));
        let keep = Arc::clone(&kept);
        let handler = Handler::deferred(move |reply, request| {
            keep.lock().unwrap().push((reply, request.to_vec()));
        });
        let options = ServerOptions {
            max_clients: Some(u32::try_from(count).unwrap()),
            ..ServerOptions::default()
        };
        let server = transport.serve(address, handler, &options);
        let clients: Vec<_> = (0..count).map(|_| transport.client(address)).collect();
        for (number, client) in clients.iter().enumerate() {
            submit(client, number);
        }
        eventually("all are out", || {
            assert!(clients.iter().all(|client| look(client).is_none()));
            kept.lock().unwrap().len() == count
        });
        let mut random = Random::new(7);
        thread::scope(|scope| {
            let mut kept = std::mem::take(&mut *kept.lock().unwrap());
            while !kept.is_empty() {
                let share = random.below(kept.len().min(200)) + 1;
                let share: Vec<_> = (0..share)
                    .map(|_| kept.swap_remove(random.below(kept.len())))
                    .collect();
                scope.spawn(|| {
                    for (reply, message) in share {
                        reply.send(&message).unwrap();
                    }
                });
            }
        });
        let mut missing: Vec<_> = clients.iter().enumerate().collect();
        eventually("all are answered", || {
            missing.retain(|(number, client)| match look(client) {
                Some(answer) => {
                    assert_eq!(answer, *number, "{}", transport.name);
                    false
                }
                None => true,
            });
            missing.is_empty()
        });
        assert!(clients.iter().all(|client| look(client).is_none()));
        server.stop().unwrap();
    });
}

/// Threads that answer with the message itself, in an order of their own.
struct Repliers {
    threads: Vec<thread::JoinHandle<()>>,
    /// How often each status came of an end.
    ended: Arc<[AtomicUsize; 3]>,
}

impl Repliers {
    fn start(count: u64) -> (Self, Vec<Sender<Kept>>) {
        let ended = Arc::new([const { AtomicUsize::new(0) }; 3]);
        let (senders, threads) = (0..count)
            .map(|seed| {
                let (sender, receiver) = channel();
                let ended = Arc::clone(&ended);
                let body = move || reply_at_random(&receiver, &mut Random::new(seed), &ended);
                (sender, thread::spawn(body))
            })
            .unzip();
        (Self { threads, ended }, senders)
    }

    /// How many replies were taken, had no client any more, and no server, once nobody has any more.
    fn join(self) -> [usize; 3] {
        for thread in self.threads {
            thread.join().unwrap();
        }
        [0, 1, 2].map(|place: usize| self.ended[place].load(Ordering::Relaxed))
    }
}

fn reply_at_random(kept: &Receiver<Kept>, random: &mut Random, ended: &[AtomicUsize; 3]) {
    let mut held = Vec::new();
    while let Ok(next) = kept.recv() {
        held.push(next);
        held.extend(kept.try_iter());
        while !held.is_empty() {
            let (reply, message) = held.swap_remove(random.below(held.len()));
            let place = match status(reply.send(&message)) {
                Status::Ok => 0,
                Status::Closed => 1,
                Status::Stopped => 2,
                other => panic!("{other:?}"),
            };
            ended[place].fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Answers at once or has one of the repliers do it, as the message says.
fn handler(repliers: Vec<Sender<Kept>>) -> Handler {
    let repliers = Mutex::new(repliers);
    Handler::deferred(move |reply, request| match usize::from(request[0]) {
        0 => reply.send(request).unwrap(),
        number => {
            let repliers = repliers.lock().unwrap();
            let replier = &repliers[number % repliers.len()];
            replier.send((reply, request.to_vec())).unwrap();
        }
    })
}

/// A message at random: who answers it, whose it is, and some more.
fn message(random: &mut Random, client: u8, number: u32) -> Vec<u8> {
    let length = [0, 30, 60, 2000, 70_000][random.below(5)].min(random.below(65_000));
    let mut message = vec![client; 6 + length];
    message[0] = random.byte() % 5;
    message[2..6].copy_from_slice(&number.to_le_bytes());
    message
}

#[test]
fn many_threads_answer_many_clients() {
    for (transport, workers) in TRANSPORTS.iter().flat_map(|each| [(each, 1), (each, 3)]) {
        let address = Address::new();
        let (repliers, senders) = Repliers::start(4);
        let options = ServerOptions {
            workers,
            ..ServerOptions::default()
        };
        let server = transport.serve(&address, handler(senders), &options);
        let later: usize = thread::scope(|scope| {
            let clients: Vec<_> = (0..6)
                .map(|client| {
                    scope.spawn({
                        let address = &address;
                        move || ask_at_random(transport, address, client, 300)
                    })
                })
                .collect();
            clients.into_iter().map(|each| each.join().unwrap()).sum()
        });
        drop(server);
        assert_eq!(repliers.join(), [later, 0, 0], "{}", transport.name);
    }
}

/// Asks so often, and gives how many of the requests were for a replier.
fn ask_at_random(transport: &Transport, address: &Address, client: u8, count: u32) -> usize {
    let asking = transport.client(address);
    let mut random = Random::new(client.into());
    let mut answer = vec![0; 65_536];
    (0..count)
        .filter(|&number| {
            let message = message(&mut random, client, number);
            let length = asking.call_bytes(&message, &mut answer).unwrap();
            assert!(answer[..length] == message, "{}", transport.name);
            message[0] != 0
        })
        .count()
}

#[test]
fn a_stop_amid_replies_loses_none_of_them() {
    over_each(|transport, address| {
        for round in 0..20 {
            let (repliers, senders) = Repliers::start(3);
            let handed = Arc::new(AtomicUsize::new(0));
            let handler = counting(&handed, senders);
            let server = transport.serve(address, handler, &ServerOptions::default());
            thread::scope(|scope| {
                for client in 0..4 {
                    let asking = transport.client(address);
                    scope.spawn(move || ask_until_closed(&asking, client));
                }
                eventually("some are answered", || {
                    handed.load(Ordering::Relaxed) > 10 * round
                });
                server.stop().unwrap();
            });
            drop(server);
            let ended: usize = repliers.join().iter().sum();
            assert_eq!(ended, handed.load(Ordering::Relaxed), "{}", transport.name);
        }
    });
}

/// Has repliers answer, and counts what they were given.
fn counting(handed: &Arc<AtomicUsize>, senders: Vec<Sender<Kept>>) -> Handler {
    let handed = Arc::clone(handed);
    let senders = Mutex::new(senders);
    Handler::deferred(move |reply, request| {
        let number = handed.fetch_add(1, Ordering::Relaxed);
        let senders = senders.lock().unwrap();
        let sender = &senders[number % senders.len()];
        sender.send((reply, request.to_vec())).unwrap();
    })
}

fn ask_until_closed(client: &Client, number: u8) {
    let mut random = Random::new(number.into());
    let mut answer = vec![0; 65_536];
    for count in 0.. {
        let message = message(&mut random, number, count);
        match client.call_bytes(&message, &mut answer) {
            Ok(length) => assert!(answer[..length] == message),
            Err(error) => return assert_eq!(error.status(), Status::Closed, "{error}"),
        }
    }
}
