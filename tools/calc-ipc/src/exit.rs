//! How the command ends: with a status for scripts, and with a message when something failed.

use calc_ipc::error::{Error, Status};
use calc_ipc::transport::Address;
use std::fmt;
use std::io;
use std::process::ExitCode;

/// The exit statuses, the worst last: where several things happened, the worst is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All is well.
    #[default]
    Success = 0,
    /// The server answered a request with an error, or a promise that was to be shown is broken.
    Negative = 1,
    /// The command line, or a line of the input, makes no sense.
    Usage = 2,
    /// Somebody could not be reached, or input or output failed.
    Transport = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why the command could not go on.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was asked makes no sense.
    Usage(String),
    /// What was asked could not be done.
    Transport(String),
    /// Standard output could not be written to.
    Output(io::Error),
}

impl Failure {
    /// A failure that the library reports, of the server at `url`.
    pub(crate) fn of(url: &Address, error: &Error) -> Self {
        let what = format!("{url}: {error}");
        match error.status() {
            Status::InvalidArgument | Status::Unsupported => Self::Usage(what),
            _ => Self::Transport(what),
        }
    }

    /// A failure of input or output, said as what failed and why.
    pub(crate) fn io(what: impl fmt::Display, cause: &io::Error) -> Self {
        Self::Transport(format!("{what}: {cause}"))
    }

    /// Whoever read the output has seen enough, as in `calc-ipc call ... | head`: no failure.
    pub(crate) fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(cause) if cause.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The exit status that tells of it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Transport(_) | Self::Output(_) => Exit::Transport,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(cause: io::Error) -> Self {
        Self::Output(cause)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(what) | Self::Transport(what) => f.write_str(what),
            Self::Output(cause) => write!(f, "standard output: {cause}"),
        }
    }
}
