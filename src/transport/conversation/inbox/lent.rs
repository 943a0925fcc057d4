//! Reads that lose what they have no room for, as those of records do: each is given room for the longest record, which
//! no connection keeps while nothing is in it.

use super::{GROWTH, Inbox, KEPT_ROOM, Spare};
use crate::sys::room::{NoMemory, Room};
use std::mem;

impl Inbox {
    /// Room of `least` bytes, or more, for the next read; where there is no memory for it, `spare` room is given back.
    pub(crate) fn room_of(
        &mut self,
        least: usize,
        spare: Option<&mut Spare>,
    ) -> Result<&mut [u8], NoMemory> {
        if self.filled.is_empty() {
            self.filled = 0..0;
            if self.buffer.len() > KEPT_ROOM.max(least) {
                self.buffer = Room::empty();
            }
        }
        if self.buffer.len() - self.filled.end < least
            && let Err(lack) = self.make_room_of(least)
        {
            spare.ok_or(lack)?.give_back();
            self.make_room_of(least)?;
        }
        Ok(self.buffer.get_mut(self.filled.end..).unwrap_or_default())
    }

    /// Takes room that is lent for one read, if nothing is in its own.
    pub(crate) fn take_lent(&mut self, lent: &mut Room) {
        if self.filled.is_empty() && self.buffer.len() < lent.len() {
            self.buffer = mem::take(lent);
        }
    }

    /// Leaves all of its room to who reads next, if nothing is in it.
    pub(crate) fn give_back_lent(&mut self, lent: &mut Room) {
        if self.filled.is_empty() {
            let room = mem::take(&mut self.buffer);
            if room.len() > lent.len() && room.len() <= KEPT_ROOM {
                *lent = room;
            }
        }
    }

    /// Moves what is there to the front. If it leaves less than `least` bytes, makes more: as the frame at the head
    /// needs, as it grows with what has arrived, and `least` behind it, of which the last read needs few.
    fn make_room_of(&mut self, least: usize) -> Result<(), NoMemory> {
        self.move_to_front();
        let arrived = self.filled.end;
        if self.buffer.len() - arrived < least {
            let frame = self.needed().min(arrived * GROWTH);
            self.buffer.grow(frame.max(arrived) + least, 0..arrived)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::conversation::inbox::Piece;

    const LEAST: usize = KEPT_ROOM;

    /// Takes in these bytes as one record.
    fn record(inbox: &mut Inbox, bytes: &[u8]) {
        let room = inbox.room_of(LEAST, None).unwrap();
        assert!(room.len() >= LEAST, "{} bytes", room.len());
        room[..bytes.len()].copy_from_slice(bytes);
        inbox.fill(bytes.len());
    }

    fn frame(length: usize) -> Vec<u8> {
        let prefix = u32::try_from(length).unwrap().to_le_bytes();
        [&prefix[..], &vec![7; length]].concat()
    }

    #[test]
    fn each_read_has_room_for_a_record_whatever_is_there() {
        for (length, step) in [
            (9, 1),
            (LEAST, 1000),
            (1 << 20, LEAST),
            (1 << 20, LEAST - 1),
        ] {
            let mut inbox = Inbox::new(1 << 20);
            let frames = [frame(length), frame(5)].concat();
            let mut bodies = Vec::new();
            for part in frames.chunks(step) {
                record(&mut inbox, part);
                while let Some(Piece::Body(body)) = inbox.next() {
                    bodies.push(inbox.bytes(body).to_vec());
                }
            }
            assert_eq!(bodies, [vec![7; length], vec![7; 5]]);
        }
    }

    #[test]
    fn a_long_frame_is_not_copied_for_room_behind_its_end() {
        let frame = frame(1 << 20);
        let mut inbox = Inbox::new(1 << 20);
        let (before, last) = frame.split_at(frame.len() - 1);
        before
            .chunks(LEAST)
            .for_each(|part| record(&mut inbox, part));
        let room = inbox.buffer.len();
        record(&mut inbox, last);
        assert_eq!(inbox.buffer.len(), room);
        assert!(room <= frame.len() + LEAST);
        assert!(inbox.next().is_some());
    }

    #[test]
    fn room_that_is_lent_goes_to_who_reads_next() {
        let mut lent = Room::empty();
        for _ in 0..2 {
            let mut inbox = Inbox::new(100);
            inbox.take_lent(&mut lent);
            assert_eq!(lent.len(), 0);
            record(&mut inbox, &frame(9));
            inbox.give_back_lent(&mut lent);
            assert_eq!(lent.len(), 0, "a frame is in it");
            assert!(inbox.next().is_some());
            inbox.give_back_lent(&mut lent);
            assert_eq!((lent.len(), inbox.buffer.len()), (LEAST, 0));
        }
    }

    #[test]
    fn no_room_is_taken_from_an_inbox_that_has_as_much() {
        let mut inbox = Inbox::new(100);
        record(&mut inbox, b"");
        let mut lent = Room::new(LEAST).unwrap();
        inbox.take_lent(&mut lent);
        assert_eq!(lent.len(), LEAST);
    }

    #[test]
    fn large_room_is_neither_kept_nor_lent() {
        let mut inbox = Inbox::new(1 << 20);
        record(&mut inbox, &frame(LEAST)[..LEAST]);
        record(&mut inbox, &frame(LEAST)[LEAST..]);
        assert!(inbox.next().is_some());
        let mut lent = Room::empty();
        inbox.room_of(LEAST, None).unwrap();
        assert_eq!(inbox.buffer.len(), LEAST);
        inbox.buffer = Room::new(LEAST + 1).unwrap();
        inbox.give_back_lent(&mut lent);
        assert_eq!((lent.len(), inbox.buffer.len()), (0, 0));
    }

    #[test]
    fn bytes_are_taken_as_far_as_they_are_wanted() {
        let mut inbox = Inbox::new(100);
        record(&mut inbox, b"abcdef");
        let mut taken = [0; 4];
        assert_eq!((inbox.take(&mut taken), &taken), (4, b"abcd"));
        assert_eq!((inbox.take(&mut taken), &taken[..2]), (2, &b"ef"[..]));
        assert_eq!(inbox.take(&mut taken), 0);
    }
}
