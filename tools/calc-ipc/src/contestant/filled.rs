//! Bodies that are filled and read. Programs of other libraries use this file, too, so that all of them do it alike.

/// How many bytes the number of a call takes at each end.
pub(crate) const STAMP: usize = size_of::<u64>();

/// Writes the number of a call to both ends.
#[inline]
pub(crate) fn mark(body: &mut [u8], number: u64) {
    let stamp = number.to_be_bytes();
    if let Some(start) = body.first_chunk_mut::<STAMP>() {
        *start = stamp;
    }
    if let Some(end) = body.last_chunk_mut::<STAMP>() {
        *end = stamp;
    }
}

/// Whether `mark` has written this number.
#[inline]
pub(crate) fn is_marked(body: &[u8], number: u64) -> bool {
    let stamp = number.to_be_bytes();
    let ends = [body.first_chunk::<STAMP>(), body.last_chunk::<STAMP>()];
    ends.into_iter().flatten().all(|end| *end == stamp)
}

/// Marks both ends, and writes bytes that depend on the number to all between them.
pub(crate) fn fill(body: &mut [u8], number: u64) {
    body.fill(filling(number));
    mark(body, number);
}

/// What is between the ends of a body.
pub(crate) fn filling(number: u64) -> u8 {
    let [low, ..] = number.to_le_bytes();
    low
}

/// Reads all: the sum of the numbers at both ends, and of the words and bytes between them.
pub(crate) fn sum(body: &[u8]) -> u64 {
    let ends = [body.first_chunk::<STAMP>(), body.last_chunk::<STAMP>()];
    let ends = ends.into_iter().flatten().copied().map(u64::from_be_bytes);
    let between = body.get(STAMP..body.len().saturating_sub(STAMP));
    let (words, rest) = between.unwrap_or_default().as_chunks::<STAMP>();
    let words = words.iter().copied().map(u64::from_ne_bytes);
    let rest = rest.iter().copied().map(u64::from);
    ends.chain(rest)
        .fold(words.fold(0, u64::wrapping_add), u64::wrapping_add)
}

/// What `sum` finds in so many bytes, two ends at least, that `fill` has written.
pub(crate) fn sum_of(number: u64, length: usize) -> u64 {
    let between = length.saturating_sub(2 * STAMP);
    let count = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
    let filling = filling(number);
    let words = u64::from_ne_bytes([filling; STAMP]).wrapping_mul(count(between / STAMP));
    let rest = u64::from(filling) * count(between % STAMP);
    number
        .wrapping_mul(2)
        .wrapping_add(words)
        .wrapping_add(rest)
}
