//! What a test program does before its standard library starts.

/// Leaves the standard library without its handler of stack overflows, which it installs only where these signals have
/// their default. With it each thread locks a list of threads as it begins and as it ends (`std/src/sys/pal/unix/stack_overflow.rs`);
/// a child that was forked meanwhile by another thread could start none, and would wait for ever. Programs in C and
/// C++ have no such list. An overflow still ends the program: the kernel does not let a fault be ignored (signal(7)).
extern "C" fn before_main() {
    for fault in [libc::SIGSEGV, libc::SIGBUS] {
        // SAFETY: no other thread is there yet, and nothing is to be called.
        unsafe { libc::signal(fault, libc::SIG_IGN) };
    }
}

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;
