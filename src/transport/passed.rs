//! The socket that a service manager passed, by the name that its unit gives it.
//!
//! Its text says what to write into the unit where there is none, or more than one. All that serving needs of it is
//! its address's; [`super::address`] gives it to the transport that it is.

use crate::error::{Error, Result, Status};
use crate::sys::Handle;
use crate::sys::passed::{self, Passed, Place};
use crate::sys::socket::Type;
use std::net::SocketAddr;
use std::path::Path;

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests;

/// Where a socket listens that can be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// It is a Unix socket, of this type, at this path.
    Path(Type, String),
    /// It is one of TCP.
    Tcp(SocketAddr),
}

/// The one that was passed, or the one of this name, and where it listens.
pub(super) fn find(name: Option<&str>) -> Result<(Handle, At)> {
    let passed = passed::all().map_err(|why| refused(name, &why))?;
    let passed = choose(&passed, name).map_err(|why| refused(name, &why))?;
    let failure = |error| Error::os(&format!("systemd: look at '{}'", passed.name), &error);
    let at = at(passed.place().map_err(failure)?)
        .map_err(|why| refused(name, &format!("'{}' is {why}", passed.name)))?;
    Ok((passed.take().map_err(failure)?, at))
}

fn refused(name: Option<&str>, why: &str) -> Error {
    let context = format!("systemd:{}: {why}", name.unwrap_or_default());
    Error::new(Status::InvalidArgument, context)
}

/// The only one, or the only one of this name.
fn choose<'a>(passed: &'a [Passed], name: Option<&str>) -> std::result::Result<&'a Passed, String> {
    let mut of_name = passed
        .iter()
        .filter(|passed| name.is_none_or(|name| passed.name == name));
    match (of_name.next(), of_name.next(), name) {
        (Some(only), None, _) => Ok(only),
        (None, _, None) => Err(NONE.to_owned()),
        (None, _, Some(_)) if passed.is_empty() => Err(NONE.to_owned()),
        (None, _, Some(_)) => Err(format!(
            "no socket of this name was passed, but {}: FileDescriptorName= in the socket's unit gives the name",
            names(passed)
        )),
        (Some(_), Some(_), None) => Err(format!(
            "{} sockets were passed, so say which: {}",
            passed.len(),
            names(passed)
        )),
        (Some(_), Some(_), Some(_)) => Err(
            "several sockets of this name were passed: give each a unit and a FileDescriptorName= of its own".to_owned(),
        ),
    }
}

const NONE: &str = "no socket was passed to this process: start it by its socket's unit (ListenStream= or \
     ListenSequentialPacket=, systemd.socket(5)), or try it with systemd-socket-activate; LISTEN_PID has to be its process";

/// The URLs of all.
fn names(passed: &[Passed]) -> String {
    let urls: Vec<String> = passed
        .iter()
        .map(|passed| format!("systemd:{}", passed.name))
        .collect();
    urls.join(", ")
}

/// Where it listens, if it can be served, else what it is.
fn at(place: Place) -> std::result::Result<At, String> {
    match place {
        Place::Tcp(address) => Ok(At::Tcp(address)),
        Place::Path(of_type, path) => match path.to_str() {
            Some(text) if Path::new(text).is_absolute() => Ok(At::Path(of_type, text.to_owned())),
            _ => Err(format!(
                "a Unix socket at '{}', which no URL of a client could say",
                path.display()
            )),
        },
        Place::Other(what) => Err(format!(
            "{what}; a Unix socket with a path that listens, stream or seqpacket, or a TCP socket is served"
        )),
    }
}
