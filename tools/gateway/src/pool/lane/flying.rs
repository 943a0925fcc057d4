//! The calls of a lane that were submitted.

use super::Reply;
use std::collections::VecDeque;

/// Calls that were submitted, by their tags, which grow.
#[derive(Default)]
pub(super) struct InFlight(VecDeque<Flying>);

/// A call that was submitted.
struct Flying {
    tag: u64,
    /// The client's number of it.
    id: u64,
    /// `None`: it is over, and only stays for those before it.
    reply: Option<Reply>,
}

impl InFlight {
    /// Adds a call, whose tag is the greatest.
    pub(super) fn push(&mut self, tag: u64, id: u64, reply: Reply) {
        let reply = Some(reply);
        self.0.push_back(Flying { tag, id, reply });
    }

    /// Takes a call that is over. Most come in order.
    pub(super) fn take(&mut self, tag: u64) -> Option<Reply> {
        let reply = self.place(tag)?.reply.take();
        while self.0.front().is_some_and(|first| first.reply.is_none()) {
            self.0.pop_front();
        }
        reply
    }

    /// The client's number of a call, if it is not over.
    pub(super) fn id(&mut self, tag: u64) -> Option<u64> {
        let call = self.place(tag)?;
        call.reply.is_some().then_some(call.id)
    }

    /// The client's numbers of the calls whose answers go where `is_meant` says.
    pub(super) fn ids_of(&self, is_meant: impl Fn(&Reply) -> bool) -> Vec<u64> {
        let meant = |call: &&Flying| call.reply.as_ref().is_some_and(&is_meant);
        self.0.iter().filter(meant).map(|call| call.id).collect()
    }

    fn place(&mut self, tag: u64) -> Option<&mut Flying> {
        let place = match self.0.front()?.tag == tag {
            true => 0,
            false => self.0.binary_search_by_key(&tag, |call| call.tag).ok()?,
        };
        self.0.get_mut(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[test]
    fn calls_end_in_any_order() {
        let mut calls = InFlight::default();
        // Tags were left out where calls found no place.
        for tag in [1, 2, 5, 9] {
            calls.push(tag, 10 * tag, Reply::One(oneshot::channel().0));
        }
        assert!(calls.take(3).is_none());
        assert!(calls.take(5).is_some());
        assert!(calls.take(5).is_none());
        assert_eq!(
            [1, 5, 9].map(|tag| calls.id(tag)),
            [Some(10), None, Some(90)]
        );
        assert_eq!(calls.ids_of(|_| true), [10, 20, 90]);
        assert!(calls.take(1).is_some());
        assert!(calls.take(2).is_some());
        assert_eq!(
            calls.0.len(),
            1,
            "what is over before the first that is not, stays not"
        );
        assert!(calls.take(9).is_some());
        assert!(calls.0.is_empty());
    }
}
