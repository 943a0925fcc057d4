//! Copying bytes that another process may change meanwhile.
//!
//! Plain reads and writes that race with another's are undefined behaviour. So bytes are copied by relaxed
//! atomics, a word at a time: what a hostile peer writes meanwhile makes the copy a mixture of old and new bytes,
//! and every mixture is a valid `[u8]`. Compilers make nothing wider of such a copy, which costs up to three times
//! what memcpy(3) does; where the processor's own wide moves can be asked for, they copy all but the end.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// The bytes that one atomic copies.
const WORD: usize = size_of::<usize>();

/// Copies bytes to shared memory of the same length.
pub(super) fn store(memory: &[AtomicU8], bytes: &[u8]) {
    assert_eq!(memory.len(), bytes.len());
    // SAFETY: both have this length. What is shared may be written through its atomics, so it is no part of `bytes`.
    let copied = unsafe {
        let to = memory.as_ptr().cast_mut().cast();
        copy_blocks(bytes.as_ptr(), to, bytes.len())
    };
    let (head, words, tail) = words_of(memory.get(copied..).unwrap_or_default());
    let (first, bytes) = bytes.get(copied..).unwrap_or_default().split_at(head.len());
    let (middle, last) = bytes.as_chunks::<WORD>();
    let store_each = |to: &[AtomicU8], from: &[u8]| {
        for (to, from) in to.iter().zip(from) {
            to.store(*from, Ordering::Relaxed);
        }
    };
    store_each(head, first);
    for (to, from) in words.iter().zip(middle) {
        to.store(usize::from_ne_bytes(*from), Ordering::Relaxed);
    }
    store_each(tail, last);
}

/// Copies bytes from shared memory of the same length.
pub(super) fn load(memory: &[AtomicU8], bytes: &mut [u8]) {
    assert_eq!(memory.len(), bytes.len());
    // SAFETY: both have this length. Nobody else has `bytes`, so it is no part of what is shared.
    let copied = unsafe {
        let from = memory.as_ptr().cast();
        copy_blocks(from, bytes.as_mut_ptr(), bytes.len())
    };
    let (head, words, tail) = words_of(memory.get(copied..).unwrap_or_default());
    let (first, bytes) = bytes
        .get_mut(copied..)
        .unwrap_or_default()
        .split_at_mut(head.len());
    let (middle, last) = bytes.as_chunks_mut::<WORD>();
    let load_each = |to: &mut [u8], from: &[AtomicU8]| {
        for (to, from) in to.iter_mut().zip(from) {
            *to = from.load(Ordering::Relaxed);
        }
    };
    load_each(first, head);
    for (to, from) in middle.iter_mut().zip(words) {
        *to = from.load(Ordering::Relaxed).to_ne_bytes();
    }
    load_each(last, tail);
}

/// The words of the memory, and the bytes before and after them.
fn words_of(memory: &[AtomicU8]) -> (&[AtomicU8], &[AtomicUsize], &[AtomicU8]) {
    // SAFETY: any bytes are a number, both kinds of atomic may be changed while they are borrowed, and what is no whole, aligned
    // word stays apart.
    unsafe { memory.align_to() }
}

/// Copies from the start as many bytes as this can; gives how many.
///
/// # Safety
///
/// So many bytes can be read and written there, and those written are not among those read.
#[cfg(all(target_arch = "x86_64", not(miri)))]
unsafe fn copy_blocks(from: *const u8, to: *mut u8, length: usize) -> usize {
    const BLOCK: usize = 64;
    let blocks = length - length % BLOCK;
    if blocks == 0 {
        return 0;
    }
    // SAFETY: it reads and writes `blocks` bytes, as the caller allows. The compiler knows nothing of how, so that no race is one of
    // Rust's; to the processor, such moves are relaxed atomics of the bytes. Every x86-64 has SSE2.
    unsafe {
        std::arch::asm!(
            "2:",
            "movups {a}, [{from}]",
            "movups {b}, [{from} + 16]",
            "movups {c}, [{from} + 32]",
            "movups {d}, [{from} + 48]",
            "movups [{to}], {a}",
            "movups [{to} + 16], {b}",
            "movups [{to} + 32], {c}",
            "movups [{to} + 48], {d}",
            "add {from}, 64",
            "add {to}, 64",
            "sub {left}, 64",
            "jnz 2b",
            from = inout(reg) from => _,
            to = inout(reg) to => _,
            left = inout(reg) blocks => _,
            a = out(xmm_reg) _,
            b = out(xmm_reg) _,
            c = out(xmm_reg) _,
            d = out(xmm_reg) _,
            options(nostack),
        );
    }
    blocks
}

/// As above: none.
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
unsafe fn copy_blocks(_from: *const u8, _to: *mut u8, _length: usize) -> usize {
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// Under Miri, which has no blocks, fewer show the same.
    const LONGEST: usize = if cfg!(miri) { 40 } else { 200 };

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
