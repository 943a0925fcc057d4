//! A client that would wait for ever learns that its server is dead: the counterpart of `../guard.hpp`.

use crate::Result;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

fn path(address: &str) -> PathBuf {
    format!("{address}.alive").into()
}

/// A lock that the server holds as long as it lives, however it dies.
pub(crate) struct Alive {
    path: PathBuf,
    _locked: File,
}

impl Alive {
    pub(crate) fn new(address: &str) -> Result<Self> {
        let path = path(address);
        let file = File::create(&path)?;
        file.try_lock()?;
        Ok(Self {
            path,
            _locked: file,
        })
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Ends the process, with an error, if the server dies while it is asked.
#[derive(Default)]
pub(crate) struct Watch {
    asking: AtomicBool,
    gone: AtomicBool,
}

impl Watch {
    /// Waits for the lock in a thread of its own, so that it costs the calls nothing.
    pub(crate) fn start(address: &str) -> Result<Arc<Self>> {
        let file = File::open(path(address))?;
        let watch = Arc::new(Self::default());
        let watching = watch.clone();
        std::thread::spawn(move || {
            if file.lock_shared().is_ok() {
                watching.gone.store(true, SeqCst);
                if watching.asking.load(SeqCst) {
                    eprintln!("the server is gone");
                    std::process::exit(1);
                }
            }
        });
        Ok(watch)
    }

    /// Somebody is asking while `work` runs.
    pub(crate) fn asking<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.asking.store(true, SeqCst);
        if self.gone.load(SeqCst) {
            return Err("the server is gone".into());
        }
        let result = work();
        self.asking.store(false, SeqCst);
        result
    }
}
