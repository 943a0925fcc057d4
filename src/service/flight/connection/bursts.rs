//! How many calls a client submits before it takes completions.

/// Fewer are not worth waiting for.
const WORTH: usize = 8;

/// How many calls were submitted since completions were taken, and how many usually are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bursts {
    now: usize,
    last: usize,
    /// As many came the last two times, or 0: nobody knows.
    usual: usize,
}

impl Bursts {
    /// The same once one more call is submitted.
    #[inline]
    pub(super) fn grown(self) -> Self {
        Self {
            now: self.now + 1,
            ..self
        }
    }

    /// One more call is submitted.
    #[inline]
    pub(super) fn grow(&mut self) {
        *self = self.grown();
    }

    /// Completions are taken.
    #[inline]
    pub(super) fn end(&mut self) {
        if self.now > 0 {
            self.begin_anew();
        }
    }

    fn begin_anew(&mut self) {
        let usual = self.now.min(self.last);
        self.usual = if usual < WORTH { 0 } else { usual };
        (self.now, self.last) = (0, self.now);
    }

    /// Whether others usually follow at once.
    #[inline]
    pub(super) fn goes_on(&self) -> bool {
        self.now < self.usual
    }

    /// Whether half of the usual calls have been submitted, or all: they are to be sent, the first half so that the server has
    /// something to do meanwhile.
    #[inline]
    pub(super) fn is_due(&self) -> bool {
        self.now == self.usual || self.now == self.usual / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many calls are submitted; which of them others were expected to follow, and behind which all were due.
    fn burst(bursts: &mut Bursts, count: usize) -> [Vec<usize>; 2] {
        let mut found = [const { Vec::new() }; 2];
        for number in 1..=count {
            bursts.grow();
            let [going_on, due] = &mut found;
            going_on.extend(bursts.goes_on().then_some(number));
            due.extend(bursts.is_due().then_some(number));
        }
        bursts.end();
        found
    }

    #[test]
    fn what_came_twice_is_expected_and_due_in_two_halves() {
        let mut bursts = Bursts::default();
        let none = [vec![], vec![]];
        assert_eq!(burst(&mut bursts, 11), none);
        assert_eq!(burst(&mut bursts, 9), none);
        assert_eq!(burst(&mut bursts, 12), [(1..9).collect(), vec![4, 9]]);
        assert_eq!(burst(&mut bursts, 1), [vec![1], vec![]]);
        assert_eq!(burst(&mut bursts, 12), none);
        assert_eq!(burst(&mut bursts, 12), none);
        bursts.end(); // Nothing was submitted.
        assert_eq!(burst(&mut bursts, 2), [vec![1, 2], vec![]]);
    }

    #[test]
    fn few_calls_are_not_worth_waiting_for() {
        let mut bursts = Bursts::default();
        for _ in 0..3 {
            assert_eq!(burst(&mut bursts, WORTH - 1), [vec![], vec![]]);
        }
    }
}
