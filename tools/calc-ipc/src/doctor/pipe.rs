//! Endpoints of Windows with a name, which are pipes, that cannot be reached.

use super::finding::{Finding, Verdict};
use super::probe::Trouble;
use crate::pipe::Pipe;
use calc_ipc::error::{Error, Status};
use calc_ipc::transport::Address;
use std::io::ErrorKind;

/// The process that serves at `url`, where that can be known.
pub(super) fn holder(url: &Address) -> Option<u32> {
    Pipe::of(url)?.server().ok()
}

/// A program that has the pipe without the lock of this library's servers, and does not answer as they do.
pub(super) fn stranger(url: &Address, trouble: &Trouble) -> Option<Finding> {
    let is_no_answer = matches!(
        trouble.error.status(),
        Status::TimedOut | Status::Malformed | Status::TooLarge | Status::Closed | Status::PeerDied
    );
    let pipe = Pipe::of(url)?;
    if !is_no_answer || !pipe.is_there() || pipe.is_locked() {
        return None;
    }
    let who = match pipe.server() {
        Ok(process) => format!("process {process}"),
        Err(_) => "another program".to_owned(),
    };
    let path = pipe.path();
    let explanation = format!(
        "{who} has {path} and does not answer as servers of this library do, nor has it their lock {path}.lock"
    );
    Some(
        Finding::new(Verdict::WrongKind, explanation)
            .advise("end that program, or use another name"),
    )
}

/// Why the library could not talk to the server at this address.
pub(super) fn by_name(url: &Address, error: &Error) -> Finding {
    match (Pipe::of(url), error.status()) {
        (Some(pipe), Status::NotConnected) => nobody_there(&pipe),
        (Some(pipe), Status::PermissionDenied) => denied(&pipe, error),
        (Some(pipe), Status::TimedOut) => no_place(&pipe),
        _ => Finding::other(error),
    }
}

fn nobody_there(pipe: &Pipe) -> Finding {
    let path = pipe.path();
    if pipe.is_locked() {
        let explanation = format!("a server has {path}, but lets nobody in: it starts or ends");
        return Finding::new(Verdict::NotListening, explanation).advise("try again");
    }
    Finding::new(Verdict::NoServer, format!("there is no pipe {path}"))
        .advise("start the server (calc-ipc serve), or look for the right name (calc-ipc ls)")
}

/// The pipe keeps this user out, or whose it is keeps the library from trusting it.
fn denied(pipe: &Pipe, error: &Error) -> Finding {
    let is_closed = |error: std::io::Error| error.kind() == ErrorKind::PermissionDenied;
    if pipe.server().is_err_and(is_closed) {
        let explanation = format!("{} is for other users", pipe.path());
        return Finding::new(Verdict::PermissionDenied, explanation)
            .advise("connect as its user, or serve with a wider --mode");
    }
    Finding::new(Verdict::WrongOwner, error.context())
        .advise("if you trust that user, say so: --server-user any")
}

/// Servers of this library have places for those that come before they have looked.
fn no_place(pipe: &Pipe) -> Finding {
    let path = pipe.path();
    let explanation = format!("a server has {path}, but no place for one more client");
    Finding::new(Verdict::NoAnswer, explanation)
        .advise("it may be stopped or stuck; or many come at once: try a greater --connect-timeout")
}
