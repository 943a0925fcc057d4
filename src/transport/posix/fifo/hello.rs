//! How a client announces itself: one record, and two FIFOs with names that follow from it.

use crate::sys::{file, random};
use crate::transport::posix::claim::with_suffix;
use std::io;
use std::path::{Path, PathBuf};

/// The bytes of a record.
pub(super) const RECORD: usize = 64;

const MAGIC: [u8; 8] = *b"calcfifo";
const VERSION: u32 = 1;
const ID: usize = 16;

/// The id of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id([u8; ID]);

impl Id {
    /// A random id. If another client has it, making its FIFO fails.
    pub(super) fn random() -> io::Result<Self> {
        Ok(Self(random::bytes()?))
    }

    /// Magic, version (little-endian), id, zeros.
    pub(super) fn to_record(self) -> [u8; RECORD] {
        let mut record = [0; RECORD];
        let fields = MAGIC
            .iter()
            .chain(&VERSION.to_le_bytes())
            .chain(&self.0)
            .copied()
            .collect::<Vec<_>>();
        record
            .iter_mut()
            .zip(fields)
            .for_each(|(to, from)| *to = from);
        record
    }

    /// The id in a record; `None` when it is no record of this version.
    pub(super) fn from_record(record: &[u8; RECORD]) -> Option<Self> {
        let rest = record.strip_prefix(&MAGIC)?;
        let rest = rest.strip_prefix(&VERSION.to_le_bytes())?;
        let (id, zeros) = rest.split_first_chunk()?;
        zeros.iter().all(|&byte| byte == 0).then_some(Self(*id))
    }

    /// The id in the name of a client's answer FIFO.
    pub(super) fn from_hex(hex: &str) -> Option<Self> {
        let is_canonical = hex.len() == 2 * ID
            && hex
                .bytes()
                .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        let number = u128::from_str_radix(hex, 16).ok()?;
        is_canonical.then_some(Self(number.to_be_bytes()))
    }

    fn to_hex(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }
}

/// Records as they come out of a FIFO. Each was written whole (PIPE_BUF), so nothing splits one; but
/// anybody of this user may write something else between two, and that is skipped byte by byte.
#[derive(Debug)]
pub(super) struct Records {
    bytes: [u8; RECORD],
    /// How many have come. They may be the beginning of a record.
    filled: usize,
}

const WITHIN: &str = "no more comes than there is room for";

impl Records {
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; RECORD],
            filled: 0,
        }
    }

    /// Room for the rest of a record.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.filled..).expect(WITHIN)
    }

    /// `count` bytes of the room were filled; gives the id if they end a record.
    pub(super) fn fill(&mut self, count: usize) -> Option<Id> {
        self.filled += count;
        let id = Id::from_record(&self.bytes).filter(|_| self.filled == RECORD);
        let from = match id {
            Some(_) => RECORD,
            None => self.next_beginning(),
        };
        self.bytes.copy_within(from..self.filled, 0);
        self.filled -= from;
        id
    }

    /// The first place at which a record may begin; not 0 if a whole record's bytes from there were none.
    fn next_beginning(&self) -> usize {
        let filled = self.bytes.get(..self.filled).expect(WITHIN);
        let may_begin = |&at: &usize| {
            let rest = filled.get(at..).expect(WITHIN);
            rest.iter().zip(&MAGIC).all(|(one, other)| one == other)
        };
        let first = usize::from(self.filled == RECORD);
        (first..self.filled).find(may_begin).unwrap_or(self.filled)
    }
}

/// The FIFO to which clients write their records.
pub(super) fn hello_path(request: &Path) -> PathBuf {
    with_suffix(request, ".hello")
}

/// The names of a client's own pair.
#[derive(Clone, Debug)]
pub(super) struct PairNames {
    /// Carries its requests.
    pub(super) requests: PathBuf,
    /// Carries its answers. It is made first and opened at once.
    pub(super) answers: PathBuf,
}

impl PairNames {
    pub(super) fn new(request: &Path, id: Id) -> Self {
        Self {
            requests: with_suffix(request, &format!(".{}.q", id.to_hex())),
            answers: with_suffix(request, &format!(".{}.a", id.to_hex())),
        }
    }

    /// Removes both.
    pub(super) fn remove(&self) {
        let _ = file::remove(&self.requests);
        let _ = file::remove(&self.answers);
    }
}

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests {
    use super::*;

    #[test]
    fn records_and_names_give_the_id_back() {
        let id = Id::random().unwrap();
        assert_ne!(id, Id::random().unwrap());
        assert_eq!(Id::from_record(&id.to_record()), Some(id));
        assert_eq!(Id::from_hex(&id.to_hex()), Some(id));
    }

    #[test]
    fn records_are_found_between_anything_else() {
        let ids: Vec<_> = (0..4).map(|_| Id::random().unwrap()).collect();
        let cut = &ids[0].to_record()[..40];
        for nonsense in [&b"x"[..], b"calcfif", b"calccalcfifo", &[0; 100], cut] {
            let stream: Vec<_> = ids
                .iter()
                .flat_map(|id| [nonsense, &id.to_record()].concat())
                .collect();
            for step in [1, 5, RECORD] {
                let mut records = Records::new();
                let (mut found, mut rest) = (Vec::new(), &stream[..]);
                while !rest.is_empty() {
                    let room = records.room();
                    let count = room.len().min(rest.len()).min(step);
                    room[..count].copy_from_slice(&rest[..count]);
                    rest = &rest[count..];
                    found.extend(records.fill(count));
                }
                assert_eq!(found, ids, "{nonsense:?} in steps of {step}");
            }
        }
    }

    #[test]
    fn what_is_no_record_is_not_taken() {
        let record = Id::random().unwrap().to_record();
        for place in (0..12).chain(28..RECORD) {
            let mut other = record;
            other[place] ^= 1;
            assert_eq!(Id::from_record(&other), None, "byte {place}");
        }
        assert_eq!(Id::from_hex("../../../../../../../../etc/passw"), None);
        assert_eq!(Id::from_hex("+0000000000000000000000000000000"), None);
        assert_eq!(Id::from_hex(&"A".repeat(32)), None);
    }
}
