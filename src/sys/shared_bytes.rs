//! Copying bytes that another process may change meanwhile.
//!
//! Plain reads and writes that race with another's are undefined behaviour. So bytes are copied by relaxed
//! atomics, a word at a time: what a hostile peer writes meanwhile makes the copy a mixture of old and new bytes,
//! and every mixture is a valid `[u8]`. Compilers make nothing wider of such a copy, which costs up to three times
//! what memcpy(3) does; where the processor's own wide moves can be asked for, they are.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// The bytes that one atomic copies.
const WORD: usize = size_of::<usize>();

/// Copies bytes to shared memory of the same length.
pub(super) fn store(memory: &[AtomicU8], bytes: &[u8]) {
    assert_eq!(memory.len(), bytes.len());
    // SAFETY: both have this length. What is shared may be written through its atomics, so it is no part of `bytes`.
    let is_copied = unsafe {
        let to = memory.as_ptr().cast_mut().cast();
        wide::copy(bytes.as_ptr(), to, bytes.len())
    };
    if !is_copied {
        store_words(memory, bytes);
    }
}

/// Copies bytes from shared memory of the same length.
pub(super) fn load(memory: &[AtomicU8], bytes: &mut [u8]) {
    assert_eq!(memory.len(), bytes.len());
    // SAFETY: both have this length. Nobody else has `bytes`, so it is no part of what is shared.
    let is_copied = unsafe {
        let from = memory.as_ptr().cast();
        wide::copy(from, bytes.as_mut_ptr(), bytes.len())
    };
    if !is_copied {
        load_words(memory, bytes);
    }
}

fn store_words(memory: &[AtomicU8], bytes: &[u8]) {
    let (head, words, tail) = words_of(memory);
    let (first, bytes) = bytes.split_at(head.len());
    let (middle, last) = bytes.as_chunks::<WORD>();
    for (to, from) in words.iter().zip(middle) {
        to.store(usize::from_ne_bytes(*from), Ordering::Relaxed);
    }
    for (to, from) in head.iter().zip(first).chain(tail.iter().zip(last)) {
        to.store(*from, Ordering::Relaxed);
    }
}

fn load_words(memory: &[AtomicU8], bytes: &mut [u8]) {
    let (head, words, tail) = words_of(memory);
    let (first, bytes) = bytes.split_at_mut(head.len());
    let (middle, last) = bytes.as_chunks_mut::<WORD>();
    for (to, from) in middle.iter_mut().zip(words) {
        *to = from.load(Ordering::Relaxed).to_ne_bytes();
    }
    for (to, from) in first.iter_mut().zip(head).chain(last.iter_mut().zip(tail)) {
        *to = from.load(Ordering::Relaxed);
    }
}

/// The words of the memory, and the bytes before and after them.
fn words_of(memory: &[AtomicU8]) -> (&[AtomicU8], &[AtomicUsize], &[AtomicU8]) {
    // SAFETY: any bytes are a number, both kinds of atomic may be changed while they are borrowed, and what is no whole, aligned
    // word stays apart.
    unsafe { memory.align_to() }
}

/// What the processor can copy at once. The compiler knows nothing of it, so that no race is one of Rust's; to the
/// processor, such moves are relaxed atomics of the bytes.
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod wide {
    use std::ops::RangeInclusive;

    /// A function that copies a number of bytes that is a multiple of four times the width, and not 0.
    macro_rules! copy_blocks {
        ($name:ident, $move:literal, $register:literal, $width:literal, $end:literal) => {
            // Between functions, no wide register keeps its upper half.
            #[inline(never)]
            unsafe fn $name(from: *const u8, to: *mut u8, length: usize) {
                // SAFETY: it reads and writes so many bytes, which the caller allows.
                unsafe {
                    std::arch::asm!(
                        "2:",
                        concat!($move, " ", $register, "0, [rsi]"),
                        concat!($move, " ", $register, "1, [rsi + ", $width, "]"),
                        concat!($move, " ", $register, "2, [rsi + 2 * ", $width, "]"),
                        concat!($move, " ", $register, "3, [rsi + 3 * ", $width, "]"),
                        concat!($move, " [rdi], ", $register, "0"),
                        concat!($move, " [rdi + ", $width, "], ", $register, "1"),
                        concat!($move, " [rdi + 2 * ", $width, "], ", $register, "2"),
                        concat!($move, " [rdi + 3 * ", $width, "], ", $register, "3"),
                        concat!("add rsi, 4 * ", $width),
                        concat!("add rdi, 4 * ", $width),
                        concat!("sub rcx, 4 * ", $width),
                        "jnz 2b",
                        $end,
                        inout("rsi") from => _,
                        inout("rdi") to => _,
                        inout("rcx") length => _,
                        clobber_abi("C"),
                        options(nostack),
                    );
                }
            }
        };
    }

    copy_blocks!(copy_by_sse2, "movups", "xmm", "16", "");
    // With a register's upper half in use, what follows would be slow.
    copy_blocks!(copy_by_avx, "vmovups", "ymm", "32", "vzeroupper");

    /// The lengths that are copied as one string, by a processor that has fast ones (ERMS): it takes whole lines that the
    /// other side's processor holds, without reading them first. Shorter copies take longer to begin, and longer ones
    /// leave the caches (Intel 64 and IA-32 Architectures Optimization Reference Manual, "Enhanced REP MOVSB").
    const STRINGS: RangeInclusive<usize> = 4 << 10..=64 << 10;

    /// Copies so many bytes as one string.
    ///
    /// # Safety
    ///
    /// As [`copy`].
    unsafe fn copy_string(from: *const u8, to: *mut u8, length: usize) {
        // SAFETY: it reads and writes so many bytes, which the caller allows. The direction flag is clear between functions.
        unsafe {
            std::arch::asm!(
                "rep movsb",
                inout("rsi") from => _,
                inout("rdi") to => _,
                inout("rcx") length => _,
                options(nostack, preserves_flags),
            );
        }
    }

    /// Copies so many bytes. `false`: they are few, and none was.
    ///
    /// # Safety
    ///
    /// So many bytes can be read and written there, and those written are not among those read.
    pub(super) unsafe fn copy(from: *const u8, to: *mut u8, length: usize) -> bool {
        if STRINGS.contains(&length) && std::arch::is_x86_feature_detected!("ermsb") {
            // SAFETY: as the caller allows.
            unsafe { copy_string(from, to, length) };
            return true;
        }
        let (block, copy): (usize, unsafe fn(_, _, _)) =
            match length >= 128 && std::arch::is_x86_feature_detected!("avx") {
                true => (128, copy_by_avx),
                false => (64, copy_by_sse2),
            };
        let Some(last) = length.checked_sub(block) else {
            return false;
        };
        // SAFETY: as the caller allows, and the processor has those moves. The last block ends where the bytes do,
        // and may copy some a second time.
        unsafe {
            copy(from, to, length - length % block);
            if !length.is_multiple_of(block) {
                copy(from.add(last), to.add(last), block);
            }
        }
        true
    }
}

/// Elsewhere words are all there is.
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
mod wide {
    /// # Safety
    ///
    /// It does nothing.
    pub(super) unsafe fn copy(_from: *const u8, _to: *mut u8, _length: usize) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// Of all ways to copy but one string. Under Miri, there is but one.
    const LONGEST: usize = if cfg!(miri) { 40 } else { 300 };
    /// Lengths about those that are copied as one string.
    const LONG: [usize; 6] = [4095, 4096, 4099, 1 << 16, (1 << 16) + 1, 1 << 20];

    fn memory(length: usize) -> Vec<AtomicU8> {
        (0..length).map(|_| AtomicU8::new(0xEE)).collect()
    }

    /// Bytes no two of which in a row are the same.
    fn numbered(length: usize) -> Vec<u8> {
        (0..=0xDD).cycle().take(length).collect()
    }

    #[test]
    fn bytes_of_any_length_are_copied_to_and_from_any_place_and_no_others() {
        for length in 0..=LONGEST {
            for place in 0..2 * WORD {
                let bytes = numbered(length);
                let shared = memory(place + length + WORD);
                let part = &shared[place..place + length];
                store(part, &bytes);
                let mut copy = vec![0; length];
                load(part, &mut copy);
                assert_eq!(copy, bytes, "{length} at {place}");
                let mut around = shared[..place].iter().chain(&shared[place + length..]);
                assert!(around.all(|byte| byte.load(Ordering::Relaxed) == 0xEE));
            }
        }
    }

    #[test]
    #[cfg(not(miri))]
    fn long_copies_are_whole_and_no_longer() {
        for (length, place) in LONG.into_iter().zip([0, 1, 7, 3, 16, 5]) {
            let bytes = numbered(length);
            let shared = memory(place + length + WORD);
            store(&shared[place..place + length], &bytes);
            let mut copy = vec![0; length];
            load(&shared[place..place + length], &mut copy);
            assert!(copy == bytes, "{length} at {place}");
            let mut around = shared[..place].iter().chain(&shared[place + length..]);
            assert!(around.all(|byte| byte.load(Ordering::Relaxed) == 0xEE));
        }
    }

    #[test]
    fn a_copy_may_begin_anywhere() {
        let shared = memory(LONGEST);
        for place in 0..2 * WORD {
            let bytes = numbered(place + LONGEST);
            store(&shared, &bytes[place..]);
            let mut copy = vec![0; place + LONGEST];
            load(&shared, &mut copy[place..]);
            assert_eq!(copy[place..], bytes[place..]);
            assert!(copy[..place].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn what_is_written_meanwhile_is_copied_or_not() {
        let shared = &memory(LONGEST);
        thread::scope(|scope| {
            let writing = scope.spawn(|| {
                for byte in [1, 2].repeat(20) {
                    store(shared, &[byte; LONGEST]);
                }
            });
            let mut copy = [0; LONGEST];
            while !writing.is_finished() {
                load(shared, &mut copy);
                assert!(copy.iter().all(|byte| [0xEE, 1, 2].contains(byte)));
            }
        });
    }
}
