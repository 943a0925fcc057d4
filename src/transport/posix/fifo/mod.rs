//! FIFOs: any process of the same user that knows the paths, many at once, never mixing answers.
//!
//! Opening a FIFO waits until the other end is opened too (fifo(7)), and whoever reads a shared
//! one takes bytes from everybody. So nothing here opens without O_NONBLOCK, and each client has a
//! pair of FIFOs of its own. A third one, `<request>.hello`, carries only announcements, records
//! small enough to be written whole (PIPE_BUF); the server derives the names of a client's pair
//! from the id in its record and never takes a path from anybody.
//!
//! The public pair still serves a peer that knows nothing but the frames: one at a time, with one
//! request at a time.

mod client;
mod hello;
mod public;
mod server;
#[cfg(test)]
#[cfg(unix_sockets)]
mod tests;

pub(in crate::transport) use client::connect;
pub(in crate::transport) use server::bind;

use super::place;
use crate::error::{Error, Result, Status};
use std::ffi::OsStr;
use std::path::{self, PathBuf};

/// What servers put behind a path to make names of their own; no FIFO of a user's ends with it, so
/// that no server is found where another one's clients announce themselves.
const RESERVED: [&str; 2] = [".hello", ".lock"];

/// The longest path, in bytes (PATH_MAX less its NUL, limits.h), and the longest name in a folder (NAME_MAX),
/// less what is put behind it for the names of a client's pair.
const PATH_LONGEST: usize = 4095 - SUFFIX_LONGEST;
const NAME_LONGEST: usize = 255 - SUFFIX_LONGEST;
const SUFFIX_LONGEST: usize = ".0123456789abcdef0123456789abcdef.q".len();

/// The paths of a public pair, which stay the same wherever this process goes: daemon(3) calls
/// chdir(2).
fn public_pair(request: &str, response: &str) -> Result<(PathBuf, PathBuf)> {
    let pair = (absolute(request)?, absolute(response)?);
    let is_reserved = |path: &str| RESERVED.iter().any(|suffix| path.ends_with(suffix));
    let why = if pair.0 == pair.1 {
        "are one path, and a server needs two FIFOs"
    } else if is_reserved(request) || is_reserved(response) {
        "may not end with .hello or .lock, which servers add themselves"
    } else {
        return Ok(pair);
    };
    let context = format!("'{request}' and '{response}' {why}");
    Err(Error::new(Status::InvalidArgument, context))
}

fn absolute(text: &str) -> Result<PathBuf> {
    place::check("FIFO", text.as_ref(), PATH_LONGEST)?;
    let path =
        path::absolute(text).map_err(|error| Error::os(&format!("the path '{text}'"), &error))?;
    let length = path.file_name().map_or(0, OsStr::len);
    if length > NAME_LONGEST {
        let context = format!(
            "{length} bytes are too long for the name of a FIFO in its folder, which has {NAME_LONGEST} at most: {text}"
        );
        return Err(Error::new(Status::InvalidArgument, context));
    }
    Ok(path)
}
