//! Asking all of them.

use super::{SUFFIX, Sheet, folder};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// One that says nothing in this time is stopped.
const PATIENCE: Duration = Duration::from_secs(1);

/// More than a server has to say.
const LONGEST: u64 = 16 << 20;

/// What all of this user's servers tell that are alive, by the numbers of their processes. Of others, what is left is passed over.
pub(crate) fn all() -> Vec<Sheet> {
    let Some(Ok(entries)) = folder().map(fs::read_dir) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut sheets: Vec<Sheet> = paths
        .filter(|path| is_of_stats(path))
        .filter_map(|path| ask(&path).ok())
        .collect();
    sheets.sort_by_key(|sheet| sheet.pid);
    sheets
}

pub(super) fn is_of_stats(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    let number = name.and_then(|name| name.strip_suffix(SUFFIX));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

fn ask(path: &Path) -> io::Result<Sheet> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut text = Vec::new();
    stream.take(LONGEST).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}
