//! What this thread's last failure was, for people.

use crate::error::Error;
use std::cell::Cell;
use std::ffi::c_char;
use std::fmt::{self, Write};

/// Bytes of text kept, NUL included. A longer text, which takes a very long path, loses its end.
const CAPACITY: usize = 1024;

thread_local! {
    // Inline and without a destructor: recording allocates nothing, the text can be asked for
    // until the thread's last instruction, and a pointer to it stays valid as long.
    static LAST: Cell<[u8; CAPACITY]> = const { Cell::new([0; CAPACITY]) };

    /// Whether the request of the last call that failed was certainly not executed.
    static NOT_EXECUTED: Cell<bool> = const { Cell::new(false) };
}

/// Records `error` as the last failure.
pub(super) fn set(error: &Error) {
    let mut text = Text {
        bytes: [0; CAPACITY],
        length: 0,
    };
    // Writing ends early where the text is full, which is what is wanted.
    let _ = write!(text, "{error}");
    LAST.set(text.bytes);
}

/// Records `error` as the last failure, which is one of a call, too.
pub(super) fn set_of_call(error: &Error) {
    NOT_EXECUTED.set(error.is_not_executed());
    set(error);
}

/// Whether it is certain that no handler was or will be given the request of the last call that
/// failed; `false` before the first.
pub(super) fn is_not_executed() -> bool {
    NOT_EXECUTED.get()
}

/// The text of the last failure, NUL-terminated; empty before the first.
pub(super) fn get() -> *const c_char {
    LAST.with(|last| last.as_ptr().cast())
}

/// A text that takes whole characters while there is room, and keeps its last byte NUL.
struct Text {
    bytes: [u8; CAPACITY],
    length: usize,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let [room @ .., _nul] = &mut self.bytes;
        let end = self.length + text.len();
        if let Some(place) = room.get_mut(self.length..end) {
            place.copy_from_slice(text.as_bytes());
            self.length = end;
            return Ok(());
        }
        for character in text.chars() {
            let end = self.length + character.len_utf8();
            let [room @ .., _nul] = &mut self.bytes;
            let place = room.get_mut(self.length..end).ok_or(fmt::Error)?;
            character.encode_utf8(place);
            self.length = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    fn last() -> String {
        let bytes = LAST.get();
        let text = bytes.split(|byte| *byte == 0).next().unwrap();
        String::from_utf8(text.to_vec()).unwrap()
    }

    #[test]
    fn the_text_is_the_errors() {
        assert_eq!(last(), "");
        set(&Error::new(Status::Busy, "client of /tmp/x"));
        assert_eq!(last(), "handle in use: client of /tmp/x");
        set(&Error::new(Status::Busy, "y"));
        assert_eq!(last(), "handle in use: y");
    }

    #[test]
    fn a_long_text_loses_its_end_on_a_characters_boundary() {
        set(&Error::new(Status::Busy, "é".repeat(CAPACITY)));
        let text = last();
        assert!((CAPACITY - 2..CAPACITY).contains(&text.len()));
        assert!(text.ends_with('é'));
    }
}
