//! Why calls fail, whether somebody waits for them or not.

use super::Flight;
use crate::error::{Error, Status};
use crate::service::lanes::PANICKED;
use crate::sys::try_lock::Untaken;
use std::borrow::Cow;

/// Why calls end once the client was stopped.
const STOPPED: &str = "the client was stopped";

impl Flight {
    #[cold]
    pub(super) fn unsent(&self, error: Error) -> Error {
        error.at(&self.peer).not_executed()
    }

    /// The failure of what was not begun.
    #[cold]
    pub(in crate::service) fn turned_away(
        &self,
        status: Status,
        why: impl Into<Cow<'static, str>>,
    ) -> Error {
        Error::new(status, why).at(&self.peer).not_executed()
    }

    /// The failure to find a connection that no call has.
    #[cold]
    pub(in crate::service) fn taken(&self) -> Error {
        let why = "another call on this client is under way; each thread needs a client of its own, or the option connections";
        self.turned_away(Status::Busy, why)
    }

    /// The failure to find what was lent to the host.
    #[cold]
    pub(in crate::service) fn no_loan(&self) -> Error {
        let why = "the message is no loan of this client's, or was given back";
        self.turned_away(Status::InvalidArgument, why)
    }

    /// The failure to have a loan to oneself.
    #[cold]
    pub(in crate::service) fn loan_untaken(&self, why: Untaken) -> Error {
        match why {
            Untaken::Busy => {
                self.turned_away(Status::Busy, "another call with this loan is under way")
            }
            Untaken::Poisoned => self.turned_away(Status::Internal, PANICKED),
        }
    }

    /// The failure of what is called once the client was stopped.
    pub(in crate::service) fn stopped(&self) -> Error {
        self.turned_away(Status::Cancelled, STOPPED)
    }

    /// Why a call of any kind failed: once the client was stopped, that is why its connection ended.
    #[cold]
    pub(in crate::service) fn told(&self, error: Error) -> Error {
        let may_be_the_stop = matches!(
            error.status(),
            Status::Closed | Status::PeerDied | Status::System | Status::TimedOut
        );
        if !may_be_the_stop || !self.is_stopped() {
            return error;
        }
        let stopped = Error::new(Status::Cancelled, STOPPED).at(&self.peer);
        match error.is_not_executed() {
            true => stopped.not_executed(),
            false => stopped,
        }
    }

    pub(super) fn none_came() -> Error {
        Error::new(Status::TimedOut, "no completion came")
    }
}
