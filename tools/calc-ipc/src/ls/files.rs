//! Endpoints that are found by their files, this user's.

use super::Endpoint;
use crate::endpoint::{Life, Locks, Place, SHM_FOLDER};
use crate::exit::Failure;
use crate::stats::{self, Sheet};
use std::path::{self, PathBuf};

/// What is in the usual folders, and in those that were asked for, which have to be there.
pub(super) fn find(asked: &[PathBuf]) -> Result<Vec<Endpoint>, Failure> {
    let locks = Locks::read();
    let mut places = Vec::new();
    let asked = asked.iter().map(|folder| (folder.clone(), true));
    let usual = usual_folders().map(|folder| (folder, false));
    let mut seen = Vec::new();
    for (folder, is_asked) in usual.chain(asked) {
        let folder =
            path::absolute(&folder).map_err(|error| Failure::io(folder.display(), &error))?;
        if seen.contains(&folder) {
            continue;
        }
        match Place::all_in(&folder) {
            Ok(found) => places.extend(found),
            Err(error) if is_asked => return Err(Failure::io(folder.display(), &error)),
            Err(_) => {}
        }
        seen.push(folder);
    }
    let mut told = told(stats::all());
    let mut endpoints: Vec<_> = places
        .iter()
        .map(|place| with_stats(endpoint(place, &locks), &mut told))
        .collect();
    endpoints.extend(told);
    Ok(endpoints)
}

fn usual_folders() -> impl Iterator<Item = PathBuf> {
    let of_session = std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty());
    [Some(SHM_FOLDER.into()), of_session, Some("/tmp".into())]
        .into_iter()
        .flatten()
        .map(PathBuf::from)
}

fn endpoint(place: &Place, locks: &Locks) -> Endpoint {
    let (state, pid) = match place.life(locks) {
        Life::Alive(pid) => ("alive", pid),
        Life::LeftOver => ("left over", None),
    };
    Endpoint {
        state,
        kind: place.kind.name(),
        url: place.url().map(|url| url.to_string()),
        path: Some(place.path.display().to_string()),
        pid,
        stats: None,
    }
}

/// The servers that tell of themselves, wherever they are: some have no name to be found by, as those of TCP.
fn told(sheets: Vec<Sheet>) -> Vec<Endpoint> {
    let of_sheet = |sheet: Sheet| {
        let servers = sheet.servers.into_iter();
        servers.map(move |server| Endpoint {
            state: "alive",
            kind: kind_of(&server.url),
            url: Some(server.url),
            path: None,
            pid: Some(sheet.pid),
            stats: Some(server.counters),
        })
    };
    sheets.into_iter().flat_map(of_sheet).collect()
}

/// What a URL is of, in the words of [`Kind`](crate::endpoint::Kind).
fn kind_of(url: &str) -> &'static str {
    const KINDS: [&str; 5] = ["unix", "seqpacket", "shm", "fifo", "tcp"];
    let scheme = url.split(':').next().unwrap_or_default();
    let known = KINDS.into_iter().find(|kind| *kind == scheme);
    known.unwrap_or("other")
}

/// The endpoint that was found, with what its server tells, which is taken.
fn with_stats(found: Endpoint, told: &mut Vec<Endpoint>) -> Endpoint {
    let is_it = |told: &Endpoint| (&told.url, told.pid) == (&found.url, found.pid);
    let place = told.iter().position(is_it);
    let stats = place.and_then(|place| told.remove(place).stats);
    Endpoint { stats, ..found }
}
