//! How far the benchmark has got, for a person who waits.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error, if that is a terminal.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new() -> Self {
        let style = ProgressStyle::with_template("{wide_bar} {percent}%, {eta} left, {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        // It draws to standard error, and nothing if that is no terminal.
        Self(ProgressBar::new(0).with_style(style))
    }

    /// So many more turns are to be taken.
    pub(super) fn expect(&self, turns: u64) {
        self.0.inc_length(turns);
    }

    /// What is measured now.
    pub(super) fn say(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }

    /// A turn was taken.
    pub(super) fn advance(&self) {
        self.0.inc(1);
    }

    /// Writes to standard error beside the bar.
    pub(super) fn beside(&self, write: impl FnOnce()) {
        self.0.suspend(write);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
