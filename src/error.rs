//! Why an operation failed: a [`Status`] for the program, a text for the person.

use std::borrow::Cow;
use std::ffi::CStr;
use std::fmt;
use std::io;

/// The kinds of failure, with the numbers that the C interface gives them.
///
/// Numbers are for ever: one is never changed and never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Status {
    /// It worked.
    Ok = 0,
    /// An argument is NULL, out of range or badly formed.
    InvalidArgument = -1,
    /// The bytes are not what the protocol says.
    Malformed = -2,
    /// A message is over a limit.
    TooLarge = -3,
    /// The caller's buffer cannot hold the result.
    BufferTooSmall = -4,
    /// The deadline passed.
    TimedOut = -5,
    /// The peer closed the connection.
    Closed = -6,
    /// The peer died. Best effort; treat it like [`Status::Closed`].
    PeerDied = -7,
    /// No server is there.
    NotConnected = -8,
    /// A live server, or a file of something else, is at the address.
    AddressInUse = -9,
    /// The system denied it, or the peer runs as another user.
    PermissionDenied = -10,
    /// The handle is in use by another thread, or by this one.
    Busy = -11,
    /// The handle belongs to the process that this one was forked from.
    Forked = -12,
    /// The server was stopped.
    Stopped = -13,
    /// This platform, or this version of the library, does not support it.
    Unsupported = -14,
    /// The operating system failed; the text holds its error number.
    System = -15,
    /// A bug in this library.
    Internal = -16,
    /// A server is there, but full.
    Refused = -17,
    /// The server's handler failed.
    HandlerFailed = -18,
    /// The call was cancelled.
    Cancelled = -19,
}

impl Status {
    /// Every status, for tables and tests.
    pub const ALL: [Status; 20] = [
        Status::Ok,
        Status::InvalidArgument,
        Status::Malformed,
        Status::TooLarge,
        Status::BufferTooSmall,
        Status::TimedOut,
        Status::Closed,
        Status::PeerDied,
        Status::NotConnected,
        Status::AddressInUse,
        Status::PermissionDenied,
        Status::Busy,
        Status::Forked,
        Status::Stopped,
        Status::Unsupported,
        Status::System,
        Status::Internal,
        Status::Refused,
        Status::HandlerFailed,
        Status::Cancelled,
    ];

    /// What it means, in a few words.
    pub const fn message(self) -> &'static str {
        match self.c_message().to_str() {
            Ok(text) => text,
            Err(_) => panic!("they are ASCII"),
        }
    }

    /// [`Status::message`] for C.
    pub const fn c_message(self) -> &'static CStr {
        match self {
            Status::Ok => c"success",
            Status::InvalidArgument => c"invalid argument",
            Status::Malformed => c"malformed message",
            Status::TooLarge => c"message too large",
            Status::BufferTooSmall => c"buffer too small",
            Status::TimedOut => c"timed out",
            Status::Closed => c"the peer closed the connection",
            Status::PeerDied => c"the peer died",
            Status::NotConnected => c"no server there",
            Status::AddressInUse => c"address in use",
            Status::PermissionDenied => c"permission denied",
            Status::Busy => c"handle in use",
            Status::Forked => c"handle of the parent process",
            Status::Stopped => c"server stopped",
            Status::Unsupported => c"not supported here",
            Status::System => c"operating system error",
            Status::Internal => c"internal error",
            Status::Refused => c"server full",
            Status::HandlerFailed => c"handler failed",
            Status::Cancelled => c"cancelled",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

/// A failure: its kind, and what happened to which thing and why.
///
/// It is one pointer, so that the results of what succeeds, which is all but always, are passed in registers.
#[derive(Clone)]
pub struct Error(Box<Failure>);

#[derive(Clone, Debug)]
struct Failure {
    status: Status,
    /// Of a call: certainly, no handler was or will be given the request.
    is_not_executed: bool,
    context: Cow<'static, str>,
}

/// What every fallible function of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure of this kind; `context` says what, which and why.
    pub fn new(status: Status, context: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Failure {
            status,
            is_not_executed: false,
            context: context.into(),
        }))
    }

    /// A failure that the operating system reported while doing `what`.
    pub fn os(what: &str, cause: &io::Error) -> Self {
        Self::new(status_of(cause), format!("{what}: {cause}"))
    }

    /// A failure to reach a server at `what`: where nothing has the name, or what had it has just
    /// gone, no server is there.
    pub fn reaching(what: &str, cause: &io::Error) -> Self {
        let mut error = Self::os(what, cause);
        if let io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::NotConnected = cause.kind()
        {
            error.0.status = Status::NotConnected;
        }
        error
    }

    /// The same failure, of `which` thing.
    #[must_use]
    pub fn at(mut self, which: &str) -> Self {
        self.0.context = format!("{which}: {}", self.0.context).into();
        self
    }

    /// The same failure, of a call whose request, it is certain, no handler was or will be given.
    #[must_use]
    pub fn not_executed(mut self) -> Self {
        self.0.is_not_executed = true;
        self
    }

    /// Whether it is certain that no handler was or will be given the request of the call that
    /// failed, so that asking again cannot do anything twice. `false`: perhaps one was.
    pub fn is_not_executed(&self) -> bool {
        self.0.is_not_executed
    }

    /// The kind of failure.
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// What happened, to which thing, and why.
    pub fn context(&self) -> &str {
        &self.0.context
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status(), self.context())
    }
}

impl std::error::Error for Error {}

/// The kind of failure that an error of the operating system amounts to when nothing more is known.
fn status_of(cause: &io::Error) -> Status {
    match cause.kind() {
        io::ErrorKind::PermissionDenied => Status::PermissionDenied,
        io::ErrorKind::AddrInUse => Status::AddressInUse,
        io::ErrorKind::ConnectionRefused => Status::NotConnected,
        io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::UnexpectedEof => Status::Closed,
        io::ErrorKind::ConnectionAborted => Status::PeerDied,
        io::ErrorKind::InvalidData => Status::Malformed,
        io::ErrorKind::InvalidFilename | io::ErrorKind::InvalidInput => Status::InvalidArgument,
        // EAGAIN is no timeout: fork(2) and pthread_create(3) mean a limit by it. Whoever waits with
        // a deadline says `TimedOut`.
        io::ErrorKind::TimedOut => Status::TimedOut,
        io::ErrorKind::Unsupported => Status::Unsupported,
        _ => Status::System,
    }
}
