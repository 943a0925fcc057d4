//! What the tests of loans share.

use calc_ipc::service::Place;
use calc_ipc::transport::{ALIGNMENT, InPlace};

/// Writes a message to a loan.
pub(crate) fn fill(place: Place, message: &[u8]) {
    // SAFETY: the loan is as long as that, and no call uses it.
    let room = unsafe { std::slice::from_raw_parts_mut(place.as_ptr(), message.len()) };
    room.copy_from_slice(message);
}

/// Copies an answer out.
pub(crate) fn read(answer: InPlace) -> Vec<u8> {
    assert!(answer.place.as_ptr().addr().is_multiple_of(ALIGNMENT));
    // SAFETY: the answer is there until the next call with its loan.
    unsafe { std::slice::from_raw_parts(answer.place.as_ptr(), answer.length) }.to_vec()
}
