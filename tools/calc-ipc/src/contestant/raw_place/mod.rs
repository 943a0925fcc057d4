//! Where the two sides of a bare stream meet.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use super::calculator;
use super::stream::Stream;
use crate::cli::ContestantArgs;
use std::io;
#[cfg(unix)]
pub(super) use unix::{dial, listen, names};
#[cfg(windows)]
pub(super) use windows::{dial, listen, names};

/// The bytes that stand for a request of the calculator's, and for its answer.
pub(super) const SMALL: usize = 16;

/// The length of the messages that are served.
pub(super) fn message(args: &ContestantArgs) -> usize {
    let echo = args
        .settings
        .echo
        .map(|size| usize::try_from(size).unwrap_or(SMALL));
    echo.unwrap_or(SMALL).max(SMALL)
}

/// What a server does with what comes.
#[derive(Clone, Copy)]
enum Work {
    /// Gives back messages of this length.
    Echo(usize),
    Calculate {
        is_slow: bool,
    },
}

/// Serves one client to its end.
pub(super) fn attend(mut stream: Stream, args: &ContestantArgs) -> io::Result<()> {
    work(args).attend(&mut stream)
}

fn work(args: &ContestantArgs) -> Work {
    match args.settings.calculate {
        true => Work::Calculate {
            is_slow: args.settings.is_slow,
        },
        false => Work::Echo(message(args)),
    }
}

impl Work {
    fn attend(self, stream: &mut Stream) -> io::Result<()> {
        match self {
            Self::Echo(message) => stream.echo(message),
            Self::Calculate { is_slow } => calculator::serve(stream, is_slow),
        }
    }
}
