//! Frames: a little-endian 32-bit length, then that many bytes of body.

/// Bytes of a frame's prefix.
pub const PREFIX: usize = 4;

/// A word in place of a length: no body follows. Their values are no lengths that any limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Notice {
    /// The request is over the server's limit; the server closes.
    TooLarge = 0xFFFF_FF01,
    /// The server's handler failed; the connection lives.
    HandlerFailed = 0xFFFF_FF02,
    /// The server is full; it closes.
    Refused = 0xFFFF_FF03,
    /// The server has taken the client in. Only transports without an accept of their own send it.
    Welcome = 0xFFFF_FF04,
}

impl Notice {
    /// The notice that this prefix is.
    pub fn from_prefix(prefix: u32) -> Option<Self> {
        [
            Self::TooLarge,
            Self::HandlerFailed,
            Self::Refused,
            Self::Welcome,
        ]
        .into_iter()
        .find(|notice| *notice as u32 == prefix)
    }

    /// Its bytes on the wire.
    pub fn to_bytes(self) -> [u8; PREFIX] {
        (self as u32).to_le_bytes()
    }
}

/// The prefix of a frame with this many bytes of body.
pub fn prefix(length: u32) -> [u8; PREFIX] {
    length.to_le_bytes()
}

/// The body of `frame`, if it is one frame and no more.
pub fn body(frame: &[u8]) -> Option<&[u8]> {
    let (length, body) = frame.split_first_chunk::<PREFIX>()?;
    // The length of the body is compared, since a sum of prefix and length could wrap on a small machine.
    (usize::try_from(u32::from_le_bytes(*length)) == Ok(body.len())).then_some(body)
}

/// The body of the frame at the head of `frames`, if it is all there.
pub fn first_body(frames: &[u8]) -> Option<&[u8]> {
    split_first(frames).map(|(body, _)| body)
}

/// The body of the frame at the head of `frames`, if it is all there, and the frames after it.
#[inline]
pub fn split_first(frames: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = frames.split_first_chunk::<PREFIX>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// How many bytes the frame or notice at the head of `frames` has, whether they are all there or not. Of half a prefix, as
/// many as there are.
#[inline]
pub fn first_length(frames: &[u8]) -> usize {
    let Some(prefix) = frames.first_chunk().copied().map(u32::from_le_bytes) else {
        return frames.len();
    };
    match Notice::from_prefix(prefix) {
        Some(_) => PREFIX,
        None => usize::try_from(prefix).map_or(usize::MAX, |length| length.saturating_add(PREFIX)),
    }
}

/// What frames are appended to, each in several pieces: nothing has to be put together first.
pub trait Sink {
    /// Announces a frame of `length` bytes with its prefix.
    fn begin(&mut self, length: usize);

    /// Takes the next bytes of the announced frame.
    fn put(&mut self, bytes: &[u8]);

    /// Takes a whole frame, which `write` puts at the start of room for the longest one, and of which it gives the length.
    #[inline]
    fn put_short<const N: usize>(&mut self, write: impl FnOnce(&mut [u8; N]) -> usize) {
        let mut room = [0; N];
        let length = write(&mut room);
        let frame = room.get(..length).unwrap_or_default();
        self.begin(frame.len());
        self.put(frame);
    }
}

impl Sink for Vec<u8> {
    fn begin(&mut self, length: usize) {
        self.reserve(length);
    }

    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// A [`Sink`] of a fixed size. From the first frame that does not fit on, it only counts.
#[derive(Debug)]
pub struct SliceSink<'a> {
    buffer: &'a mut [u8],
    written: usize,
    wanted: usize,
}

impl<'a> SliceSink<'a> {
    /// An empty sink of the size of `buffer`.
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self {
            buffer,
            written: 0,
            wanted: 0,
        }
    }

    /// How many bytes were written, or how many there should have been room for.
    pub fn finish(self) -> Result<usize, usize> {
        if self.written == self.wanted {
            Ok(self.written)
        } else {
            Err(self.wanted)
        }
    }
}

impl Sink for SliceSink<'_> {
    fn begin(&mut self, length: usize) {
        self.wanted += length;
    }

    #[inline]
    fn put_short<const N: usize>(&mut self, write: impl FnOnce(&mut [u8; N]) -> usize) {
        let free = match self.written == self.wanted {
            true => self.buffer.get_mut(self.written..),
            false => None,
        };
        let in_place = free.and_then(|free| free.first_chunk_mut());
        let mut apart = None;
        let length = write(in_place.unwrap_or_else(|| apart.insert([0; N])));
        match apart {
            None => {
                self.written += length;
                self.wanted = self.written;
            }
            Some(room) => {
                self.begin(length);
                self.put(room.get(..length).unwrap_or_default());
            }
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.wanted > self.buffer.len() {
            return;
        }
        let end = self.written + bytes.len();
        if let Some(place) = self.buffer.get_mut(self.written..end) {
            place.copy_from_slice(bytes);
            self.written = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_told_from_lengths() {
        for notice in [
            Notice::TooLarge,
            Notice::HandlerFailed,
            Notice::Refused,
            Notice::Welcome,
        ] {
            let prefix = u32::from_le_bytes(notice.to_bytes());
            assert_eq!(Notice::from_prefix(prefix), Some(notice));
        }
        for length in [0, 259, 64 << 20, 0xFFFF_FF00, u32::MAX] {
            assert_eq!(Notice::from_prefix(length), None);
        }
    }

    #[test]
    fn a_body_is_taken_from_exactly_one_frame() {
        assert_eq!(body(b"\x02\0\0\0hi"), Some(&b"hi"[..]));
        assert_eq!(body(b"\0\0\0\0"), Some(&b""[..]));
        for bytes in [
            &b""[..],
            b"\x02\0\0",
            b"\x02\0\0\0h",
            b"\x02\0\0\0hi!",
            b"\0\0\0\x02hi",
            b"\xff\xff\xff\xff",
        ] {
            assert_eq!(body(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn the_length_at_the_head_is_that_of_the_frame() {
        for (frames, length) in [
            (&b"\x02\0\0\0hi\x01\0\0\0!"[..], 6),
            (b"\x02\0\0\0", 6),
            (b"\0\0\0\0", 4),
            (b"\x02\0\0", 3),
            (b"", 0),
            (&Notice::Refused.to_bytes(), 4),
        ] {
            assert_eq!(first_length(frames), length, "{frames:?}");
        }
    }

    #[test]
    fn a_body_at_the_head_is_taken_once_it_is_all_there() {
        let frames = b"\x02\0\0\0hi\x01\0\0\0!";
        for arrived in 0..=frames.len() {
            let body = first_body(&frames[..arrived]);
            assert_eq!(body, (arrived >= 6).then_some(&b"hi"[..]), "{arrived}");
            let after = split_first(&frames[..arrived]).map(|(_, rest)| rest);
            assert_eq!(after, frames[..arrived].get(6..), "{arrived}");
        }
        assert_eq!(first_body(b"\0\0\0\0"), Some(&b""[..]));
        assert_eq!(first_body(b"\xff\xff\xff\xffhi"), None);
    }
}
