//! A clock that is read faster than the one that deadlines go by, and stays behind it by some ticks of the kernel's at most.

use std::mem::MaybeUninit;

/// So many ticks it may stay behind: who keeps the time may miss some, until another CPU does it after five (`MAX_STALLED_JIFFIES`,
/// kernel/time/tick-sched.c, since Linux 5.18).
const TICKS: u64 = 8;

/// What it says, in nanoseconds: CLOCK_MONOTONIC as it was at the last tick (clock_gettime(2)), which takes a tenth of the time.
/// `None`: it cannot be read, as in a sandbox that was entered later.
#[inline]
pub(crate) fn lately() -> Option<u64> {
    read(libc::clock_gettime, libc::CLOCK_MONOTONIC_COARSE)
}

/// How many nanoseconds it stays behind at most; `None`: it cannot be relied on.
pub(crate) fn lag() -> Option<u64> {
    let tick = read(libc::clock_getres, libc::CLOCK_MONOTONIC_COARSE)?;
    let lag = tick.checked_mul(TICKS)?;
    // A sandbox may have another clock behind one of the two.
    let (before, now) = (lately()?, read(libc::clock_gettime, libc::CLOCK_MONOTONIC)?);
    let behind = now.checked_sub(before)?;
    (before > 0 && behind <= lag).then_some(lag)
}

type Reading = unsafe extern "C" fn(libc::clockid_t, *mut libc::timespec) -> libc::c_int;

#[inline]
fn read(reading: Reading, clock: libc::clockid_t) -> Option<u64> {
    let mut time = MaybeUninit::uninit();
    // SAFETY: it has room for what is written, and outlives the call.
    let time = match unsafe { reading(clock, time.as_mut_ptr()) } {
        // SAFETY: it was just filled.
        0 => unsafe { time.assume_init() },
        _ => return None,
    };
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let nanoseconds = u64::try_from(time.tv_nsec).ok()?;
    Some(
        seconds
            .wrapping_mul(1_000_000_000)
            .wrapping_add(nanoseconds),
    )
}
