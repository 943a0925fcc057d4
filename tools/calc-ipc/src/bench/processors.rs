//! Processors: who may run on which, and for how long it has.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use super::report::Placement;
use crate::exit::Failure;
#[cfg(unix)]
pub(super) use unix::{move_to, starting_on, time_used};
#[cfg(unix)]
use unix::{own, siblings};
#[cfg(windows)]
pub(super) use windows::{move_to, starting_on, time_used};
#[cfg(windows)]
use windows::{own, siblings};

/// The processors that this program may use.
pub(super) struct Processors {
    all: Vec<usize>,
}

/// Where both sides run.
#[derive(Clone, Debug)]
pub(super) struct Seats {
    pub(super) server: Vec<usize>,
    pub(super) client: Vec<usize>,
}

impl Processors {
    pub(super) fn find() -> Result<Self, Failure> {
        Ok(Self { all: own()? })
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// The seats for a placement; `None` where there are too few processors.
    pub(super) fn seats(&self, placement: Placement) -> Option<Seats> {
        let first = *self.all.first()?;
        let seats = |server, client| Seats { server, client };
        match placement {
            Placement::OneCore => Some(seats(vec![first], vec![first])),
            Placement::Anywhere => Some(seats(self.all.clone(), self.all.clone())),
            Placement::TwoCores => Some(seats(vec![first], vec![self.partner(first)?])),
        }
    }

    /// A processor of another core if there is one: two threads of one core share more than two cores do.
    fn partner(&self, first: usize) -> Option<usize> {
        let siblings = siblings(first);
        let others = || self.all.iter().copied().filter(|&cpu| cpu != first);
        others()
            .find(|cpu| !siblings.contains(cpu))
            .or_else(|| others().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_need_processors() {
        let one = Processors { all: vec![3] };
        assert_eq!(one.seats(Placement::OneCore).unwrap().client, [3]);
        assert!(one.seats(Placement::TwoCores).is_none());
        let two = Processors {
            all: vec![1000, 2000],
        };
        let seats = two.seats(Placement::TwoCores).unwrap();
        assert_eq!((seats.server, seats.client), (vec![1000], vec![2000]));
    }
}
