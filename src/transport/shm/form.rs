//! Which kinds of buffers there are, and how a client says which of them it takes.

/// What a client takes as its buffer: each of them was added in a later version than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One memory, half for each way.
    Whole,
    /// A memory for each way.
    Parts,
    /// The same, but each is longer than a message, and bodies take turns in it.
    Rotating,
}

/// The bits of a request's kind by which it takes parts, and parts in which bodies take turns.
const TAKES_PARTS: u16 = 1 << 14;
const TAKES_TURNS: u16 = 1 << 12;

impl Form {
    /// The bits of a kind that say it.
    pub(super) const BITS: u16 = TAKES_PARTS | TAKES_TURNS;

    /// What a client says in the kind of each request.
    pub(super) fn to_bits(self) -> u16 {
        match self {
            Self::Whole => 0,
            Self::Parts => TAKES_PARTS,
            Self::Rotating => TAKES_PARTS | TAKES_TURNS,
        }
    }

    /// What it said there.
    pub(super) fn from_bits(kind: u16) -> Self {
        match (kind & TAKES_TURNS, kind & TAKES_PARTS) {
            (0, 0) => Self::Whole,
            (0, _) => Self::Parts,
            _ => Self::Rotating,
        }
    }

    /// What a client sends to be given its buffer.
    pub(super) fn to_wish(self) -> u8 {
        match self {
            Self::Whole => b'B',
            Self::Parts => b'P',
            Self::Rotating => b'T',
        }
    }

    /// What it sent; `None`: that is no wish.
    pub(super) fn from_wish(word: u8) -> Option<Self> {
        [Self::Whole, Self::Parts, Self::Rotating]
            .into_iter()
            .find(|form| form.to_wish() == word)
    }

    /// How many memories it is.
    pub(super) fn memories(self) -> usize {
        match self {
            Self::Whole => 1,
            Self::Parts | Self::Rotating => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn what_a_client_says_is_what_the_server_hears() {
        for form in [Form::Whole, Form::Parts, Form::Rotating] {
            assert_eq!(Form::from_bits(form.to_bits()), form);
            assert_eq!(Form::from_bits(form.to_bits() | !Form::BITS), form);
            assert_eq!(Form::from_wish(form.to_wish()).unwrap(), form);
        }
        assert_eq!(Form::from_wish(b'R'), None);
    }
}
