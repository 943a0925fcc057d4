//! Whether more peers ask at a time than there are processors for them.

/// A count takes so many rounds of the thread, each of which ends in sleep, or after
/// [`LAPS_LAST`](super::pace::LAPS_LAST): a few turns of the scheduler's.
const ROUNDS: u32 = 256;

/// Which count a peer was counted in last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted(u32);

/// Counts the peers that ask, again and again.
#[derive(Debug)]
pub(super) struct Crowd {
    /// The number of the count; no peer bears it before it begins.
    number: u32,
    rounds: u32,
    peers: usize,
    /// So many are a crowd.
    least: usize,
    /// The last count found one.
    is_there: bool,
}

impl Crowd {
    /// That of a thread for whose peers there are so many processors.
    pub(super) fn on(processors: usize) -> Self {
        Self {
            number: 1,
            rounds: 0,
            peers: 0,
            least: processors.max(1),
            is_there: false,
        }
    }

    /// Whether the last count found a crowd.
    #[inline]
    pub(super) fn is_there(&self) -> bool {
        self.is_there
    }

    /// A peer asked that was counted last in this count.
    #[inline]
    pub(super) fn note(&mut self, counted: &mut Counted) {
        self.peers += usize::from(counted.0 != self.number);
        counted.0 = self.number;
    }

    /// A round is over; `true`: the next count begins with it.
    #[inline]
    pub(super) fn passes(&mut self) -> bool {
        self.rounds += 1;
        self.rounds == ROUNDS
    }

    /// Begins the next count.
    pub(super) fn count_again(&mut self) {
        self.is_there = self.peers > self.least;
        self.number = self.number.wrapping_add(1);
        (self.rounds, self.peers) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a count says in which these peers ask.
    fn count(crowd: &mut Crowd, peers: &mut [Counted]) -> bool {
        while !crowd.passes() {
            peers.iter_mut().for_each(|counted| crowd.note(counted));
        }
        crowd.count_again();
        crowd.is_there()
    }

    #[test]
    fn a_crowd_is_more_peers_than_processors_each_of_which_counts_once() {
        let mut crowd = Crowd::on(2);
        let mut peers = [Counted::default(); 9];
        assert!(!crowd.is_there());
        for (asking, is_crowd) in [(0, false), (2, false), (3, true), (9, true), (1, false)] {
            assert_eq!(
                count(&mut crowd, &mut peers[..asking]),
                is_crowd,
                "{asking}"
            );
        }
    }

    #[test]
    fn a_count_stands_until_the_next_is_over() {
        let mut crowd = Crowd::on(1);
        let mut peers = [Counted::default(); 2];
        count(&mut crowd, &mut peers);
        let rounds = (0..).take_while(|_| crowd.is_there() && !crowd.passes());
        assert_eq!(u32::try_from(rounds.count()), Ok(ROUNDS - 1));
        crowd.count_again();
        assert!(!crowd.is_there());
    }
}
