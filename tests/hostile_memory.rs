//! Clients of shared memory that do what they like with what they were handed.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::Handler;
use calc_ipc::transport::ServerOptions;
use std::io::{ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use support::{Address, Process, TRANSPORTS, add};

const SHM: usize = 2;

/// A client of shared memory that does what it likes with what it was handed.
struct Intruder {
    control: UnixStream,
    record: [u8; 24],
    header: OwnedFd,
    page: OwnedFd,
    bell: std::fs::File,
    lines: *mut u32,
}

impl Intruder {
    fn new(address: &Address) -> Self {
        let control = UnixStream::connect(format!("/dev/shm/{}", address.word)).unwrap();
        let mut record = [0_u8; 24];
        let mut space = MaybeUninit::<[u64; 16]>::zeroed();
        let mut part = libc::iovec {
            iov_base: record.as_mut_ptr().cast(),
            iov_len: record.len(),
        };
        // SAFETY: an all-zero msghdr is valid, and its pointers are set to live buffers.
        let [header, page, bell] = unsafe {
            let mut message: libc::msghdr = std::mem::zeroed();
            message.msg_iov = &raw mut part;
            message.msg_iovlen = 1;
            message.msg_control = space.as_mut_ptr().cast();
            message.msg_controllen = size_of_val(&space);
            assert_eq!(libc::recvmsg(control.as_raw_fd(), &raw mut message, 0), 24);
            let rights = libc::CMSG_FIRSTHDR(&raw const message);
            libc::CMSG_DATA(rights)
                .cast::<[i32; 3]>()
                .read_unaligned()
                .map(|fd| OwnedFd::from_raw_fd(fd))
        };
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
        Self {
            control,
            record,
            header,
            page,
            bell: bell.into(),
            lines,
        }
    }

    /// One of the 32 words of the two lines.
    fn word(&self, index: usize) -> &AtomicU32 {
        assert!(index < 32);
        // SAFETY: two lines are 32 aligned words of the mapping, which lives as long as `self`.
        unsafe { AtomicU32::from_ptr(self.lines.add(index)) }
    }

    fn ring(&mut self) {
        self.bell.write_all(&1_u64.to_ne_bytes()).unwrap();
    }

    fn is_thrown_out(&mut self) -> bool {
        self.control
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        match self.control.read(&mut [0; 64]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

impl Drop for Intruder {
    fn drop(&mut self) {
        let start = self.lines.map_addr(|address| address & !4095);
        // SAFETY: the page that `new` mapped.
        unsafe { libc::munmap(start.cast(), 4096) };
    }
}

/// Hands over what [`Intruder::new`] takes.
fn hand_over(control: &UnixStream, record: &[u8], fds: [i32; 3]) {
    let mut space = [0_u64; 4];
    let mut part = libc::iovec {
        iov_base: record.as_ptr().cast_mut().cast(),
        iov_len: record.len(),
    };
    // SAFETY: an all-zero msghdr is valid, and its pointers are set to live buffers; the header and
    // three numbers fill the space exactly.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = space.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&space);
        let rights = libc::CMSG_FIRSTHDR(&raw const message);
        (*rights).cmsg_level = libc::SOL_SOCKET;
        (*rights).cmsg_type = libc::SCM_RIGHTS;
        (*rights).cmsg_len = libc::CMSG_LEN(12) as _;
        libc::CMSG_DATA(rights)
            .cast::<[i32; 3]>()
            .write_unaligned(fds);
        let sent = libc::sendmsg(control.as_raw_fd(), &raw const message, 0);
        assert_eq!(sent, 24);
    }
}

#[test]
fn a_client_rings_nothing_that_may_block_or_raise_a_signal() {
    let (address, hostile) = (Address::new(), Address::new());
    let _server = TRANSPORTS[SHM].serve(&address, Handler::Calculator, &ServerOptions::default());
    // All but the bell is as it should be.
    let shared = Intruder::new(&address);
    let listener = UnixListener::bind(format!("/dev/shm/{}", hostile.word)).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    // SAFETY: makes a new descriptor.
    let blocking = unsafe { OwnedFd::from_raw_fd(libc::eventfd(0, 0)) };
    for bell in [writer.as_raw_fd(), blocking.as_raw_fd()] {
        let client = Process::fork(|| {
            // SAFETY: the default, which would end this forked process.
            unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
            let client = TRANSPORTS[SHM].client_with(&hostile, &support::within(5000));
            assert_eq!(support::status(client.call(&add(1, 1))), Status::System);
        });
        let (control, _) = listener.accept().unwrap();
        let fds = [shared.header.as_raw_fd(), shared.page.as_raw_fd(), bell];
        hand_over(&control, &shared.record, fds);
        assert!(client.succeeded());
    }
}

#[test]
fn a_client_cannot_shrink_or_grow_memory_or_write_the_header() {
    let address = Address::new();
    let _server = TRANSPORTS[SHM].serve(&address, Handler::Calculator, &ServerOptions::default());
    let intruder = Intruder::new(&address);
    for fd in [&intruder.page, &intruder.header] {
        for size in [0, 1, 8192] {
            // SAFETY: an open descriptor.
            assert_eq!(unsafe { libc::ftruncate(fd.as_raw_fd(), size) }, -1);
        }
    }
    // SAFETY: asks for a mapping, which must not come.
    let writable = unsafe {
        let fd = intruder.header.as_raw_fd();
        libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_WRITE,
            libc::MAP_SHARED,
            fd,
            0,
        )
    };
    assert_eq!(writable, libc::MAP_FAILED);
}

#[test]
fn a_client_that_skips_numbers_is_thrown_out() {
    let address = Address::new();
    let _server = TRANSPORTS[SHM].serve(&address, Handler::Calculator, &ServerOptions::default());
    let bystander = TRANSPORTS[SHM].client(&address);
    for word in [4, 0xFFFF_FFFE, 0xDEAD_BEEF] {
        let mut intruder = Intruder::new(&address);
        intruder.word(0).store(word, Ordering::SeqCst);
        intruder.ring();
        assert!(intruder.is_thrown_out(), "{word:#x}");
        assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
    }
}

#[test]
fn hostile_lengths_in_shared_memory_reach_nothing() {
    let address = Address::new();
    let _server = TRANSPORTS[SHM].serve(&address, Handler::Calculator, &ServerOptions::default());
    let bystander = TRANSPORTS[SHM].client(&address);
    // Beyond the line without a buffer, and beyond every limit.
    for length in [53, 65536, 65537, 0xFFFF_FF01, u32::MAX] {
        let mut intruder = Intruder::new(&address);
        intruder.word(2).store(length, Ordering::SeqCst);
        intruder.word(0).store(2, Ordering::SeqCst);
        intruder.ring();
        assert!(intruder.is_thrown_out(), "{length:#x}");
        assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
    }
}

#[test]
fn memory_scribbled_during_calls_harms_only_its_owner() {
    let address = Address::new();
    let _server = TRANSPORTS[SHM].serve(&address, Handler::Calculator, &ServerOptions::default());
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for seed in 1..4_u32 {
            let (address, is_over) = (&address, &is_over);
            scope.spawn(move || {
                let mut random = seed;
                while !is_over.load(Ordering::Relaxed) {
                    let mut intruder = Intruder::new(address);
                    for turn in 1..200 {
                        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        let index = usize::try_from(random >> 27).unwrap();
                        intruder.word(index).store(random, Ordering::SeqCst);
                        intruder.word(0).store(turn * 2, Ordering::SeqCst);
                        intruder.ring();
                    }
                }
            });
        }
        let bystander = TRANSPORTS[SHM].client(&address);
        for number in 0..5000 {
            assert_eq!(bystander.call(&add(number, 1)).unwrap(), Ok(number + 1));
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn nonsense_on_the_socket_of_shared_memory_ends_the_connection() {
    let address = Address::new();
    let _server = TRANSPORTS[SHM].serve(&address, Handler::Calculator, &ServerOptions::default());
    let mut intruder = Intruder::new(&address);
    intruder
        .control
        .write_all(b"GET / HTTP/1.0\r\n\r\n")
        .unwrap();
    assert!(intruder.is_thrown_out());
    assert_eq!(
        TRANSPORTS[SHM].client(&address).call(&add(1, 1)).unwrap(),
        Ok(2)
    );
}
