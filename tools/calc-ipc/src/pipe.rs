//! Endpoints of Windows that have a name: a pipe, and beside it another one, the server's lock (see `docs/windows.md`).

use crate::sys;
use calc_ipc::transport::Address;
use std::io;

/// Where all pipes of this machine are.
pub(crate) const PIPES: &str = r"\\.\pipe\";
/// What a server's lock has behind the name.
pub(crate) const LOCK: &str = ".lock";
/// What the pipe by which shared memory is met has before its name.
const SHM: &str = "calc_ipc.shm.";

/// The pipe of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pipe(String);

impl Pipe {
    pub(crate) fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Where `url` leads to, if that is a pipe.
    pub(crate) fn of(url: &Address) -> Option<Self> {
        match url {
            Address::NamedPipe(name) => Some(Self::named(name)),
            Address::Shm(name) => {
                let name = name.strip_prefix('/').unwrap_or(name);
                Some(Self(format!("{SHM}{name}")))
            }
            _ => None,
        }
    }

    /// What leads here.
    pub(crate) fn url(&self) -> Address {
        match self.0.strip_prefix(SHM) {
            Some(name) => Address::Shm(name.into()),
            None => Address::NamedPipe(self.0.clone()),
        }
    }

    /// What it is, as in URLs.
    pub(crate) fn kind(&self) -> &'static str {
        match self.0.starts_with(SHM) {
            true => "shm",
            false => "npipe",
        }
    }

    /// As Windows knows it.
    pub(crate) fn path(&self) -> String {
        format!("{PIPES}{}", self.0)
    }

    /// Whether a server of this library has the name.
    pub(crate) fn is_locked(&self) -> bool {
        sys::has_pipe(&format!("{}{LOCK}", self.path()))
    }

    /// Whether there is such a pipe, whoever serves it.
    pub(crate) fn is_there(&self) -> bool {
        sys::has_pipe(&self.path())
    }

    /// The process that serves it, as it says to who connects.
    pub(crate) fn server(&self) -> io::Result<u32> {
        sys::pipe_server(&self.path())
    }
}
