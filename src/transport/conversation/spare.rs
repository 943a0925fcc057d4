//! Large room that one connection is done with, for the next that needs some.

use crate::protocol::frame::PREFIX;
use crate::sys::room::{NoMemory, Room};
use std::mem;

/// Room that a thread keeps for whoever has a large message next. Making 1 MiB of room anew takes longer than filling it, and the
/// system takes as long as a copy to make zeros of 16 MiB. What is longer than [`USUAL_ROOM`] is kept while such is in use, until a trim.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    /// For requests of up to [`USUAL_ROOM`].
    usual: Room,
    /// For longer ones alone, so that others do not keep it in use.
    long: Room,
    /// For answers, of the outbox's size.
    pub(super) answers: Room,
    /// For copies of a few answers.
    backlog: Room,
    /// What every read needs where it may lose what it has no room for: lent while there is something to read.
    pub(super) reading: Room,
    /// Long room was in use since that was asked last.
    pub(super) was_used: bool,
}

/// The most room that is kept for good.
pub(super) const USUAL_ROOM: usize = 4 << 20;
/// The most room that a peer keeps while it has nothing in it, and that one read asks for: the longest
/// frame that a limit lets in which nobody changed. With less, each one would get room and give it back.
pub(crate) const KEPT_ROOM: usize = PREFIX + (64 << 10);
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
        let room = self.kept_for(needed);
        (needed <= room.len() && room.len() / LENT_FOR <= arrived).then_some(room)
    }

    /// The place of room of this length, where that is longer than what is there: whoever has it is done with it.
    pub(super) fn place_for(&mut self, length: usize) -> Option<&mut Room> {
        self.was_used |= length > USUAL_ROOM;
        let place = self.kept_for(length);
        (length > place.len()).then_some(place)
    }

    /// The room that is kept for so many bytes.
    fn kept_for(&mut self, bytes: usize) -> &mut Room {
        match bytes <= USUAL_ROOM {
            true => &mut self.usual,
            false => &mut self.long,
        }
    }

    /// Room of so many bytes, or more. Where there is no memory for it, none is kept for others.
    pub(crate) fn take(&mut self, least: usize) -> Result<Room, NoMemory> {
        let room = self.kept_for(least);
        match room.len() >= least {
            true => Ok(mem::take(room)),
            false => self.make(least),
        }
    }

    /// Makes room, if need be of what is kept.
    pub(super) fn make(&mut self, length: usize) -> Result<Room, NoMemory> {
        Room::new(length).or_else(|_| {
            self.give_back();
            Room::new(length)
        })
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
            false => self.make(length)?,
        };
        let (place, _) = room.split_at_mut(length);
        place.copy_from_slice(bytes);
        Ok(room)
    }

    /// Takes such a copy back that nobody needs any more.
    pub(super) fn take_back(&mut self, copy: Room) {
        if copy.len() > KEPT_ROOM {
            self.was_used |= copy.len() > USUAL_ROOM;
            self.backlog = copy;
        }
    }

    /// Whether long room was in use since that was asked last.
    #[inline]
    pub(crate) fn was_used(&mut self) -> bool {
        mem::take(&mut self.was_used)
    }

    /// Gives long room back.
    pub(crate) fn trim(&mut self) {
        for room in [&mut self.long, &mut self.answers, &mut self.backlog] {
            if room.len() > USUAL_ROOM {
                *room = Room::empty();
            }
        }
    }

    /// Gives all room back.
    #[cold]
    pub(super) fn give_back(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: usize = USUAL_ROOM + 1;

    fn room(length: usize) -> Room {
        Room::new(length).unwrap()
    }

    #[test]
    fn long_room_and_usual_room_are_kept_apart() {
        let mut spare = Spare::default();
        for (length, is_long) in [
            (USUAL_ROOM, false),
            (LONG, true),
            (100, false),
            (LONG + 9, true),
        ] {
            spare.put(room(length));
            assert_eq!(spare.was_used(), is_long, "{length} bytes");
            assert!(!spare.was_used(), "it was asked before");
        }
        assert_eq!(
            (spare.usual.len(), spare.long.len(), spare.longest()),
            (USUAL_ROOM, LONG + 9, LONG + 9)
        );
        let mut take = |least| spare.take(least).unwrap().len();
        assert_eq!((take(7), take(7)), (USUAL_ROOM, 7), "not the long one");
        assert_eq!((take(LONG), take(LONG)), (LONG + 9, LONG));
    }

    #[test]
    fn room_that_is_too_short_is_not_taken() {
        let mut spare = Spare::default();
        spare.put(room(100));
        assert_eq!(spare.take(101).unwrap().len(), 101);
        assert_eq!(spare.take(100).unwrap().len(), 100);
    }

    #[test]
    fn a_trim_leaves_what_is_usual() {
        let mut spare = Spare::default();
        for (length, left) in [(USUAL_ROOM, USUAL_ROOM), (LONG, 0)] {
            spare.put(room(length));
            spare.answers = room(length);
            spare.take_back(room(length));
            spare.trim();
            assert_eq!((spare.usual.len(), spare.long.len()), (USUAL_ROOM, 0));
            assert_eq!((spare.answers.len(), spare.backlog.len()), (left, left));
        }
    }

    #[test]
    fn without_memory_nothing_is_kept() {
        let mut spare = Spare::default();
        for length in [100, LONG] {
            spare.put(room(length));
            spare.take_back(room(length));
        }
        spare.make(isize::MAX as usize).unwrap_err(); // More than there can be, with 32 bits, too.
        assert_eq!((spare.longest(), spare.backlog.len()), (0, 0));
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
        assert!(!spare.was_used(), "none is long");
        spare.backlog = Room::empty();
        spare.take_back(room(KEPT_ROOM));
        assert_eq!(spare.backlog.len(), 0, "short room is not kept");
        spare.take_back(room(LONG));
        assert!(spare.was_used());
    }
}
