//! Frames on their way out.

#[cfg(test)]
mod tests;

use crate::protocol::frame;

/// Whole frames, in up to two parts, and how far they went.
#[derive(Debug)]
pub(crate) struct Sending<'a> {
    first: &'a [u8],
    second: &'a [u8],
    sent: usize,
    /// The rest will not be sent.
    is_over: bool,
}

impl<'a> Sending<'a> {
    /// One frame or many, one after another.
    #[inline]
    pub(crate) fn frames(frames: &'a [u8]) -> Self {
        Self::frame(frames, &[])
    }

    /// A frame with this prefix and this body.
    #[inline]
    pub(crate) fn frame(prefix: &'a [u8], body: &'a [u8]) -> Self {
        Self {
            first: prefix,
            second: body,
            sent: 0,
            is_over: false,
        }
    }

    /// The bytes to write next; none when all were written, or the rest will not be.
    #[inline]
    pub(crate) fn unsent(&self) -> &'a [u8] {
        self.unsent_parts().0
    }

    /// The same, and what of the second part follows it.
    #[inline]
    pub(crate) fn unsent_parts(&self) -> (&'a [u8], &'a [u8]) {
        if self.is_over {
            return (&[], &[]);
        }
        match self.first.get(self.sent..) {
            Some(rest) if !rest.is_empty() => (rest, self.second),
            _ => {
                let sent = self.sent - self.first.len();
                let rest = self.second.get(sent..);
                (rest.expect("no more is written than there was"), &[])
            }
        }
    }

    /// `count` more bytes were written.
    #[inline]
    pub(crate) fn wrote(&mut self, count: usize) {
        self.sent += count;
    }

    /// Nothing more is to be written.
    pub(crate) fn end(&mut self) {
        self.is_over = true;
    }

    /// Whether a frame was sent in part.
    pub(super) fn is_amid_frame(&self) -> bool {
        if self.second.is_empty() {
            let (begun, whole) = self.count_sent();
            return begun != whole;
        }
        self.sent > 0 && self.sent < self.first.len() + self.second.len()
    }

    /// How many frames in one part were sent, at least in part, and how many wholly.
    pub(super) fn count_sent(&self) -> (u32, u32) {
        count(self.first.get(..self.sent).unwrap_or(self.first))
    }
}

/// How many frames begin in these bytes, and how many of them end there.
pub(super) fn count(bytes: &[u8]) -> (u32, u32) {
    let (mut begun, mut whole, mut rest) = (0, 0, bytes);
    while !rest.is_empty() {
        begun += 1;
        let Some((_, after)) = frame::split_first(rest) else {
            break;
        };
        whole += 1;
        rest = after;
    }
    (begun, whole)
}
