//! Statuses of calc_ipc and codes of gRPC: one table, which is read both ways.

use calc_ipc::error::{Error, Status};
use std::error::Error as StdError;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status as Grpc};

/// The trailer that names the status.
pub const STATUS: &str = "calc-ipc-status";

/// The trailer that says whether the request was executed: `no`, `maybe` or `yes`.
pub const EXECUTED: &str = "calc-ipc-executed";

/// Each status, its name, and the code that tells of it.
///
/// [`Code::Unavailable`] is what retry policies retry. So it is told only where nothing was executed; else it becomes
/// [`Code::Unknown`].
pub const TABLE: [(Status, &str, Code); Status::ALL.len()] = [
    (Status::Ok, "OK", Code::Ok),
    (
        Status::InvalidArgument,
        "INVALID_ARGUMENT",
        Code::InvalidArgument,
    ),
    (Status::Malformed, "MALFORMED", Code::Internal),
    (Status::TooLarge, "TOO_LARGE", Code::OutOfRange),
    (Status::BufferTooSmall, "BUFFER_TOO_SMALL", Code::OutOfRange),
    (Status::TimedOut, "TIMED_OUT", Code::DeadlineExceeded),
    (Status::Closed, "CLOSED", Code::Unavailable),
    (Status::PeerDied, "PEER_DIED", Code::Unavailable),
    (Status::NotConnected, "NOT_CONNECTED", Code::Unavailable),
    (Status::AddressInUse, "ADDRESS_IN_USE", Code::Internal),
    (
        Status::PermissionDenied,
        "PERMISSION_DENIED",
        Code::PermissionDenied,
    ),
    (Status::Busy, "BUSY", Code::ResourceExhausted),
    (Status::Forked, "FORKED", Code::Internal),
    (Status::Stopped, "STOPPED", Code::Unavailable),
    (Status::Unsupported, "UNSUPPORTED", Code::Unimplemented),
    (Status::System, "SYSTEM", Code::Internal),
    (Status::Internal, "INTERNAL", Code::Internal),
    (Status::Refused, "REFUSED", Code::ResourceExhausted),
    (Status::HandlerFailed, "HANDLER_FAILED", Code::Aborted),
    (Status::Cancelled, "CANCELLED", Code::Cancelled),
];

/// Whether a handler was given the request of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executed {
    /// Certainly not, and it never will be.
    No,
    /// Nobody knows.
    Maybe,
    /// Certainly.
    Yes,
}

impl Executed {
    /// Every one, for tables and tests.
    pub const ALL: [Self; 3] = [Self::No, Self::Maybe, Self::Yes];

    /// What the trailer says.
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Maybe => "maybe",
            Self::Yes => "yes",
        }
    }

    /// Whether the request of the call that failed so was executed.
    pub fn of(error: &Error) -> Self {
        match error.status() {
            _ if error.is_not_executed() => Self::No,
            // The request was let through, so it is the answer that is too large.
            Status::HandlerFailed | Status::BufferTooSmall | Status::TooLarge => Self::Yes,
            _ => Self::Maybe,
        }
    }
}

/// The name of a status, as the C interface has it behind `CALC_IPC_STATUS_`.
pub fn name(status: Status) -> &'static str {
    row(status).1
}

/// The code of a call that failed so.
pub fn code(status: Status, executed: Executed) -> Code {
    match row(status).2 {
        Code::Unavailable if executed != Executed::No => Code::Unknown,
        code => code,
    }
}

fn row(status: Status) -> &'static (Status, &'static str, Code) {
    let row = TABLE.iter().find(|row| row.0 == status);
    row.expect("the table has every status")
}

/// What a caller over gRPC is told of a call that failed.
pub fn to_grpc(error: &Error) -> Grpc {
    let executed = Executed::of(error);
    let mut grpc = Grpc::new(code(error.status(), executed), error.to_string());
    note(grpc.metadata_mut(), error.status(), executed);
    grpc
}

/// Writes both trailers.
pub fn note(metadata: &mut MetadataMap, status: Status, executed: Executed) {
    metadata.insert(STATUS, MetadataValue::from_static(name(status)));
    metadata.insert(EXECUTED, MetadataValue::from_static(executed.name()));
}

/// What a gRPC server, perhaps a gateway, said of a call that failed.
///
/// Without the trailer, nothing is known not to have been executed, since libraries of gRPC themselves say UNAVAILABLE of
/// calls that were under way.
pub fn from_grpc(grpc: &Grpc) -> Error {
    let said = |trailer| {
        let value = grpc.metadata().get(trailer)?;
        value.to_str().ok()
    };
    let named = said(STATUS).and_then(|said| TABLE.iter().find(|row| row.1 == said));
    let named = named
        .map(|row| row.0)
        .filter(|status| *status != Status::Ok);
    let status = named.unwrap_or_else(|| status(grpc.code()));
    let error = Error::new(status, format!("gRPC {:?}: {}", grpc.code(), text(grpc)));
    match said(EXECUTED) == Some(Executed::No.name()) {
        true => error.not_executed(),
        false => error,
    }
}

/// What it says, and what that came of, where this side knows.
fn text(grpc: &Grpc) -> String {
    let mut cause = grpc.source();
    while let Some(deeper) = cause.and_then(StdError::source) {
        cause = Some(deeper);
    }
    let message = grpc.message();
    match cause.map(ToString::to_string) {
        Some(cause) if !message.contains(&cause) => format!("{message}: {cause}"),
        _ => message.to_owned(),
    }
}

/// The status that a code stands for where nothing else is said. What cannot come of a call of calc_ipc is the handler's.
pub fn status(code: Code) -> Status {
    match code {
        Code::Ok => Status::Ok,
        Code::InvalidArgument => Status::InvalidArgument,
        Code::Internal => Status::Malformed,
        Code::OutOfRange => Status::TooLarge,
        Code::DeadlineExceeded => Status::TimedOut,
        Code::Unavailable | Code::Unknown => Status::Closed,
        Code::PermissionDenied | Code::Unauthenticated => Status::PermissionDenied,
        Code::ResourceExhausted => Status::Refused,
        Code::Unimplemented => Status::Unsupported,
        Code::Cancelled => Status::Cancelled,
        Code::Aborted
        | Code::AlreadyExists
        | Code::DataLoss
        | Code::FailedPrecondition
        | Code::NotFound => Status::HandlerFailed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: Status, executed: Executed) -> Error {
        let error = Error::new(status, "why");
        match executed {
            Executed::No => error.not_executed(),
            Executed::Maybe | Executed::Yes => error,
        }
    }

    #[test]
    fn every_status_has_one_row_and_a_name_of_its_own() {
        for status in Status::ALL {
            assert_eq!(row(status).0, status);
            assert_eq!(TABLE.iter().filter(|row| row.0 == status).count(), 1);
            let same = TABLE.iter().filter(|row| row.1 == name(status));
            assert_eq!(same.count(), 1, "{status}");
        }
    }

    #[test]
    fn the_manual_has_the_same_table() {
        let manual = include_str!("../README.md");
        let says = |status, executed| {
            let code = format!("| {} |", screaming(code(status, executed)));
            let mut rows = manual.lines().filter(|line| line.starts_with('|'));
            rows.any(|row| row.contains(&code) && row.contains(name(status)))
        };
        for status in Status::ALL {
            if status == Status::Ok {
                continue; // No failure.
            }
            for executed in [Executed::No, Executed::Maybe] {
                assert!(says(status, executed), "{status} {executed:?}");
            }
        }
    }

    /// A code as the documents of gRPC write it.
    fn screaming(code: Code) -> String {
        let mut text = String::new();
        for letter in format!("{code:?}").chars() {
            if letter.is_uppercase() && !text.is_empty() {
                text.push('_');
            }
            text.push(letter.to_ascii_uppercase());
        }
        text
    }

    #[test]
    fn unavailable_is_said_only_where_nothing_was_executed() {
        for status in Status::ALL {
            for executed in [Executed::Maybe, Executed::Yes] {
                assert_ne!(code(status, executed), Code::Unavailable, "{status}");
            }
        }
        for status in [Status::Closed, Status::PeerDied, Status::NotConnected] {
            assert_eq!(code(status, Executed::No), Code::Unavailable);
            assert_eq!(code(status, Executed::Maybe), Code::Unknown);
        }
    }

    #[test]
    fn a_failure_that_crosses_two_gateways_is_the_same() {
        for status in Status::ALL {
            if status == Status::Ok {
                continue; // No failure.
            }
            for executed in [Executed::No, Executed::Maybe] {
                let there = failure(status, executed);
                let back = from_grpc(&to_grpc(&there));
                assert_eq!(back.status(), status);
                assert_eq!(back.is_not_executed(), there.is_not_executed());
                assert!(back.to_string().contains("why"), "{back}");
            }
        }
    }

    #[test]
    fn what_other_servers_say_is_never_known_not_to_be_executed() {
        for number in 1..=16 {
            let grpc = Grpc::new(Code::from_i32(number), "why");
            let error = from_grpc(&grpc);
            assert!(!error.is_not_executed(), "{grpc:?}");
            assert_ne!(error.status(), Status::Ok, "{grpc:?}");
        }
    }

    #[test]
    fn an_answer_that_is_too_large_was_executed_and_a_request_was_not() {
        let answer = Error::new(Status::TooLarge, "");
        assert_eq!(Executed::of(&answer), Executed::Yes);
        assert_eq!(Executed::of(&answer.not_executed()), Executed::No);
    }
}
