//! What the processes of this test ask each other, so that no answer can be taken for another.

/// A message that is answered at once.
pub(crate) const PLAIN: u8 = b'C';
/// A message whose handler says that it runs, and goes on when it is told to.
pub(crate) const HELD: u8 = b'H';

/// A held message whose answer is [`LARGE`].
pub(crate) const HELD_FOR_LARGE: u8 = b'L';

/// A message whose reply a deferring server keeps.
pub(crate) const KEPT: u8 = b'K';

/// More than any pipe or socket here takes at once.
pub(crate) const LARGE: usize = 3 << 20;
/// A message that fits into a line of shared memory.
pub(crate) const SMALL: usize = 24;
/// The limit of every server and client here.
pub(crate) const MAX_MESSAGE: u32 = 4 << 20;

/// A message of this kind and length, unlike that of any other number.
pub(crate) fn message(kind: u8, length: usize, number: u64) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(&number.to_le_bytes());
    let pattern = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes();
    bytes.extend(pattern.iter().cycle().take(length - bytes.len()));
    bytes
}

/// Writes the answer to a message to the start of `room`.
pub(crate) fn answer(message: &[u8], room: &mut [u8]) -> usize {
    let length = answer_length(message);
    let bytes = message.iter().map(|byte| byte ^ 0xFF).cycle();
    room[..length]
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = from);
    length
}

/// Whether these bytes, of which the answer is said to have `length`, are the one to this message.
pub(crate) fn is_answer(message: &[u8], bytes: &[u8], length: usize) -> bool {
    let right = message.iter().map(|byte| byte ^ 0xFF).cycle();
    length == answer_length(message) && bytes[..length].iter().copied().eq(right.take(length))
}

fn answer_length(message: &[u8]) -> usize {
    match message.first() {
        Some(&HELD_FOR_LARGE) => LARGE,
        _ => message.len(),
    }
}
