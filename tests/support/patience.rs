//! How long tests wait for what has to come.

use std::time::{Duration, Instant};

/// Nothing takes that long but a hang, on a machine however loaded.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something is so, which on a busy machine may take a while; what is not so after [`PATIENCE`]
/// never will be.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_micros(100));
    }
}
