//! Who the clients of a server are.

use crate::sys::credentials::Credentials;
use std::sync::atomic::{AtomicU64, Ordering};

/// Who a client of a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// The number of its connection, which no other one of the server's ever has.
    pub connection: u64,
    /// The process that connected, as far as the system says so.
    pub credentials: Credentials,
}

impl Visitor {
    /// No client.
    pub(crate) const NOBODY: Self = Self {
        connection: 0,
        credentials: Credentials::UNKNOWN,
    };

    /// The one client of a server that has no other.
    pub(crate) fn alone(credentials: Credentials) -> Self {
        Visitors::default().next(credentials)
    }
}

/// Numbers the visitors of one server, from 1 on.
#[derive(Debug, Default)]
pub(crate) struct Visitors(AtomicU64);

impl Visitors {
    /// The next one.
    pub(crate) fn next(&self, credentials: Credentials) -> Visitor {
        Visitor {
            connection: self.0.fetch_add(1, Ordering::Relaxed) + 1,
            credentials,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_have_the_same_number() {
        let visitors = Visitors::default();
        let numbers = [(); 3].map(|()| visitors.next(Credentials::UNKNOWN).connection);
        assert_eq!(numbers, [1, 2, 3]);
        let alone = Visitor::alone(Credentials::of_user(7));
        assert_eq!((alone.connection, alone.credentials.uid), (1, Some(7)));
    }
}
