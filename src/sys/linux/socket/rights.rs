//! Handles that go along with what is sent: SCM_RIGHTS of unix(7).

use super::NO_WAIT;
use crate::sys::linux::fd::Fd;
use crate::sys::linux::gate::NoFork;
use crate::sys::linux::raw;
use crate::sys::linux::retry::uninterrupted;
use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, sendmsg};
use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Sends `bytes` with copies of these handles, [`HANDLES_MAX`] at most, without waiting (SCM_RIGHTS).
pub(crate) fn send_with_handles(
    fd: BorrowedFd<'_>,
    bytes: &[u8],
    handles: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let mut numbers = [-1; HANDLES_MAX];
    let numbers = numbers.get_mut(..handles.len()).ok_or(Errno::EINVAL)?;
    for (number, handle) in numbers.iter_mut().zip(handles) {
        *number = handle.as_raw_fd();
    }
    let rights = [ControlMessage::ScmRights(numbers)];
    let attached = if handles.is_empty() {
        &[][..]
    } else {
        &rights[..]
    };
    let parts = [IoSlice::new(bytes)];
    Ok(uninterrupted(|| {
        sendmsg::<()>(fd.as_raw_fd(), &parts, attached, NO_WAIT, None)
    })?)
}

/// The bytes at the end of what is sent with handles that tell of these: none, since the kernel carries them beside it.
pub(crate) const HANDLES_IN_BAND: usize = 0;

/// The handles that the end of a received message tells of.
pub(crate) fn handles_in_band(_message: &[u8]) -> Vec<Fd> {
    Vec::new()
}

/// Handles that one message may carry here.
pub(crate) const HANDLES_MAX: usize = 4;

/// The bytes that they take beside it (cmsg(3)).
// SAFETY: it only computes.
const FDS_SPACE: usize = unsafe { libc::CMSG_SPACE(16) } as usize;
const _: () = assert!(HANDLES_MAX * size_of::<RawFd>() == 16);

/// Receives once what is there, without waiting, with the descriptors that came along: fewer than
/// were sent where there is no room for all.
///
/// Not by nix, whose iterator gives nothing of a message that the kernel cut (MSG_CTRUNC): the
/// descriptors that came with it, since some had room, would stay open for good.
pub(crate) fn recv_with_handles(
    fd: BorrowedFd<'_>,
    buffer: &mut [u8],
) -> io::Result<(usize, Vec<Fd>)> {
    let mut space = [0_u64; FDS_SPACE.div_ceil(size_of::<u64>())];
    let mut part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: an all-zero msghdr is valid.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = space.as_mut_ptr().cast();
    message.msg_controllen = FDS_SPACE as _;
    let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
    let no_fork = NoFork::begin();
    // SAFETY: the message's pointers are to live buffers of the lengths that it says.
    let count = unsafe { raw::recv_message(fd, &mut message, flags) }?;
    // SAFETY: recvmsg filled the message in, and what it points to is where it was.
    let fds = unsafe { descriptors_of(&message, &no_fork) };
    Ok((count, fds))
}

/// Takes the descriptors that came with a message.
///
/// # Safety
///
/// recvmsg filled it in, its buffers live, and nobody else takes what came with it.
unsafe fn descriptors_of(message: &libc::msghdr, no_fork: &NoFork) -> Vec<Fd> {
    let mut fds = Vec::new();
    // SAFETY: headers are walked as cmsg(3) says, in what the kernel wrote; the numbers of one of
    // SCM_RIGHTS are descriptors that it just made for this message, and nothing else knows them.
    unsafe {
        let mut part = libc::CMSG_FIRSTHDR(message);
        while let Some(header) = part.as_ref() {
            if header.cmsg_level == libc::SOL_SOCKET && header.cmsg_type == libc::SCM_RIGHTS {
                let length: usize = header.cmsg_len as _; // musl counts it in 32 bits.
                let length = length.saturating_sub(libc::CMSG_LEN(0) as usize);
                let numbers: *const RawFd = libc::CMSG_DATA(part).cast();
                fds.extend((0..length / size_of::<RawFd>()).map(|index| {
                    let fd = OwnedFd::from_raw_fd(numbers.add(index).read_unaligned());
                    Fd::new(fd, no_fork)
                }));
            }
            part = libc::CMSG_NXTHDR(message, part);
        }
    }
    fds
}
