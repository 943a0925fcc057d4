//! The system calls that a request or an answer may take.
//!
//! The C library's functions for them are points of cancellation (pthreads(7)), and in a program with threads turn it
//! on and off around each of them, though it is held off here; its syscall(2), which this goes through, does not.

use nix::Result;
use nix::errno::Errno;
use std::io::IoSlice;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::{mem, ptr};

/// One system call: its number, and arguments of any types that fit into a register. The sixth argument, which lies in
/// memory, has to fill it.
macro_rules! call {
    ($($argument:expr),+ $(,)?) => {
        Errno::result(libc::syscall($($argument),+)).map(libc::c_long::cast_unsigned)
    };
}

/// What a system call counts: on Linux, a long and a pointer have one size.
#[expect(clippy::cast_possible_truncation, reason = "it is one size")]
fn count(counted: libc::c_ulong) -> usize {
    counted as usize
}

/// read(2).
#[inline]
pub(super) fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize> {
    // SAFETY: the kernel writes no more than `buffer` has.
    unsafe {
        call!(
            libc::SYS_read,
            fd.as_raw_fd(),
            buffer.as_mut_ptr(),
            buffer.len()
        )
    }
    .map(count)
}

/// write(2).
#[inline]
pub(super) fn write(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize> {
    // SAFETY: the kernel reads no more than `bytes` has.
    unsafe { call!(libc::SYS_write, fd.as_raw_fd(), bytes.as_ptr(), bytes.len()) }.map(count)
}

/// shutdown(2) of both directions. It fails only where the connection has ended.
pub(super) fn shut_down(fd: BorrowedFd<'_>) {
    // SAFETY: it takes no memory.
    let _ = unsafe { call!(libc::SYS_shutdown, fd.as_raw_fd(), libc::SHUT_RDWR) };
}

/// writev(2).
#[inline]
pub(super) fn write_parts(fd: BorrowedFd<'_>, parts: &[IoSlice<'_>]) -> Result<usize> {
    // SAFETY: IoSlice is guaranteed to be an iovec on Unix, and the kernel only reads what they describe.
    unsafe {
        call!(
            libc::SYS_writev,
            fd.as_raw_fd(),
            parts.as_ptr(),
            parts.len()
        )
    }
    .map(count)
}

/// pwritev2(2) at the current position.
#[inline]
pub(super) fn write_with(fd: BorrowedFd<'_>, bytes: &[u8], flags: libc::c_int) -> Result<usize> {
    let part = IoSlice::new(bytes);
    // -1 is the current position; the kernel takes its halves apart, or the lower one for all of it.
    let at: [libc::c_long; 2] = [-1, -1];
    // SAFETY: as in `write_parts`, of one part that outlives the call.
    let written = unsafe {
        call!(
            libc::SYS_pwritev2,
            fd.as_raw_fd(),
            &raw const part,
            1_usize,
            at[0],
            at[1],
            libc::c_long::from(flags)
        )
    };
    written.map(count)
}

/// preadv2(2) at the current position.
#[inline]
pub(super) fn read_with(
    fd: BorrowedFd<'_>,
    buffer: &mut [u8],
    flags: libc::c_int,
) -> Result<usize> {
    let part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let at: [libc::c_long; 2] = [-1, -1];
    // SAFETY: `part` describes `buffer`, which the kernel may fill; the position is as in `write_with`.
    let read = unsafe {
        call!(
            libc::SYS_preadv2,
            fd.as_raw_fd(),
            &raw const part,
            1_usize,
            at[0],
            at[1],
            libc::c_long::from(flags)
        )
    };
    read.map(count)
}

/// send(2).
#[inline]
pub(super) fn send(fd: BorrowedFd<'_>, bytes: &[u8], flags: libc::c_int) -> Result<usize> {
    // SAFETY: the kernel reads no more than `bytes` has; NULL and 0 are no address.
    let sent = unsafe {
        call!(
            libc::SYS_sendto,
            fd.as_raw_fd(),
            bytes.as_ptr(),
            bytes.len(),
            flags,
            ptr::null::<libc::sockaddr>(),
            0_usize
        )
    };
    sent.map(count)
}

/// sendmsg(2) of these parts, without an address and without anything beside them.
#[inline]
pub(super) fn send_parts(
    fd: BorrowedFd<'_>,
    parts: &[IoSlice<'_>],
    flags: libc::c_int,
) -> Result<usize> {
    // SAFETY: zeros are no name, no parts, nothing beside them and no flags; libc has padding in it.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = parts.as_ptr().cast_mut().cast();
    message.msg_iovlen = parts.len() as _;
    // SAFETY: IoSlice is guaranteed to be an iovec on Unix, and the kernel only reads what they describe.
    unsafe { call!(libc::SYS_sendmsg, fd.as_raw_fd(), &raw const message, flags) }.map(count)
}

/// recv(2).
#[inline]
pub(super) fn recv(fd: BorrowedFd<'_>, buffer: &mut [u8], flags: libc::c_int) -> Result<usize> {
    // SAFETY: the kernel writes no more than `buffer` has; NULL is for who does not want to know the address.
    let received = unsafe {
        call!(
            libc::SYS_recvfrom,
            fd.as_raw_fd(),
            buffer.as_mut_ptr(),
            buffer.len(),
            flags,
            ptr::null_mut::<libc::sockaddr>(),
            ptr::null_mut::<libc::socklen_t>()
        )
    };
    received.map(count)
}

/// recvmsg(2).
///
/// # Safety
///
/// What `message` points to is the kernel's to write to, in the lengths that it says.
#[inline]
pub(super) unsafe fn recv_message(
    fd: BorrowedFd<'_>,
    message: &mut libc::msghdr,
    flags: libc::c_int,
) -> Result<usize> {
    // SAFETY: as the caller says.
    unsafe { call!(libc::SYS_recvmsg, fd.as_raw_fd(), &raw mut *message, flags) }.map(count)
}

/// poll(2), in milliseconds; -1 is for ever.
#[inline]
pub(super) fn poll(sources: &mut [libc::pollfd], timeout: libc::c_int) -> Result<usize> {
    // SAFETY: the kernel writes to no more than these.
    #[cfg(any(target_arch = "x86", target_arch = "x86_64", target_arch = "arm"))]
    return unsafe { call!(libc::SYS_poll, sources.as_mut_ptr(), sources.len(), timeout) }
        .map(count);
    // Newer architectures have ppoll(2) alone.
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "arm")))]
    {
        let limit = libc::timespec {
            tv_sec: (timeout / 1000).into(),
            tv_nsec: (timeout % 1000 * 1_000_000).into(),
        };
        let limit = if timeout < 0 {
            ptr::null()
        } else {
            &raw const limit
        };
        let mask = ptr::null::<libc::sigset_t>();
        // SAFETY: as above; NULL leaves the signals as they are.
        unsafe {
            call!(
                libc::SYS_ppoll,
                sources.as_mut_ptr(),
                sources.len(),
                limit,
                mask,
                0_usize
            )
        }
        .map(count)
    }
}

/// close(2), after which the number is free, whatever it gives.
///
/// # Safety
///
/// The caller owns the descriptor and does not use it again.
pub(super) unsafe fn close(fd: RawFd) {
    // SAFETY: as the caller says.
    unsafe { libc::syscall(libc::SYS_close, fd) };
}
