//! Threads that use every processor all the time.

use crate::exit::Failure;
use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

/// They end when it is dropped.
pub(super) struct Hogs {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Hogs {
    pub(super) fn start(count: usize) -> Result<Self, Failure> {
        let mut hogs = Self {
            is_over: Arc::default(),
            threads: Vec::new(),
        };
        for _ in 0..count {
            let is_over = Arc::clone(&hogs.is_over);
            let thread = Builder::new().spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            });
            hogs.threads
                .push(thread.map_err(|error| Failure::io("start a thread", &error))?);
        }
        Ok(hogs)
    }
}

impl Drop for Hogs {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // It cannot panic.
            let _ = thread.join();
        }
    }
}
