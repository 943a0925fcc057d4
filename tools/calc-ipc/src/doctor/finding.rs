//! What can be found, and what to do about it.

use crate::sys;
use calc_ipc::error::{Error, Status};
use serde::Serialize;

/// What it comes down to. The names are for scripts, and stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    Healthy,
    NoServer,
    /// The name of a server that died is still there; on Windows, names go with servers.
    #[cfg_attr(windows, expect(dead_code, reason = "see above"))]
    LeftOver,
    /// A server has the address, but does not let anybody in yet, or any more.
    NotListening,
    /// Something that is no endpoint has the name.
    WrongKind,
    /// A server, or a name, of somebody who is not trusted.
    WrongOwner,
    PermissionDenied,
    #[cfg_attr(windows, expect(dead_code, reason = "no name is that of a file"))]
    PathTooLong,
    BadAddress,
    NameResolution,
    /// It serves programs of its own machine only.
    RemoteNotAllowed,
    Full,
    NoAnswer,
    /// Something answers that this version does not understand.
    VersionMismatch,
    HandlerFailed,
    /// It ended instead of answering.
    Ended,
    Other,
}

impl Verdict {
    /// Its name, as in JSON.
    pub(super) fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            _ => format!("{self:?}"),
        }
    }
}

/// A verdict with its reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    pub(super) explanation: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<String>,
}

impl Finding {
    /// A finding that needs no advice, or that none can be given on.
    pub(super) fn new(verdict: Verdict, explanation: impl Into<String>) -> Self {
        Self {
            verdict,
            explanation: explanation.into(),
            advice: None,
        }
    }

    /// With what to do about it.
    pub(super) fn advise(self, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }

    pub(super) fn full() -> Self {
        let explanation = "a server is there, but has as many clients as it takes";
        Self::new(Verdict::Full, explanation)
            .advise("end a client, or serve with a greater --max-clients")
    }

    pub(super) fn version_mismatch() -> Self {
        let explanation =
            "what answers there speaks another protocol, or another version of this one";
        Self::new(Verdict::VersionMismatch, explanation)
            .advise("use the same version of calc_ipc on both sides, or another address")
    }

    pub(super) fn handler_failed() -> Self {
        let explanation = "the connection works, but the server's handler fails at this message";
        Self::new(Verdict::HandlerFailed, explanation)
    }

    /// A server that took the connection says nothing; it is this process, if that is known.
    pub(super) fn no_answer(process: Option<u32>) -> Self {
        let Some(process) = process else {
            return Self::new(Verdict::NoAnswer, "a server is there, but does not answer");
        };
        if sys::is_stopped(process) {
            let explanation = format!("process {process} has the address, but is stopped");
            return Self::new(Verdict::NoAnswer, explanation)
                .advise(format!("continue it: kill -CONT {process}"));
        }
        let explanation = format!("process {process} has the address, but does not answer");
        Self::new(Verdict::NoAnswer, explanation)
            .advise("it may be busy with others: try a greater --timeout; or its handler hangs")
    }

    /// What nobody thought of: the library's own words have to do.
    pub(super) fn other(error: &Error) -> Self {
        let verdict = match error.status() {
            Status::TimedOut => Verdict::NoAnswer,
            Status::Closed | Status::PeerDied => Verdict::Ended,
            Status::PermissionDenied => Verdict::PermissionDenied,
            Status::InvalidArgument => Verdict::BadAddress,
            _ => Verdict::Other,
        };
        Self::new(verdict, error.context())
    }
}
