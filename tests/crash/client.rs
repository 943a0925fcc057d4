//! The client on a stage: it calls, submits and takes as it is told, and says what came of it.

use crate::message::{LARGE, MAX_MESSAGE, is_answer, message};
use crate::role::{number, say_of};
use crate::support::processes::{Control, PATIENCE};
use calc_ipc::error::Result;
use calc_ipc::service::{Client, Limit, Next};
use calc_ipc::transport::ClientOptions;
use std::collections::BTreeMap;
use std::time::Duration;

/// A client that was made, and what it has to be answered.
struct Connected {
    client: Client,
    /// The messages of calls that were submitted and not told of.
    submitted: BTreeMap<u64, Vec<u8>>,
}

/// Does as it is told, and says how that ended.
pub(crate) fn obey(control: &mut Control, connect: impl Fn(&ClientOptions) -> Result<Client>) {
    // SAFETY: both numbers are open. A child of a pipe keeps standard error.
    unsafe { libc::dup2(0, 2) };
    let mut connected = None;
    let mut room = vec![0; LARGE];
    while let Some(line) = control.hear() {
        let words: Vec<_> = line.split(' ').collect();
        let said = match (&words[..], connected.as_mut()) {
            (["connect", timeout, connections], _) => match connect(&options(timeout, connections))
            {
                Ok(client) => {
                    let submitted = BTreeMap::new();
                    connected = Some(Connected { client, submitted });
                    "connected".to_owned()
                }
                Err(error) => format!("{:?}", error.status()),
            },
            (["call", kind, length, nonce], Some(one)) => {
                let request = message(kind.as_bytes()[0], number(length), number(nonce));
                control.say("calling");
                say_of(&one.client, &request, &mut room)
            }
            (["submit", first, others, length, nonce, count], Some(one)) => {
                let kinds = [first, others].map(|kind| kind.as_bytes()[0]);
                one.submit(kinds, number(length), number(nonce), number(count));
                "submitted".to_owned()
            }
            (["take"], Some(one)) => one.take(PATIENCE, &mut room),
            (["look"], Some(one)) => one.take(Duration::ZERO, &mut room),
            (["close"], _) => {
                connected = None;
                "closed".to_owned()
            }
            _ => panic!("what is {line}?"),
        };
        control.say(&said);
    }
}

fn options(timeout: &str, connections: &str) -> ClientOptions {
    ClientOptions {
        call_timeout: Some(Duration::from_millis(number(timeout))),
        max_message: MAX_MESSAGE,
        connections: number(connections),
        ..ClientOptions::default()
    }
}

impl Connected {
    /// Submits so many calls; the first and the others may be of different kinds.
    fn submit(&mut self, [mut kind, others]: [u8; 2], length: usize, nonce: u64, count: usize) {
        for tag in (nonce..).take(count) {
            let request = message(kind, length, tag);
            self.client.submit(Limit::Usual, &request, tag).unwrap();
            self.submitted.insert(tag, request);
            kind = others;
        }
    }

    /// What the call that is told of next came to, in a word; it has not been told of before.
    fn take(&mut self, wait: Duration, room: &mut [u8]) -> String {
        let completion = match self.client.next(Some(wait), room) {
            Ok(Next::Completion(completion)) => completion,
            Ok(Next::NoRoom(length)) => return format!("no room: {length} bytes"),
            Err(error) => return format!("none: {:?}", error.status()),
        };
        let Some(request) = self.submitted.remove(&completion.tag) else {
            return format!("twice: {completion:?}");
        };
        match completion.outcome {
            Ok(length) if is_answer(&request, room, length) => "right".to_owned(),
            Ok(length) => format!("wrong: {length} bytes"),
            Err(error) => format!("{:?}", error.status()),
        }
    }
}
