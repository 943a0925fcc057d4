//! What the tests of both sides share, and the names of FIFOs.

use super::*;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that no other test uses, gone when it is dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let serial = LAST.fetch_add(1, Ordering::Relaxed);
        let name = format!("calc_ipc-fifo-{}-{serial}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// The names in it, in order.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_name_leaves_room_for_what_is_put_behind_it() {
    let longest = format!("/folder/{}", "x".repeat(NAME_LONGEST));
    assert_eq!(absolute(&longest).unwrap(), PathBuf::from(&longest));
    let error = absolute(&(longest + "x")).unwrap_err();
    assert_eq!(error.status(), Status::InvalidArgument);
    let pair = public_pair("/a", "/b").unwrap();
    assert_eq!(pair, (PathBuf::from("/a"), PathBuf::from("/b")));
}
