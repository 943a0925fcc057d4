//! How far a long input has got, for a person who waits.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fs::File;
use std::io::{IsTerminal, stderr, stdin, stdout};
use std::time::{Duration, Instant};

/// An input that is done sooner needs no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// A bar on standard error, once it has taken a while.
pub(super) struct Progress {
    bar: ProgressBar,
    /// When to show it; `None`: never, or it is shown.
    shown_from: Option<Instant>,
}

impl Progress {
    /// Progress through `input`, whose size is known if it is a file. It is only for a person who
    /// sees neither input nor answers go by.
    pub(super) fn new(input: &File) -> Self {
        let is_wanted = stderr().is_terminal() && !stdout().is_terminal() && !stdin().is_terminal();
        let about = input.metadata().ok().filter(|about| about.is_file());
        let bar = match about {
            Some(about) => {
                ProgressBar::with_draw_target(Some(about.len()), ProgressDrawTarget::hidden())
                    .with_style(style("{wide_bar} {percent}%, {msg} answers, {eta} left"))
            }
            None => ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
                .with_style(style("{spinner} {msg} answers in {elapsed}")),
        };
        Self {
            bar,
            shown_from: is_wanted.then(|| Instant::now() + PATIENCE),
        }
    }

    /// So many bytes more were read, and so many answers are there in all.
    pub(super) fn advance(&mut self, bytes: usize, answers: u64) {
        self.bar.inc(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.bar.set_message(answers.to_string());
        if self.shown_from.is_some_and(|from| from <= Instant::now()) {
            self.shown_from = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Writes to standard error beside the bar.
    pub(super) fn beside(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
