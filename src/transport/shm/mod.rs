//! Shared memory: the fastest. Any process that knows the name, each with memory of its own.
//!
//! The name is a Unix socket, `/dev/shm/<name>` or at a path of its own, or a named pipe where there are none
//! (`behind_pipe`), over which the server hands each client what it shares with it: who owns the name, who may come, and who has died is settled there, as for any
//! socket. Requests and answers then go through one cache line each way, without a system call
//! while both sides are awake; what does not fit goes through a buffer. No two clients share
//! memory that either can write, and no memory is ever used for a second client.

mod batch;
mod behind_pipe;
mod buffer;
mod client;
mod flight;
mod form;
mod header;
mod layout;
mod pending;
pub(in crate::transport) mod server;
mod slot;

use crate::error::{Error, Result, Status};
use crate::sys::lack;
use crate::sys::socket::{self, Type};
use crate::transport::posix::named::{self, NamedSocket};
use crate::transport::{Channel, ClientOptions, Endpoint, ServerOptions};
use std::path::{Path, PathBuf};

/// Where the names live: a file system in memory, as shm_overview(7) has it.
const FOLDER: &str = "/dev/shm";

const MEMORY: named::Kind = named::Kind {
    called: "shared memory",
    in_lock: "shm",
    of_type: Type::Stream,
};

/// The longest name, in bytes, the path of whose socket a Unix socket can have.
const NAME_LONGEST: usize = socket::PATH_MAX - FOLDER.len() - "/".len();

/// A server of this name.
pub(super) fn bind(name: &str, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
    match lack::UNIX_SOCKETS {
        None => bind_at(&path_of(name)?, options),
        Some(_) => behind_pipe::bind(word(name)?, options),
    }
}

/// A server whose socket is at `path`.
pub(super) fn bind_at(path: &Path, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
    server::bind(Box::new(NamedSocket::bind(MEMORY, path, options)?), options)
}

/// Connects to the server of this name.
pub(super) fn connect(name: &str, options: &ClientOptions) -> Result<Box<dyn Channel>> {
    match lack::UNIX_SOCKETS {
        None => connect_at(&path_of(name)?, options),
        Some(_) => behind_pipe::connect(word(name)?, options),
    }
}

/// Connects to the server whose socket is at `path`.
pub(super) fn connect_at(path: &Path, options: &ClientOptions) -> Result<Box<dyn Channel>> {
    let control = named::connect(MEMORY, path, options)?;
    let peer = format!("{} {}", MEMORY.called, path.display());
    Ok(client::connect(control, peer, options))
}

/// A name without the leading slash of shm_open(3), which it may have.
fn word(name: &str) -> Result<&str> {
    let plain = name.strip_prefix('/').unwrap_or(name);
    if plain.is_empty() || plain.contains('/') || plain == "." || plain == ".." {
        let context = format!(
            "'{name}' is no name for shared memory: it is one word, without slashes inside"
        );
        return Err(Error::new(Status::InvalidArgument, context));
    }
    Ok(plain)
}

/// The socket behind a name.
fn path_of(name: &str) -> Result<PathBuf> {
    let plain = word(name)?;
    if plain.len() > NAME_LONGEST {
        let context = format!(
            "{} bytes are too long for a name of shared memory, which has {NAME_LONGEST} at most: {plain}",
            plain.len()
        );
        return Err(Error::new(Status::InvalidArgument, context));
    }
    Ok([FOLDER, plain].iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        assert_eq!(path_of("calc").unwrap(), path_of("/calc").unwrap());
        for name in ["", "/", ".", "..", "/..", "a/b", "//a", "../etc"] {
            assert_eq!(
                path_of(name).unwrap_err().status(),
                Status::InvalidArgument,
                "{name}"
            );
        }
    }
}
