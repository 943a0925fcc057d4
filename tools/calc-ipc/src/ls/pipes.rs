//! Endpoints that are found by their pipes, everybody's: the system tells nobody whose they are before they are opened.

use super::Endpoint;
use crate::exit::Failure;
use crate::pipe::{LOCK, PIPES, Pipe};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::PathBuf;

/// The pipes that have a lock of this library's beside them. They are in no folder.
pub(super) fn find(asked: &[PathBuf]) -> Result<Vec<Endpoint>, Failure> {
    if let Some(folder) = asked.first() {
        let folder = folder.display();
        let why = format!("{folder}: endpoints of Windows are pipes, and are in no folder");
        return Err(Failure::Usage(why));
    }
    let names = names().map_err(|error| {
        Failure::Transport(format!("this system does not list its pipes: {error}"))
    })?;
    Ok(endpoints(&names))
}

fn names() -> io::Result<Vec<String>> {
    let entries = fs::read_dir(PIPES)?;
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into());
    entries.map(name).collect()
}

/// A lock goes with its server, so that all of them are alive.
fn endpoints(names: &[String]) -> Vec<Endpoint> {
    let known: HashSet<_> = names.iter().map(|name| name.to_lowercase()).collect();
    let is_locked = |name: &&String| known.contains(&format!("{}{LOCK}", name.to_lowercase()));
    let mut endpoints: Vec<_> = names
        .iter()
        .filter(is_locked)
        .map(|name| endpoint(name))
        .collect();
    endpoints.sort_by(|one, other| one.path.cmp(&other.path));
    endpoints
}

fn endpoint(name: &str) -> Endpoint {
    let pipe = Pipe::named(name);
    Endpoint {
        state: "alive",
        kind: pipe.kind(),
        url: Some(pipe.url().to_string()),
        path: Some(pipe.path()),
        pid: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_with_a_lock_is_an_endpoint() {
        let names = [
            "Calc",
            "calc.LOCK",
            "other",
            "lonely.lock",
            "calc_ipc.shm.a b",
            "calc_ipc.shm.a b.lock",
        ];
        let found = endpoints(&names.map(str::to_owned));
        let found: Vec<_> = found
            .iter()
            .map(|endpoint| (endpoint.kind, endpoint.name(), endpoint.path.as_deref()))
            .collect();
        let expected = [
            ("npipe", "npipe://Calc", Some(r"\\.\pipe\Calc")),
            ("shm", "shm://a%20b", Some(r"\\.\pipe\calc_ipc.shm.a b")),
        ];
        assert_eq!(found, expected);
    }
}
