//! What peers need that do not keep to the protocol.

#![allow(clippy::indexing_slicing, reason = "these are tests")]

use super::processes::PATIENCE;
use super::processes::state::status_number;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicU32, Ordering};

pub use super::random::Random;

/// A connection to the server of this transport, one of `uds` and `seqpacket`: over the latter, what is written at
/// once is one record, and what is read is one.
pub fn connect_unix(transport: &str, path: &str) -> std::io::Result<UnixStream> {
    match transport {
        "seqpacket" => seqpacket(path, libc::connect),
        _ => UnixStream::connect(path),
    }
}

/// A socket that listens at a path, for the same transports.
pub fn listen_unix(transport: &str, path: &str) -> std::io::Result<UnixListener> {
    if transport != "seqpacket" {
        return UnixListener::bind(path);
    }
    let socket = OwnedFd::from(seqpacket(path, libc::bind)?);
    // SAFETY: an open socket.
    match unsafe { libc::listen(socket.as_raw_fd(), 8) } {
        0 => Ok(socket.into()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// What comes in records, read as bytes.
pub struct Records {
    pub socket: UnixStream,
    left: VecDeque<u8>,
}

impl Records {
    pub fn new(socket: UnixStream) -> Self {
        Self {
            socket,
            left: VecDeque::new(),
        }
    }
}

impl Read for Records {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left.is_empty() {
            let mut record = vec![0; 1 << 17];
            let count = self.socket.read(&mut record)?;
            self.left.extend(&record[..count]);
        }
        self.left.read(buffer)
    }
}

impl Write for Records {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl AsRawFd for Records {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

type Name = unsafe extern "C" fn(RawFd, *const libc::sockaddr, libc::socklen_t) -> libc::c_int;

/// A socket of records that was bound, or connected, to a path.
fn seqpacket(path: &str, name: Name) -> std::io::Result<UnixStream> {
    // SAFETY: all zeros are an address, to which no more is copied than it has room for; the socket is nobody else's.
    unsafe {
        let mut address: libc::sockaddr_un = std::mem::zeroed();
        address.sun_family = libc::sa_family_t::try_from(libc::AF_UNIX).unwrap();
        for (to, from) in address.sun_path.iter_mut().zip(path.bytes()) {
            *to = libc::c_char::from_ne_bytes([from]);
        }
        let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
        let socket = libc::socket(libc::AF_UNIX, kind, 0);
        assert!(socket >= 0, "{}", std::io::Error::last_os_error());
        let socket = OwnedFd::from_raw_fd(socket);
        let length = libc::socklen_t::try_from(size_of_val(&address)).unwrap();
        match name(socket.as_raw_fd(), (&raw const address).cast(), length) {
            0 => Ok(socket.into()),
            _ => Err(std::io::Error::last_os_error()),
        }
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

/// Receives bytes, and descriptors that came along.
fn receive_with(socket: RawFd, bytes: &mut [u8]) -> (isize, Vec<OwnedFd>) {
    let mut space = MaybeUninit::<[u64; 16]>::zeroed();
    let mut part = libc::iovec {
        iov_base: bytes.as_mut_ptr().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: an all-zero msghdr is valid, and its pointers are set to live buffers; the descriptors are
    // this process's from now on.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = space.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&space) as _; // musl counts both lengths in 32 bits.
        let count = libc::recvmsg(socket, &raw mut message, libc::MSG_CMSG_CLOEXEC);
        let rights = libc::CMSG_FIRSTHDR(&raw const message);
        if count < 0 || rights.is_null() {
            return (count, Vec::new());
        }
        let length: usize = (*rights).cmsg_len as _;
        let length = length - libc::CMSG_LEN(0) as usize;
        let first = libc::CMSG_DATA(rights).cast::<RawFd>();
        let fds = (0..length / size_of::<RawFd>())
            .map(|place| OwnedFd::from_raw_fd(first.add(place).read_unaligned()));
        (count, fds.collect())
    }
}

/// The most memory that a process ever had in KiB, as far as it was touched. The kernel counts per CPU,
/// so that a later look may give a little less (proc_pid_status(5)). The address sanitizer keeps what was freed, so that
/// nothing is measured under it.
pub fn high_water_kib(process: &str) -> u64 {
    if std::env::var_os("ASAN_OPTIONS").is_some() {
        return 0;
    }
    status_number(process, "VmHWM")
}

/// What a server of shared memory hands over, for whoever does what it likes with it.
pub struct Shared {
    pub control: UnixStream,
    pub record: [u8; 24],
    pub header: OwnedFd,
    pub page: OwnedFd,
    pub bell: std::fs::File,
    lines: *mut u32,
}

// SAFETY: the lines are shared memory, which is reached through atomics alone.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

impl Shared {
    /// Connects to the server whose socket this is.
    pub fn take(path: &str) -> Self {
        Self::try_take(path).unwrap()
    }

    /// As [`Shared::take`]; `None` where the server is full or has gone.
    pub fn try_take(path: &str) -> Option<Self> {
        let control = UnixStream::connect(path).ok()?;
        let mut record = [0_u8; 24];
        let (count, fds) = receive_with(control.as_raw_fd(), &mut record);
        let [header, page, bell] = <[OwnedFd; 3]>::try_from(fds).ok().filter(|_| count == 24)?;
        let offset =
            usize::try_from(u32::from_le_bytes(record[16..20].try_into().unwrap())).unwrap();
        // SAFETY: a new mapping of one page, in which the offset lies.
        let lines = unsafe {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            let start = libc::mmap(
                std::ptr::null_mut(),
                4096,
                access,
                libc::MAP_SHARED,
                page.as_raw_fd(),
                0,
            );
            assert_ne!(start, libc::MAP_FAILED);
            start.byte_add(offset).cast()
        };
        Some(Self {
            control,
            record,
            header,
            page,
            bell: bell.into(),
            lines,
        })
    }

    /// The three descriptors, as they came.
    pub fn fds(&self) -> [RawFd; 3] {
        [
            self.header.as_raw_fd(),
            self.page.as_raw_fd(),
            self.bell.as_raw_fd(),
        ]
    }

    /// One of the 32 words of the two lines: 0 to 15 of the request, then of the answer.
    pub fn word(&self, index: usize) -> &AtomicU32 {
        assert!(index < 32);
        // SAFETY: two lines are 32 aligned words of the mapping, which lives as long as `self`.
        unsafe { AtomicU32::from_ptr(self.lines.add(index)) }
    }

    pub fn ring(&self) {
        (&self.bell).write_all(&1_u64.to_ne_bytes()).unwrap();
    }

    /// Publishes a line of this kind, with the number after `last`, without ringing. What else it holds
    /// has to be there.
    pub fn publish(&self, kind: u16, data: &[u8], last: u32) {
        for (index, part) in data.chunks(4).enumerate() {
            let mut word = [0; 4];
            word[..part.len()].copy_from_slice(part);
            self.word(2 + index)
                .store(u32::from_le_bytes(word), Ordering::SeqCst);
        }
        self.word(1).store(u32::from(kind) << 16, Ordering::SeqCst);
        self.word(0).store((last + 1) << 1, Ordering::SeqCst);
    }

    /// The number of the last request that was answered.
    pub fn answered(&self) -> u32 {
        self.word(16).load(Ordering::SeqCst) >> 1
    }

    /// Asks for the buffer, whose halves have `half` bytes each, and maps it.
    pub fn buffer(&mut self, half: usize) -> Buffer {
        self.control.write_all(b"B").unwrap();
        let mut record = [0_u8; 24];
        let (count, fds) = receive_with(self.control.as_raw_fd(), &mut record);
        assert_eq!((count, fds.len()), (24, 1));
        // SAFETY: a new mapping of the whole buffer.
        let start = unsafe {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            let fd = fds[0].as_raw_fd();
            libc::mmap(
                std::ptr::null_mut(),
                2 * half,
                access,
                libc::MAP_SHARED,
                fd,
                0,
            )
        };
        assert_ne!(start, libc::MAP_FAILED);
        Buffer {
            start: start.cast(),
            half,
        }
    }

    /// Asks for the buffer in parts: for requests, and for answers, which can only be read.
    pub fn parts(&mut self) -> [OwnedFd; 2] {
        self.control.write_all(b"P").unwrap();
        let mut record = [0_u8; 24];
        let (count, fds) = receive_with(self.control.as_raw_fd(), &mut record);
        assert_eq!(count, 24);
        fds.try_into().unwrap()
    }

    /// Whether the server ends the connection, for which it has a minute.
    pub fn is_thrown_out(&mut self) -> bool {
        self.control.set_read_timeout(Some(PATIENCE)).unwrap();
        match self.control.read(&mut [0; 64]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let start = self.lines.map_addr(|address| address & !4095);
        // SAFETY: the page that `take` mapped.
        unsafe { libc::munmap(start.cast(), 4096) };
    }
}

/// A client's buffer: a half for what it asks, and one for the answers.
pub struct Buffer {
    start: *mut u8,
    half: usize,
}

// SAFETY: as for [`Shared`]: plain bytes that both sides may write, of which the tests copy whole ones.
unsafe impl Send for Buffer {}

impl Buffer {
    pub fn ask(&self, bytes: &[u8]) {
        assert!(bytes.len() <= self.half);
        // SAFETY: in bounds.
        unsafe {
            self.start
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len())
        }
    }
}

impl Buffer {
    /// The first bytes of the half for answers.
    pub fn answers(&self, length: usize) -> Vec<u8> {
        assert!(length <= self.half);
        // SAFETY: in bounds, and the server has published them.
        unsafe { std::slice::from_raw_parts(self.start.add(self.half), length) }.to_vec()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: what `Shared::buffer` mapped.
        unsafe { libc::munmap(self.start.cast(), 2 * self.half) };
    }
}
