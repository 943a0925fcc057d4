//! Large room that one connection is done with, for the next that needs some.

use crate::sys::room::{NoMemory, Room};
use std::mem;

/// Room that a thread keeps for whoever has a long message next. Making 1 MiB of room anew takes longer than filling it, and the
/// system takes as long as a copy to make zeros of 16 MiB.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    /// For requests of up to [`USUAL_ROOM`].
    usual: Room,
    /// For longer ones, apart, so that one of those does not cost the others their room: long room is lent late.
    long: Room,
    /// For answers, of the outbox's size.
    pub(super) answers: Room,
    /// For copies of a few answers.
    backlog: Room,
    /// What every read needs where it may lose what it has no room for: lent while there is something to read.
    pub(super) reading: Room,
    /// Large room was in use since that was asked last.
    pub(crate) was_used: bool,
}

/// The most room that is usual.
pub(super) const USUAL_ROOM: usize = 4 << 20;
/// Room that is made anew as fast as it is kept.
const SHORT_ROOM: usize = 64 << 10;
/// Room is lent to a frame of which a part like this has arrived.
pub(super) const LENT_FOR: usize = 16;

impl Spare {
    /// The length of the longest room for requests.
    #[inline]
    pub(super) fn longest(&self) -> usize {
        self.usual.len().max(self.long.len())
    }

    /// Room for a frame of so many bytes that has earned it, since so much of it has arrived.
    pub(super) fn earned(&mut self, needed: usize, arrived: usize) -> Option<&mut Room> {
        let fits = |room: &&mut Room| needed <= room.len() && room.len() / LENT_FOR <= arrived;
        [&mut self.usual, &mut self.long].into_iter().find(fits)
    }

    /// The place of room of this length, where that is longer than what is there: whoever has it is done with it.
    pub(super) fn place_for(&mut self, length: usize) -> Option<&mut Room> {
        self.was_used = true;
        let place = match length <= USUAL_ROOM {
            true => &mut self.usual,
            false => &mut self.long,
        };
        (length > place.len()).then_some(place)
    }

    /// Takes room of so many bytes, or more, if there is any.
    pub(crate) fn take(&mut self, least: usize) -> Option<Room> {
        let rooms = [&mut self.usual, &mut self.long];
        let room = rooms.into_iter().find(|room| room.len() >= least)?;
        Some(mem::take(room))
    }

    /// Keeps room that somebody is done with, unless there is as much.
    pub(crate) fn put(&mut self, room: Room) {
        if let Some(place) = self.place_for(room.len()) {
            *place = room;
        }
    }

    /// A copy of these bytes, in at most twice as much room.
    pub(super) fn copy_of(&mut self, bytes: &[u8]) -> Result<Room, NoMemory> {
        let length = bytes.len();
        let mut room = match (length..=2 * length).contains(&self.backlog.len()) {
            true => mem::take(&mut self.backlog),
            false => Room::new(length)?,
        };
        let (place, _) = room.split_at_mut(length);
        place.copy_from_slice(bytes);
        Ok(room)
    }

    /// Takes such a copy back that nobody needs any more.
    pub(super) fn take_back(&mut self, copy: Room) {
        if copy.len() > SHORT_ROOM {
            (self.backlog, self.was_used) = (copy, true);
        }
    }

    /// Whether large room was in use since that was asked last.
    #[inline]
    pub(crate) fn was_used(&mut self) -> bool {
        mem::take(&mut self.was_used)
    }

    /// Gives all large room back.
    pub(crate) fn trim(&mut self) {
        *self = Self {
            reading: mem::take(&mut self.reading),
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(length: usize) -> Room {
        Room::new(length).unwrap()
    }

    #[test]
    fn long_room_and_usual_room_are_kept_apart() {
        let mut spare = Spare::default();
        assert!(!spare.was_used());
        for length in [USUAL_ROOM, USUAL_ROOM + 1, 100, USUAL_ROOM + 9] {
            spare.put(room(length));
        }
        assert!(spare.was_used() && !spare.was_used());
        assert_eq!(
            (spare.usual.len(), spare.long.len(), spare.longest()),
            (USUAL_ROOM, USUAL_ROOM + 9, USUAL_ROOM + 9)
        );
        assert_eq!(spare.take(7).map(|room| room.len()), Some(USUAL_ROOM));
        assert_eq!(spare.take(7).map(|room| room.len()), Some(USUAL_ROOM + 9));
        assert!(spare.take(1).is_none());
    }

    #[test]
    fn room_that_is_too_short_is_not_taken() {
        let mut spare = Spare::default();
        spare.put(room(100));
        assert!(spare.take(101).is_none());
        assert_eq!(spare.take(100).map(|room| room.len()), Some(100));
    }

    #[test]
    fn nothing_is_left_after_a_trim() {
        let mut spare = Spare::default();
        spare.put(room(1 << 20));
        spare.put(room(USUAL_ROOM + 1));
        spare.answers = room(1);
        spare.take_back(room(1 << 20));
        spare.reading = room(9);
        spare.trim();
        let rooms = [&spare.usual, &spare.long, &spare.answers, &spare.backlog];
        assert_eq!(rooms.map(|room| room.len()), [0; 4]);
        assert_eq!(spare.reading.len(), 9, "every read needs it");
    }

    #[test]
    fn a_copy_lies_in_room_that_another_had_if_that_is_not_much_longer() {
        let mut spare = Spare::default();
        for (length, has) in [
            (70_000, true),
            (140_000, true),
            (140_001, false),
            (69_999, false),
        ] {
            spare.take_back(room(length));
            let copy = spare.copy_of(&[7; 70_000]).unwrap();
            assert_eq!(copy[..70_000], [7; 70_000]);
            assert_eq!(copy.len(), if has { length } else { 70_000 });
            assert_eq!(spare.backlog.len(), if has { 0 } else { length });
        }
        assert!(spare.was_used());
        spare.take_back(room(SHORT_ROOM));
        assert!(!spare.was_used(), "short room is not kept");
    }
}
