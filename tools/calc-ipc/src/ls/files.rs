//! Endpoints that are found by their files, this user's.

use super::Endpoint;
use crate::endpoint::{Life, Locks, Place, SHM_FOLDER};
use crate::exit::Failure;
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
    Ok(places.iter().map(|place| endpoint(place, &locks)).collect())
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
        path: place.path.display().to_string(),
        pid,
    }
}
