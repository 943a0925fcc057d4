//! Shared memory as it is mapped into this process, whatever system maps it.

use super::line::{LINE, Line};
use super::place::Place;
use super::shared_bytes;
use std::ffi::c_void;
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::AtomicU8;

/// So many bytes from there on, reached through atomics alone.
#[derive(Debug)]
pub(crate) struct View {
    start: NonNull<c_void>,
    length: usize,
    /// This process made it, and whoever it hands it to can only read it.
    is_own: bool,
}

// SAFETY: it is plain memory, reached through atomics only, from whatever thread.
unsafe impl Send for View {}
// SAFETY: as above.
unsafe impl Sync for View {}

impl View {
    /// # Safety
    ///
    /// So many bytes are mapped there, aligned to a line, for as long as it is used.
    pub(in crate::sys) unsafe fn new(start: NonNull<c_void>, length: usize) -> Self {
        Self {
            start,
            length,
            is_own: false,
        }
    }

    /// The same, which this process made so that nobody else can write it.
    ///
    /// # Safety
    ///
    /// That is so: no other mapping of it can be written, here or elsewhere.
    pub(in crate::sys) unsafe fn own(self) -> Self {
        Self {
            is_own: true,
            ..self
        }
    }

    /// How many bytes it has.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Where the byte with this number lies, which has to be inside.
    pub(crate) fn place_at(&self, offset: usize) -> Place {
        assert!(offset < self.length, "{offset} of {}", self.length);
        // SAFETY: in bounds.
        Place::new(unsafe { self.start.cast().add(offset) })
    }

    /// All of its bytes, if nobody else can write them.
    pub(crate) fn own_bytes(&mut self) -> Option<&mut [u8]> {
        // SAFETY: so many bytes are mapped there, of which this is the only mapping that can be written, and it is borrowed
        // by nobody else. Other processes read what they like of it, which changes nothing here.
        self.is_own
            .then(|| unsafe { slice::from_raw_parts_mut(self.start.cast().as_ptr(), self.length) })
    }

    /// Where it begins, and how many bytes it has.
    pub(in crate::sys) fn extent(&self) -> (NonNull<c_void>, usize) {
        (self.start, self.length)
    }

    /// Copies bytes in.
    pub(crate) fn write(&self, offset: usize, bytes: &[u8]) {
        shared_bytes::store(self.bytes(offset, bytes.len()), bytes);
    }

    /// Copies bytes out. They are a peer's: whatever they are, they are only looked at in the copy.
    pub(crate) fn read(&self, offset: usize, bytes: &mut [u8]) {
        shared_bytes::load(self.bytes(offset, bytes.len()), bytes);
    }

    /// The line with this number, which has to be inside.
    #[inline]
    pub(in crate::sys) fn line(&self, number: usize) -> &Line {
        // SAFETY: as many as are mapped, and aligned; all fields are atomics, for which bytes that change under us are no data
        // race of this program's making.
        let lines: &[Line] =
            unsafe { slice::from_raw_parts(self.start.cast().as_ptr(), self.length / LINE) };
        #[expect(
            clippy::indexing_slicing,
            reason = "as with any index, the rest is a bug"
        )]
        &lines[number]
    }

    /// The bytes there, which have to be inside.
    fn bytes(&self, offset: usize, length: usize) -> &[AtomicU8] {
        assert!(
            offset <= self.length && length <= self.length - offset,
            "{length} bytes at {offset} of {}",
            self.length
        );
        // SAFETY: in bounds. They are atomics, for which bytes that change under us are no data race.
        unsafe {
            let start = self.start.cast().add(offset);
            slice::from_raw_parts(start.as_ptr(), length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    const LENGTH: usize = 2 * LINE;

    /// Memory as it is mapped: from a line's start on.
    #[repr(align(64))]
    struct Memory(#[expect(dead_code, reason = "reached through views alone")] [u8; LENGTH]);

    /// Runs this with views of the same memory, of which the second is its maker's.
    fn with_views(test: impl FnOnce(View, View)) {
        let memory = Box::into_raw(Box::new(Memory([0; LENGTH])));
        let start = NonNull::new(memory).unwrap().cast();
        // SAFETY: so many bytes are there, and aligned, until both are dropped. One thread uses one view at a time.
        let [theirs, own] = [(); 2].map(|()| unsafe { View::new(start, LENGTH) });
        // SAFETY: nothing is written through the other.
        test(theirs, unsafe { own.own() });
        // SAFETY: it came from a box, and nobody uses it any more.
        drop(unsafe { Box::from_raw(memory) });
    }

    #[test]
    fn what_its_maker_writes_as_its_own_is_what_others_and_the_host_read() {
        with_views(|theirs, mut own| {
            let place = own.place_at(0);
            let mut read = [0; 3];
            for round in 0..3 {
                let bytes = own.own_bytes().unwrap();
                assert_eq!(bytes.len(), LENGTH);
                bytes[61..64].copy_from_slice(&[round, 8, 9]);
                theirs.read(61, &mut read);
                assert_eq!(read, [round, 8, 9]);
                // SAFETY: within the memory, which nobody writes now.
                assert_eq!(unsafe { place.as_ptr().add(61).read() }, round);
                own.write(61, &[round + 1]);
                assert_eq!(own.own_bytes().unwrap()[61], round + 1);
            }
        });
    }

    #[test]
    fn what_others_may_write_is_lent_to_nobody() {
        with_views(|mut theirs, own| {
            assert_eq!(theirs.own_bytes(), None);
            let place = |view: &View| view.place_at(61).as_ptr();
            assert!(ptr::eq(place(&theirs), place(&own)));
            assert_eq!((theirs.length(), own.length()), (LENGTH, LENGTH));
        });
    }
}
