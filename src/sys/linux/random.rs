//! Random numbers of the system's: getrandom(2).

use super::fd::Fd;
use super::retry::uninterrupted;
use super::transfer;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use std::io;
use std::os::fd::AsFd;

/// Bytes that nobody can foretell, and no other process has. A generator of this process's own would give
/// a forked child what it gives here.
pub(crate) fn bytes() -> io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    // SAFETY: the kernel fills no more than the array.
    let fill = || unsafe {
        let count = libc::syscall(libc::SYS_getrandom, bytes.as_mut_ptr(), bytes.len(), 0);
        Errno::result(count)
    };
    match uninterrupted(fill) {
        Ok(16) => Ok(bytes),
        // Before Linux 3.17, or where a sandbox does not know it.
        Ok(_) | Err(Errno::ENOSYS | Errno::EPERM) => from_device(),
        Err(error) => Err(error.into()),
    }
}

/// The same from random(4).
fn from_device() -> io::Result<[u8; 16]> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    let device = Fd::make(|| open(c"/dev/urandom", flags, Mode::empty()))?;
    let mut bytes = [0; 16];
    match transfer::read(device.as_fd(), &mut bytes)? {
        16 => Ok(bytes),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike() {
        let all = [bytes(), bytes(), from_device(), from_device()].map(Result::unwrap);
        for (place, one) in all.iter().enumerate() {
            assert!(!all[..place].contains(one));
        }
    }
}
