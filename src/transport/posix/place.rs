//! Error texts about names in the file system: which name it is, what is there, and what the user can do.
//!
//! The files are looked at for the texts only. No decision depends on it, since they may have changed meanwhile.

use crate::error::{Error, Result, Status};
use crate::sys::file::{self, About, Kind};
use crate::sys::process::effective_uid;
use std::io::{self, ErrorKind};
use std::path::Path;

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests;

/// Fails if no file can have this path: it is empty, ends with a slash, or is longer than `longest` bytes. `what`: the
/// kind of file, for people.
pub(super) fn check(what: &str, path: &Path, longest: usize) -> Result<()> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let length = bytes.len();
    let context = if length == 0 {
        format!("the path of a {what} is empty")
    } else if length > longest {
        format!(
            "{length} bytes are too long for the path of a {what}, which has {longest} at most: {}",
            path.display()
        )
    } else if bytes.ends_with(b"/") {
        format!(
            "{} is no path of a {what}: it ends with a slash",
            path.display()
        )
    } else {
        return Ok(());
    };
    Err(Error::new(Status::InvalidArgument, context))
}

/// The failure to create something at `path`.
pub(super) fn creating(path: &Path, cause: &io::Error) -> Error {
    let create = format!("create {}", path.display());
    let why = match cause.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => lack_of_folder(path),
        ErrorKind::PermissionDenied => lack_of_folder(path).or_else(|| {
            let folder = folder_of(path).display();
            Some(format!(
                "user {} may not create names in {folder}",
                effective_uid()
            ))
        }),
        _ => None,
    };
    Error::os(
        &why.map_or_else(|| create.clone(), |why| format!("{create}: {why}")),
        cause,
    )
}

/// The failure to open the lock file of `name`.
pub(super) fn locking(name: &Path, lock: &Path, cause: &io::Error) -> Error {
    match file::about(lock) {
        Ok(Some(about)) if about.kind != Kind::Regular => of_another_kind("lock file", lock),
        Ok(Some(_)) if cause.kind() == ErrorKind::PermissionDenied => of_another_user(lock),
        _ => creating(name, cause),
    }
}

/// The failure to reach a server, `what` at `path`, the name of a file of this kind.
pub(super) fn reaching(what: &str, kind: Kind, path: &Path, cause: &io::Error) -> Error {
    let why = match file::about_target(path) {
        Err(missing) => match lack_of_folder(path) {
            Some(why) => why,
            None if missing.kind() == ErrorKind::NotFound => {
                "nothing is there; start the server first".into()
            }
            None => "connect".into(),
        },
        Ok(about) if about.kind != kind => format!(
            "a {} is there, and no {}",
            name_of(about.kind),
            name_of(kind)
        ),
        Ok(about) => match cause.kind() {
            ErrorKind::ConnectionRefused => {
                "no server listens there; it has ended, and a new one will take the name over"
                    .into()
            }
            ErrorKind::PermissionDenied => {
                let rights = rights(&about);
                format!("{rights}; the server's option mode decides who may connect")
            }
            _ => "connect".into(),
        },
    };
    Error::reaching(&format!("{what} {}: {why}", path.display()), cause)
}

/// The failure of finding something of another kind where a server's `kind` should be.
pub(super) fn of_another_kind(kind: &str, path: &Path) -> Error {
    let found = file::about(path).ok().flatten();
    let found = found.map_or("file", |about| name_of(about.kind));
    let context = format!(
        "{} is a {found}, and no {kind}; it is left alone: move it away, or choose another path",
        path.display()
    );
    Error::new(Status::AddressInUse, context)
}

/// The failure of finding a file that belongs to another user.
pub(super) fn of_another_user(path: &Path) -> Error {
    let found = file::about(path).ok().flatten();
    let why = found.map_or_else(|| "belongs to another user".into(), |about| rights(&about));
    let context = format!("{} {why}", path.display());
    Error::new(Status::PermissionDenied, context)
}

/// The failure of finding something that another program uses.
pub(super) fn of_another_program(path: &Path, process: Option<u32>) -> Error {
    let who = process.map_or_else(String::new, |number| format!(", process {number}"));
    let context = format!(
        "{} is in use by another program{who}; it is left alone: end it, or choose another path",
        path.display()
    );
    Error::new(Status::AddressInUse, context)
}

/// The failure of finding a lock file that a live server holds.
pub(super) fn of_a_live_server(lock: &Path, process: Option<u32>) -> Error {
    let who = process.map_or_else(String::new, |number| format!(", process {number},"));
    let context = format!(
        "a live server{who} holds {}; end it, or choose another name",
        lock.display()
    );
    Error::new(Status::AddressInUse, context)
}

/// Why the folder of `path` cannot hold it, if that is so.
fn lack_of_folder(path: &Path) -> Option<String> {
    let mut folders: Vec<_> = path.ancestors().skip(1).collect();
    folders.reverse();
    folders
        .into_iter()
        .filter(|folder| !folder.as_os_str().is_empty())
        .find_map(|folder| lack(folder, file::about_target(folder)))
}

/// Why this is no folder that can hold anything, if what was `found` of it tells.
fn lack(folder: &Path, found: io::Result<About>) -> Option<String> {
    let shown = folder.display();
    match found {
        Ok(about) if about.kind == Kind::Folder => None,
        Ok(about) => Some(format!(
            "{shown} is a {}, and no folder",
            name_of(about.kind)
        )),
        Err(error) => match error.kind() {
            ErrorKind::NotFound => Some(format!("there is no folder {shown}")),
            ErrorKind::PermissionDenied => Some(format!(
                "user {} may not search {}",
                effective_uid(),
                folder_of(folder).display()
            )),
            _ => None,
        },
    }
}

/// The folder in which `path` is.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whose a file is and who may use it.
fn rights(about: &About) -> String {
    format!(
        "belongs to user {} and has mode {:04o}, and this is user {}",
        about.owner,
        about.mode,
        effective_uid()
    )
}

/// What a file of this type is called.
fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Regular => "regular file",
        Kind::Folder => "folder",
        Kind::Link => "symbolic link",
        Kind::Fifo => "FIFO",
        Kind::Socket => "socket",
        Kind::Device => "device",
    }
}
