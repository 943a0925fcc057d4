//! Frames: a little-endian 32-bit length, then that many bytes of body.

/// Bytes of a frame's prefix.
pub const PREFIX: usize = 4;

/// Room for any request or response of the calculator with its prefix, in bytes.
pub const FRAME_MAX: usize = PREFIX + 259;

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
