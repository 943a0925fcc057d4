//! What an event is about, as the 64 bits that a poller gives back.

use super::slab::Key;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// The order to stop.
    Stop,
    /// Work that was left, which no source tells of.
    Again,
    /// A time has come.
    Time,
    /// What another thread left at the desk.
    Desk,
    /// Something happened in this shard of another thread's.
    Ward(usize),
    /// The door with this number.
    Door(usize),
    /// The source of a peer with this place among its watches.
    Peer(Key, usize),
}

impl From<Token> for u64 {
    fn from(token: Token) -> Self {
        match token {
            Token::Stop => 0,
            Token::Again => 1 << 2,
            Token::Time => 2 << 2,
            Token::Desk => 1,
            Token::Ward(index) => 1 | (index as u64 + 1) << 2,
            Token::Door(door) => 2 | (door as u64) << 2,
            Token::Peer(key, watch) => {
                3 | (watch as u64) << 2 | u64::from(key.round) << 8 | u64::from(key.index) << 32
            }
        }
    }
}

impl From<u64> for Token {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the fields are as wide as they were made"
    )]
    fn from(bits: u64) -> Self {
        match bits & 3 {
            0 if bits == 1 << 2 => Token::Again,
            0 if bits == 2 << 2 => Token::Time,
            0 => Token::Stop,
            1 if bits == 1 => Token::Desk,
            1 => Token::Ward((bits >> 2) as usize - 1),
            2 => Token::Door((bits >> 2) as usize),
            _ => Token::Peer(
                Key {
                    index: (bits >> 32) as u32,
                    round: (bits >> 8) as u16,
                },
                (bits >> 2) as usize & 1,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_the_kernel() {
        let key = Key {
            index: u32::MAX,
            round: u16::MAX,
        };
        for token in [
            Token::Stop,
            Token::Again,
            Token::Time,
            Token::Desk,
            Token::Ward(0),
            Token::Ward(1023),
            Token::Door(3),
            Token::Peer(key, 0),
            Token::Peer(key, 1),
        ] {
            assert_eq!(Token::from(u64::from(token)), token);
        }
    }
}
