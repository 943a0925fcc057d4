//! What peers need that do not keep to the protocol.

use std::os::fd::RawFd;

/// Numbers that look random and are the same for the same seed (xorshift64, Marsaglia 2003).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.number() >> 8).unwrap() % limit
    }

    pub fn byte(&mut self) -> u8 {
        self.number().to_le_bytes()[4]
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }
}

/// Sends bytes with copies of descriptors (SCM_RIGHTS); gives how many bytes went.
pub fn send_with(socket: RawFd, bytes: &[u8], fds: &[RawFd]) -> usize {
    let mut space = vec![0_u64; 2 + fds.len().div_ceil(2)];
    let mut part = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    let payload = u32::try_from(size_of_val(fds)).unwrap();
    // SAFETY: an all-zero msghdr is valid, its pointers are set to live buffers, and the space has
    // room for one header and the numbers.
    let sent = unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = space.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(payload) as _;
        assert!(size_of_val(&space[..]) >= libc::CMSG_SPACE(payload) as usize);
        let rights = libc::CMSG_FIRSTHDR(&raw const message);
        (*rights).cmsg_level = libc::SOL_SOCKET;
        (*rights).cmsg_type = libc::SCM_RIGHTS;
        (*rights).cmsg_len = libc::CMSG_LEN(payload) as _;
        let place: *mut RawFd = libc::CMSG_DATA(rights).cast();
        place.copy_from_nonoverlapping(fds.as_ptr(), fds.len());
        libc::sendmsg(socket, &raw const message, libc::MSG_NOSIGNAL)
    };
    usize::try_from(sent).unwrap_or(0)
}
