//! Which mutant is switched on, and which were reached. A module of the planted library, not of this tool.

use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, Ordering};

static CHOSEN: AtomicU32 = AtomicU32::new(0);
static REACHED: AtomicPtr<AtomicU8> = AtomicPtr::new(std::ptr::null_mut());

/// Is mutant `number` the one? Allocates nothing, and calls nothing of the system.
#[inline(never)]
pub(crate) fn is(number: u32) -> bool {
    let reached = REACHED.load(Ordering::Relaxed);
    if !reached.is_null() {
        unsafe { (*reached.add(number as usize)).store(1, Ordering::Relaxed) };
    }
    CHOSEN.load(Ordering::Relaxed) == number
}

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

extern "C" fn before_main() {
    unsafe {
        let number = libc::getenv(c"CALC_IPC_MUTANT".as_ptr());
        if !number.is_null() {
            CHOSEN.store(libc::atoi(number) as u32, Ordering::Relaxed);
        }
        let file = libc::getenv(c"CALC_IPC_MUTANT_REACHED".as_ptr());
        if !file.is_null() {
            REACHED.store(map(file), Ordering::Relaxed);
        }
    }
}

/// The file's bytes, one for each mutant, shared by all processes of a test.
unsafe fn map(file: *const libc::c_char) -> *mut AtomicU8 {
    unsafe {
        let fd = libc::open(file, libc::O_RDWR | libc::O_CLOEXEC);
        if fd < 0 {
            return std::ptr::null_mut();
        }
        let length = libc::lseek(fd, 0, libc::SEEK_END) as usize;
        let memory = libc::mmap(std::ptr::null_mut(), length, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED, fd, 0);
        libc::close(fd);
        if memory == libc::MAP_FAILED { std::ptr::null_mut() } else { memory.cast() }
    }
}
