//! Lines of an input that may never end, as they come.

use std::io::{self, ErrorKind, Read};

/// The longest line, in bytes with its end, and the most that is read at once.
const CAPACITY: usize = 1 << 16;

/// Cuts an input into lines, in memory of a fixed size.
pub(super) struct Lines<R> {
    input: R,
    /// What was read and not given out yet lies at its start.
    buffer: Box<[u8]>,
    filled: usize,
    /// The number of the last line given out, from 1.
    number: u64,
    /// The rest of a line that is too long is still to come.
    is_skipping: bool,
}

/// A line of the input: its number, and its text, unless it is too long to be told.
pub(super) type Line<'a> = (u64, Option<&'a [u8]>);

impl<R: Read> Lines<R> {
    /// The lines of `input`.
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            buffer: vec![0; CAPACITY].into(),
            filled: 0,
            number: 0,
            is_skipping: false,
        }
    }

    /// Waits until there is input, gives `take` every line that is whole then, and says how many
    /// bytes it read: none at the end. It reads once, so it never waits while a line is there.
    pub(super) fn read(&mut self, mut take: impl FnMut(Line<'_>)) -> io::Result<usize> {
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let count = read_once(&mut self.input, room)?;
        self.filled += count;
        self.skip();
        let whole = self.whole(count == 0);
        let lines = self.buffer.get(..whole).unwrap_or_default();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            self.number += 1;
            take((self.number, Some(line.strip_suffix(b"\n").unwrap_or(line))));
        }
        self.discard(whole);
        if self.filled == CAPACITY {
            self.number += 1;
            take((self.number, None));
            self.is_skipping = true;
            self.filled = 0;
        }
        Ok(count)
    }

    /// How many bytes at the start are whole lines; the input's last needs no end.
    fn whole(&self, is_end: bool) -> usize {
        let filled = self.buffer.get(..self.filled).unwrap_or_default();
        match filled.iter().rposition(|byte| *byte == b'\n') {
            _ if is_end => self.filled,
            Some(last) => last + 1,
            None => 0,
        }
    }

    /// Drops what there is of the rest of a line that is too long.
    fn skip(&mut self) {
        if !self.is_skipping {
            return;
        }
        let filled = self.buffer.get(..self.filled).unwrap_or_default();
        match filled.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                self.is_skipping = false;
                self.discard(end + 1);
            }
            None => self.filled = 0,
        }
    }

    fn discard(&mut self, count: usize) {
        self.buffer.copy_within(count..self.filled, 0);
        self.filled -= count;
    }
}

fn read_once(input: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(room) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An input that comes in these pieces.
    struct Pieces(Vec<Vec<u8>>);

    impl Read for Pieces {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let piece = self.0.remove(0);
            let count = piece.len().min(room.len());
            room[..count].copy_from_slice(&piece[..count]);
            if count < piece.len() {
                self.0.insert(0, piece[count..].to_vec());
            }
            Ok(count)
        }
    }

    /// The lines that each read gives; a line that is too long is `#`.
    fn reads(pieces: &[&[u8]]) -> Vec<Vec<(u64, String)>> {
        let mut lines = Lines::new(Pieces(pieces.iter().map(|piece| piece.to_vec()).collect()));
        let mut reads = Vec::new();
        loop {
            let mut read = Vec::new();
            let count = lines.read(|(number, line)| {
                let text = line.map_or("#".into(), |line| {
                    String::from_utf8_lossy(line).into_owned()
                });
                read.push((number, text));
            });
            reads.push(read);
            if count.unwrap() == 0 {
                return reads;
            }
        }
    }

    fn all(pieces: &[&[u8]]) -> Vec<(u64, String)> {
        reads(pieces).concat()
    }

    #[test]
    fn a_line_is_given_out_as_soon_as_it_is_whole() {
        let reads = reads(&[b"one\ntw", b"o\n", b"three"]);
        let line = |number, text: &str| (number, text.to_owned());
        assert_eq!(
            reads,
            [
                vec![line(1, "one")],
                vec![line(2, "two")],
                vec![],
                vec![line(3, "three")]
            ]
        );
    }

    #[test]
    fn empty_lines_count() {
        let texts: Vec<_> = all(&[b"\n\na\n\n"])
            .into_iter()
            .map(|line| line.1)
            .collect();
        assert_eq!(texts, ["", "", "a", ""]);
        assert_eq!(all(&[b""]), []);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let long = [b'x'; CAPACITY];
        for pieces in [
            &[b"a\n".as_slice(), &long, b"x", b"xx\nb\n"][..],
            &[b"a\n", &long, &long, &long, b"\nb"],
            &[&[b"a\n", &long[..CAPACITY - 1]].concat(), b"x\nb\n"],
        ] {
            let lines = all(pieces);
            let expected = [(1, "a"), (2, "#"), (3, "b")];
            assert_eq!(lines, expected.map(|(number, text)| (number, text.into())));
        }
    }

    #[test]
    fn the_longest_line_is_not_too_long() {
        let longest = [&[b'x'; CAPACITY - 1][..], b"\n"].concat();
        let lines = all(&[&longest, b"b\n"]);
        assert_eq!(lines[0].1.len(), CAPACITY - 1);
        assert_eq!(lines[1], (2, "b".into()));
    }

    #[test]
    fn what_ends_inside_a_line_that_is_too_long_ends() {
        assert_eq!(all(&[&[b'x'; CAPACITY + 5]]), [(1, "#".into())]);
    }
}
