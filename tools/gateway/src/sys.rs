//! What the system has to be asked for in C.

/// Gives memory that was freed back to the system, wherever in its heaps the allocator has it.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "no crate has a safe function for it")]
pub(crate) fn give_memory_back() {
    // SAFETY: it takes any number, and any thread may call it at any time (malloc_trim(3)).
    unsafe { libc::malloc_trim(0) };
}

/// Other C libraries have no such function.
#[cfg(not(target_env = "gnu"))]
pub(crate) fn give_memory_back() {}

#[cfg(all(test, target_env = "gnu"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    /// What this process has of the machine's memory, in bytes.
    fn resident() -> usize {
        let about = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: usize = about.split(' ').nth(1).unwrap().parse().unwrap();
        pages * 4096
    }

    #[test]
    fn memory_that_was_freed_below_what_is_in_use_goes_back() {
        const BLOCKS: usize = 16 << 10;
        let mut blocks: Vec<_> = (0..BLOCKS).map(|_| vec![1_u8; 4000]).collect();
        let last = blocks.pop();
        drop(blocks);
        let before = resident();
        give_memory_back();
        let after = resident();
        drop(last);
        assert!(after + BLOCKS * 2000 < before, "{before} to {after}");
    }
}
