//! Clients of shared memory that do what they like with what they were handed.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::Handler;
use calc_ipc::transport::ServerOptions;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};
use support::raw::{Shared, send_with};
use support::{Address, Process, TRANSPORTS, add};

const SHM: usize = 2;

fn path(address: &Address) -> String {
    format!("/dev/shm/{}", address.word)
}

fn intruder(address: &Address) -> Shared {
    Shared::take(&path(address))
}

#[test]
fn a_client_rings_nothing_that_may_block_or_raise_a_signal() {
    let (address, hostile) = (Address::new(), Address::new());
    let _server = TRANSPORTS[SHM].serve(&address, Handler::Calculator, &ServerOptions::default());
    // All but the bell is as it should be.
    let shared = intruder(&address);
    let listener = UnixListener::bind(format!("/dev/shm/{}", hostile.word)).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    // SAFETY: makes a new descriptor.
    let blocking = unsafe { OwnedFd::from_raw_fd(libc::eventfd(0, 0)) };
    for bell in [writer.as_raw_fd(), blocking.as_raw_fd()] {
        let client = Process::fork(|| {
            // SAFETY: the default, which would end this forked process.
            unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
            let client = TRANSPORTS[SHM].client_with(&hostile, &support::within(60_000));
            assert_eq!(support::status(client.call(&add(1, 1))), Status::System);
        });
        let (control, _) = listener.accept().unwrap();
        let fds = [shared.header.as_raw_fd(), shared.page.as_raw_fd(), bell];
        assert_eq!(send_with(control.as_raw_fd(), &shared.record, &fds), 24);
        assert!(client.succeeded());
    }
}

#[test]
fn a_client_cannot_shrink_or_grow_memory_or_write_what_is_the_servers() {
    let address = Address::new();
    let _server = TRANSPORTS[SHM].serve(&address, Handler::Calculator, &ServerOptions::default());
    let mut intruder = intruder(&address);
    let [requests, answers] = intruder.parts();
    for fd in [&intruder.page, &intruder.header, &requests, &answers] {
        for size in [0, 1, 8192] {
            // SAFETY: an open descriptor.
            assert_eq!(unsafe { libc::ftruncate(fd.as_raw_fd(), size) }, -1);
        }
    }
    for fd in [&intruder.header, &answers] {
        // SAFETY: asks for a mapping, which must not come.
        let writable = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                4096,
                libc::PROT_WRITE,
                libc::MAP_SHARED,
                fd.as_raw_fd(),
                0,
            )
        };
        assert_eq!(writable, libc::MAP_FAILED);
        // SAFETY: one byte of this program's.
        let written = unsafe { libc::pwrite(fd.as_raw_fd(), [0_u8].as_ptr().cast(), 1, 0) };
        assert_eq!(written, -1);
        let again = format!("/proc/self/fd/{}", fd.as_raw_fd());
        let reopened = std::fs::OpenOptions::new().write(true).open(again).unwrap();
        assert!((&reopened).write(&[0]).is_err());
    }
}

#[test]
fn a_client_that_skips_numbers_is_thrown_out() {
    let address = Address::new();
    let _server = TRANSPORTS[SHM].serve(&address, Handler::Calculator, &ServerOptions::default());
    let bystander = TRANSPORTS[SHM].client(&address);
    for word in [4, 0xFFFF_FFFE, 0xDEAD_BEEF] {
        let mut intruder = intruder(&address);
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
        let mut intruder = intruder(&address);
        intruder.word(2).store(length, Ordering::SeqCst);
        intruder.word(0).store(2, Ordering::SeqCst);
        intruder.ring();
        assert!(intruder.is_thrown_out(), "{length:#x}");
        assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
    }
}

#[test]
fn hostile_lengths_reach_nothing_beyond_a_buffer() {
    let address = Address::new();
    let _server = TRANSPORTS[SHM].serve(&address, Handler::Calculator, &ServerOptions::default());
    let bystander = TRANSPORTS[SHM].client(&address);
    for (kind, length) in [
        (0, 65537),
        (0, u32::MAX),
        (1, 65537),
        (1, u32::MAX),
        (7, u32::MAX),
    ] {
        let mut intruder = intruder(&address);
        intruder.control.write_all(b"B").unwrap();
        intruder.control.read_exact(&mut [0; 24]).unwrap();
        // Its kind is the upper half of the second word.
        intruder.word(1).store(kind << 16, Ordering::SeqCst);
        intruder.word(2).store(length, Ordering::SeqCst);
        intruder.word(0).store(2, Ordering::SeqCst);
        intruder.ring();
        assert!(intruder.is_thrown_out(), "{kind} {length:#x}");
        // An answer that says so is the most that has changed.
        if kind != 1 {
            let answer = intruder.word(19).load(Ordering::SeqCst).to_le_bytes();
            assert_eq!(&answer, b"ERR ", "{length:#x}");
        }
        assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
    }
}

/// Says that it is over when it is dropped, whatever happens: threads wait for that.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn memory_scribbled_during_calls_harms_only_its_owner() {
    let address = Address::new();
    let _server = TRANSPORTS[SHM].serve(&address, Handler::Calculator, &ServerOptions::default());
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _ends = Ends(&is_over);
        for seed in 1..4_u32 {
            let (address, is_over) = (&address, &is_over);
            scope.spawn(move || {
                let mut random = seed;
                while !is_over.load(Ordering::Relaxed) {
                    // On a slow machine they come faster than they go, and the server is full for a moment.
                    let Some(intruder) = Shared::try_take(&path(address)) else {
                        std::thread::yield_now();
                        continue;
                    };
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
    });
}

#[test]
fn a_request_that_is_announced_and_comes_slowly_or_never_keeps_nobody() {
    let address = Address::new();
    let _server = TRANSPORTS[SHM].serve(&address, Handler::Calculator, &ServerOptions::default());
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _ends = Ends(&is_over);
        scope.spawn(|| {
            let mut intruder = intruder(&address);
            let _buffer = intruder.parts();
            let mut answered = 0;
            while !is_over.load(Ordering::Relaxed) {
                // From no processor that there is, 64 KiB, none of them here.
                intruder.word(1).store(0xFFFF, Ordering::SeqCst);
                intruder.word(2).store(65536, Ordering::SeqCst);
                intruder.word(4).store(0, Ordering::SeqCst);
                intruder.word(0).store(answered * 2 + 1, Ordering::SeqCst);
                intruder.ring();
                for filled in 1..2000 {
                    intruder.word(4).store(filled, Ordering::SeqCst);
                }
                // Then it is all there, or is said to be; or it was another one after all, of two bytes.
                intruder.word(4).store(u32::MAX, Ordering::SeqCst);
                answered += 1;
                intruder.word(2).store(2, Ordering::SeqCst);
                intruder.word(0).store(answered * 2, Ordering::SeqCst);
                intruder.ring();
                support::eventually("it is answered", || {
                    intruder.word(16).load(Ordering::SeqCst) >> 1 == answered
                });
            }
        });
        let bystander = TRANSPORTS[SHM].client(&address);
        for number in 0..2000 {
            assert_eq!(bystander.call(&add(number, 1)).unwrap(), Ok(number + 1));
        }
    });
}

#[test]
fn a_request_that_is_shorter_than_was_announced_leaves_nothing_of_what_was() {
    const LONG: u32 = 200_000;
    let address = Address::new();
    let options = ServerOptions {
        max_message: 1 << 20,
        ..ServerOptions::default()
    };
    let _server = TRANSPORTS[SHM].serve(&address, support::echo(), &options);
    let mut intruder = intruder(&address);
    let buffer = intruder.buffer(1 << 20);
    let mut number = 0;
    let say = |length: u32, word: u32| {
        intruder.word(2).store(length, Ordering::SeqCst);
        intruder.word(0).store(word, Ordering::SeqCst);
        intruder.ring();
    };
    let mut ask = |length: u32| {
        number += 1;
        say(length, number * 2);
        support::eventually("it is answered", || intruder.answered() == number);
        number
    };
    intruder.word(1).store(0xFFFF, Ordering::SeqCst); // From no processor that there is.
    for round in 0..500_u32 {
        let [byte, ..] = round.to_le_bytes();
        buffer.ask(&[byte; LONG as usize]);
        // An answer that no line holds, behind which the server expects more of them.
        let number = ask(100);
        intruder.word(4).store(LONG, Ordering::SeqCst);
        say(LONG, number * 2 + 1);
        // It is copied by now, or not yet; then it was ten bytes.
        (0..round % 100 * 100).for_each(|_| std::hint::spin_loop());
        ask(10);
        buffer.ask(&[!byte; LONG as usize]);
        ask(LONG);
        assert_eq!(buffer.answers(LONG as usize), [!byte; LONG as usize]);
    }
}

#[test]
fn nonsense_on_the_socket_of_shared_memory_ends_the_connection() {
    let address = Address::new();
    let _server = TRANSPORTS[SHM].serve(&address, Handler::Calculator, &ServerOptions::default());
    let mut intruder = intruder(&address);
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
