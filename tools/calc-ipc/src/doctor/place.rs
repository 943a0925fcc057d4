//! Endpoints with a name in the file system that cannot be reached.

use super::finding::{Finding, Verdict};
use super::probe::Trouble;
use crate::endpoint::{Kind, Life, Locks, Place};
use calc_ipc::error::{Error, Status};
use calc_ipc::transport::Address;
use nix::unistd::{AccessFlags, eaccess};
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::SocketAddr;
use std::path::Path;

/// The process that serves at `url`, where that can be known.
pub(super) fn holder(url: &Address) -> Option<u32> {
    match Place::of(url)?.life(&Locks::read()) {
        Life::Alive(process) => process,
        Life::LeftOver => None,
    }
}

/// Files say nothing about who answers.
pub(super) fn stranger(_: &Address, _: &Trouble) -> Option<Finding> {
    None
}

/// Why the library could not talk to the server at this address.
pub(super) fn by_name(url: &Address, error: &Error) -> Finding {
    match Place::of(url) {
        Some(place) => explain(&place, error),
        None => Finding::other(error),
    }
}

fn explain(place: &Place, error: &Error) -> Finding {
    match error.status() {
        Status::InvalidArgument => return invalid(place, error),
        Status::NotConnected | Status::PermissionDenied => {}
        _ => return Finding::other(error),
    }
    let door = place.door();
    match fs::metadata(&door) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => nothing_there(&door),
        Err(cause) if cause.kind() == ErrorKind::PermissionDenied => closed_folder(&door),
        Err(_) => Finding::other(error),
        Ok(about) if !place.kind.is_right(about.file_type()) => wrong_kind(place),
        Ok(about) if error.status() == Status::PermissionDenied => denied(&door, &about, error),
        Ok(_) => unattended(place),
    }
}

fn invalid(place: &Place, error: &Error) -> Finding {
    let is_too_long = match place.kind {
        Kind::Unix | Kind::SeqPacket | Kind::Shm => SocketAddr::from_pathname(&place.path).is_err(),
        Kind::Fifo => fs::metadata(place.door())
            .is_err_and(|cause| cause.kind() == ErrorKind::InvalidFilename),
    };
    if !is_too_long {
        return Finding::other(error);
    }
    let length = place.path.as_os_str().len();
    let kind = place.kind.file();
    let explanation = format!("{length} bytes are too long for the path of a {kind}");
    Finding::new(Verdict::PathTooLong, explanation).advise("choose a shorter one")
}

fn nothing_there(door: &Path) -> Finding {
    let missing = door
        .ancestors()
        .take_while(|path| fs::symlink_metadata(path).is_err())
        .last()
        .unwrap_or(door);
    let explanation = match missing == door {
        true => format!("nothing is at {}", door.display()),
        false => format!("there is no folder {}", missing.display()),
    };
    Finding::new(Verdict::NoServer, explanation)
        .advise("start the server (calc-ipc serve), or look for the right name (calc-ipc ls)")
}

fn closed_folder(door: &Path) -> Finding {
    let closed = door
        .ancestors()
        .skip(1)
        .filter(|folder| eaccess(*folder, AccessFlags::X_OK).is_err())
        .last()
        .unwrap_or(door);
    let explanation = format!("this user may not search the folder {}", closed.display());
    Finding::new(Verdict::PermissionDenied, explanation)
}

fn wrong_kind(place: &Place) -> Finding {
    let (door, kind) = (place.door(), place.kind.file());
    let explanation = format!("{} is no {kind}", door.display());
    Finding::new(Verdict::WrongKind, explanation)
        .advise("no server will take its place; use another name, or move it away")
}

/// The file's bits keep this user out, or whose server it is keeps the library from trusting it.
fn denied(door: &Path, about: &Metadata, error: &Error) -> Finding {
    if eaccess(door, AccessFlags::W_OK).is_err() {
        let explanation = format!(
            "{} belongs to user {} and has mode 0{:o}",
            door.display(),
            about.uid(),
            about.mode() & 0o777
        );
        return Finding::new(Verdict::PermissionDenied, explanation)
            .advise("connect as its user, or serve with a wider --mode");
    }
    Finding::new(Verdict::WrongOwner, error.context())
        .advise("if you trust that user, say so: --server-user")
}

/// The name is there, and nobody lets clients in.
fn unattended(place: &Place) -> Finding {
    let path = place.path.display();
    match place.life(&Locks::read()) {
        Life::Alive(process) => {
            let who = process.map_or("a process".into(), |process| format!("process {process}"));
            let explanation = format!("{who} has {path}, but lets nobody in: it starts or ends");
            Finding::new(Verdict::NotListening, explanation).advise("try again")
        }
        Life::LeftOver if fs::symlink_metadata(place.lock()).is_ok() => {
            let explanation = format!("{path} was left behind by a server that died");
            Finding::new(Verdict::LeftOver, explanation)
                .advise("start the server again; it takes the name over")
        }
        Life::LeftOver => {
            let explanation = format!("{path} has no server and no lock");
            Finding::new(Verdict::LeftOver, explanation)
                .advise("start the server; it takes the name over, unless it is another user's")
        }
    }
}
