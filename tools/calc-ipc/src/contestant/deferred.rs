//! Echoes of this library's servers that are answered after the handler has returned, or could be.

use crate::exit::Failure;
use calc_ipc::service::{Handler, Reply};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

/// The handler itself answers.
pub(super) fn at_once() -> Handler {
    Handler::deferred(echo)
}

/// Another thread answers, which ends with the handler.
pub(super) fn elsewhere() -> Result<Handler, Failure> {
    let (sender, receiver) = mpsc::channel::<(Reply, Vec<u8>)>();
    thread::Builder::new()
        .spawn(move || {
            for (reply, request) in receiver {
                echo(reply, &request);
            }
        })
        .map_err(|error| Failure::io("start a thread", &error))?;
    Ok(Handler::deferred(move |reply, request| {
        // If the thread has gone, the reply is dropped, which tells the client.
        let _ = sender.send((reply, request.to_vec()));
    }))
}

/// Nobody answers, but an empty message with how many answers are owed.
pub(super) fn never() -> Handler {
    let owed = Mutex::new(Vec::<Reply>::new());
    Handler::deferred(move |reply, request| {
        let mut owed = owed.lock().unwrap_or_else(PoisonError::into_inner);
        if request.is_empty() {
            let count = u32::try_from(owed.len()).unwrap_or(u32::MAX);
            echo(reply, &count.to_le_bytes());
        } else {
            owed.push(reply);
        }
    })
}

fn echo(reply: Reply, request: &[u8]) {
    // A client that has gone misses nothing.
    let _ = reply.send(request);
}
