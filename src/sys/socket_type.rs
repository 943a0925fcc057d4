//! The types of Unix sockets, in words of no system.

/// What a Unix socket does with what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// It is one stream of bytes.
    Stream,
    /// It stays in records.
    SeqPacket,
}

impl Type {
    /// As socket(2) has it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::SeqPacket => "seqpacket",
        }
    }
}
