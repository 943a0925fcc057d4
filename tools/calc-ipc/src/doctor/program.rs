//! Programs that do not serve.

use super::finding::{Finding, Verdict};
use crate::sys;
use calc_ipc::error::{Error, Status};
use std::path::Path;

/// Why the library could not talk to the program at `path`.
pub(super) fn explain(path: &Path, error: &Error) -> Finding {
    let shown = path.display();
    if !path.exists() {
        let explanation = format!("there is no program {shown}");
        return Finding::new(Verdict::NoServer, explanation);
    }
    if !path.is_file() {
        let explanation = format!("{shown} is no program");
        return Finding::new(Verdict::WrongKind, explanation);
    }
    if !sys::may_execute(path) {
        let explanation = format!("this user may not execute {shown}");
        return Finding::new(Verdict::PermissionDenied, explanation).advise("try chmod +x");
    }
    match error.status() {
        Status::Closed | Status::PeerDied => {
            let explanation = format!("{shown} ended instead of answering");
            Finding::new(Verdict::Ended, explanation)
                .advise("it has to serve on its standard input and output until the input ends")
        }
        _ => Finding::other(error),
    }
}
