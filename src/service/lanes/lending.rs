//! What calls that nobody waits for get of the lanes, and what they give back.

use super::Seen;
use crate::error::Error;
use crate::service::calls::Calls;
use crate::transport::Opening;

/// What there is for calls that nobody waits for.
pub(in crate::service) enum Lent {
    /// The connection of this lane.
    Calls(usize, Calls),
    /// That which this lane will have.
    Opening(usize, Opening),
    /// Nothing: they have all that live.
    Theirs,
    /// Nothing as long as calls that are waited for have lanes.
    Taken,
    /// Nothing, for this reason.
    Lost(Error),
}

/// What comes back of a lane in flight.
pub(in crate::service) enum Returned {
    /// Its connection.
    Calls(Calls),
    /// It has none, since none could be made.
    Nothing,
    /// Nothing comes back: it is in flight.
    No,
}

impl Lent {
    pub(super) fn without(seen: Seen) -> Self {
        match seen.lost {
            _ if seen.is_taken => Self::Taken,
            Some(error) if seen.in_flight == 0 => Self::Lost(error),
            _ => Self::Theirs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    #[test]
    fn a_lost_connection_is_the_failure_where_no_other_lives() {
        let lent = |is_taken, in_flight| {
            let lost = Some(Error::new(Status::Closed, "it has ended"));
            Lent::without(Seen {
                is_taken,
                in_flight,
                lost,
            })
        };
        assert!(matches!(lent(false, 0), Lent::Lost(_)));
        assert!(matches!(lent(false, 1), Lent::Theirs));
        assert!(matches!(lent(true, 0), Lent::Taken));
    }
}
