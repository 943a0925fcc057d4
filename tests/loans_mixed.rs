//! Loans among calls of other kinds over one connection, towards servers of all kinds, with messages of all lengths.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler, Limit, Next};
use calc_ipc::transport::{ClientOptions, ServerOptions, ServerUser};
use std::slice;
use std::thread;
use support::random::Random;
use support::{over_each, patient};

/// The server's limit.
const LONGEST: usize = 65_536;
/// The client's, which answers may be over.
const CLIENTS: u32 = 20_000;

/// A request for this to be answered, with so many bytes more.
fn request(answer: u32, more: usize) -> Vec<u8> {
    let mut request = answer.to_le_bytes().to_vec();
    request.resize(4 + more, 7);
    request
}

/// What is answered to a request; `None`: the handler fails.
fn answered(request: &[u8]) -> Option<Vec<u8>> {
    let (asked, _) = request.split_first_chunk().unwrap();
    let length = usize::try_from(u32::from_le_bytes(*asked)).unwrap();
    let seed = request.len();
    let byte = |at: usize| u8::try_from((at + seed) % 251).unwrap();
    (length <= LONGEST).then(|| (0..length).map(byte).collect())
}

/// Answers to the start of the room, or says that it needs more.
fn answer_into(request: &[u8], room: &mut [u8]) -> Option<usize> {
    let Some(answer) = answered(request) else {
        room.fill(9); // Which is for nobody.
        return Some(room.len() + 1);
    };
    room[..answer.len()].copy_from_slice(&answer);
    Some(answer.len())
}

fn in_place() -> Handler {
    Handler::InPlace(Box::new(|request, room| {
        // SAFETY: the request is that long, and this test's clients leave it alone meanwhile.
        let request = unsafe { slice::from_raw_parts(request.place.as_ptr(), request.length) };
        answer_into(request, room)
    }))
}

fn deferred(elsewhere: bool) -> Handler {
    Handler::deferred(move |reply, request| {
        let answer = answered(request);
        let send = move || match answer {
            Some(answer) => reply.send(&answer).unwrap(),
            None => reply.fail(b"as asked"),
        };
        match elsewhere {
            true => drop(thread::spawn(send)),
            false => send(),
        }
    })
}

/// How one asks.
#[derive(Clone, Copy, Debug)]
enum Way {
    Loaned,
    Called,
    Submitted,
}

/// Asks over a client's only connection: what the answer is.
fn ask(client: &Client, way: Way, request: &[u8]) -> Result<Vec<u8>, Status> {
    let mut answer = vec![0; LONGEST];
    match way {
        Way::Loaned => {
            let loan = client.loan(request.len()).unwrap();
            // SAFETY: the loan is as long as that, and no call uses it.
            let room = unsafe { slice::from_raw_parts_mut(loan.as_ptr(), request.len()) };
            room.copy_from_slice(request);
            let found = client.call_loaned(Limit::Usual, loan, request.len());
            // SAFETY: the answer is there until the loan is given back.
            let read = |found: calc_ipc::transport::InPlace| unsafe {
                slice::from_raw_parts(found.place.as_ptr(), found.length).to_vec()
            };
            let found = found.map(read).map_err(|error| error.status());
            client.give_back(loan);
            return found;
        }
        Way::Called => {
            let length = client.call_bytes(request, &mut answer);
            answer.truncate(length.map_err(|error| error.status())?);
        }
        Way::Submitted => {
            client.submit(Limit::Usual, request, 0).unwrap();
            let Next::Completion(done) = client.next(None, &mut answer).unwrap() else {
                panic!("there is room");
            };
            answer.truncate(done.outcome.map_err(|error| error.status())?);
        }
    }
    Ok(answer)
}

/// Asks for answers of all lengths, and failures, in every way.
fn ask_at_random(client: &Client, random: &mut Random, what: &str) {
    for _ in 0..60 {
        let length = |random: &mut Random| match random.below(4) {
            0 => random.below(53),
            1 => random.below(300),
            2 => 52 + random.below(3),
            _ => random.below(30_000),
        };
        let answer = match random.below(6) {
            0 => usize::try_from(u32::MAX).unwrap(),
            _ => length(random),
        };
        let more = length(random).min(15_000);
        let request = request(u32::try_from(answer).unwrap(), more);
        let way = [Way::Loaned, Way::Called, Way::Submitted][random.below(3)];
        let expected = match answered(&request) {
            Some(answer) if answer.len() > CLIENTS as usize => Err(Status::TooLarge),
            Some(answer) => Ok(answer),
            None => Err(Status::HandlerFailed),
        };
        let found = ask(client, way, &request);
        assert!(found == expected, "{what}: {way:?} of {more} for {answer}");
    }
}

#[test]
fn whatever_is_asked_before_an_answer_is_its_requests() {
    over_each(|transport, address| {
        let prompt = || Handler::bytes(answer_into);
        let kinds: [(&str, &dyn Fn() -> Handler, bool); 6] = [
            ("prompt", &prompt, false),
            ("prompt", &prompt, true),
            ("in place", &in_place, false),
            ("in place", &in_place, true),
            ("deferred", &|| deferred(false), true),
            ("elsewhere", &|| deferred(true), true),
        ];
        let mut random = Random::new(11);
        for (kind, handler, in_place) in kinds {
            for workers in [1, 3] {
                let options = ServerOptions {
                    in_place,
                    workers,
                    ..ServerOptions::default()
                };
                let server = transport.serve(address, handler(), &options);
                for server_user in [ServerUser::Own, ServerUser::Any] {
                    let options = ClientOptions {
                        server_user,
                        max_message: CLIENTS,
                        ..patient()
                    };
                    let client = transport.client_with(address, &options);
                    let what = format!("{kind} over {}", transport.name);
                    ask_at_random(&client, &mut random, &what);
                }
                server.stop().unwrap();
            }
        }
    });
}
