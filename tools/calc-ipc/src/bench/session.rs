//! What lasts as long as a benchmark: a private folder, the signals, the processors, the notes.

use super::processors::Processors;
use super::program::Interrupt;
use super::progress::Progress;
use super::report::Skipped;
use super::trouble::Trouble;
use crate::exit::Failure;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub(super) struct Session {
    pub(super) interrupt: Interrupt,
    pub(super) processors: Processors,
    pub(super) progress: Progress,
    folder: TempDir,
    /// Addresses given so far.
    addresses: u32,
    /// What is not measured, and why.
    pub(super) skipped: Vec<Skipped>,
    /// Somebody who could be measured failed.
    pub(super) has_failures: bool,
}

impl Session {
    pub(super) fn new() -> Result<Self, Failure> {
        let failure = |error| Failure::io("prepare", &error);
        // Before the folder is there, so that no signal leaves it behind.
        let interrupt = Interrupt::new().map_err(failure)?;
        // Memory without a disk behind it, where the system has such a folder.
        let place = Path::new("/dev/shm");
        let place = match cfg!(unix) && place.is_dir() {
            true => place.to_owned(),
            false => std::env::temp_dir(),
        };
        let folder = tempfile::Builder::new()
            .prefix(&format!("calc_ipc-bench-{}-", std::process::id()))
            .tempdir_in(place);
        Ok(Self {
            interrupt,
            processors: Processors::find()?,
            progress: Progress::new(),
            folder: folder.map_err(failure)?,
            addresses: 0,
            skipped: Vec::new(),
            has_failures: false,
        })
    }

    /// An address that nobody has had. Its last component is unique on this machine.
    pub(super) fn address(&mut self) -> PathBuf {
        self.addresses += 1;
        let folder = self.folder.path();
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        folder.join(format!("{name}-{}", self.addresses))
    }

    /// Notes that something is not measured.
    pub(super) fn skip(&mut self, name: impl Into<String>, why: impl Into<String>) {
        let skipped = Skipped {
            name: name.into(),
            why: why.into(),
        };
        if !self
            .skipped
            .iter()
            .any(|known| known.name == skipped.name && known.why == skipped.why)
        {
            self.skipped.push(skipped);
        }
    }

    /// Goes on without a contestant that failed; other trouble ends it all.
    pub(super) fn forgive<T>(
        &mut self,
        name: &str,
        result: Result<T, Trouble>,
    ) -> Result<Option<T>, Trouble> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Trouble::Broken(why)) => {
                self.progress.beside(|| crate::complain(&why));
                self.has_failures = true;
                self.skip(name, why);
                Ok(None)
            }
            Err(Trouble::Unable(why)) => {
                self.skip(name, why);
                Ok(None)
            }
            Err(trouble) => Err(trouble),
        }
    }
}
