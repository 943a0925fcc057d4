//! Peers that do not keep to the protocol, over the raw descriptors, and signals that interrupt.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::{ClientOptions, ServerOptions, uds};
use std::io::{ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use support::{Address, TRANSPORTS, add};

const SHM: usize = 2;

fn serve_socket(address: &Address) -> Server {
    TRANSPORTS[0].serve(address, Handler::Calculator, &ServerOptions::default())
}

fn raw_client(address: &Address) -> UnixStream {
    let stream = UnixStream::connect(address.path("sock")).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

fn receive(stream: &mut UnixStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn frames_may_arrive_cut_anywhere_and_joined() {
    let address = Address::new();
    let _server = serve_socket(&address);
    let frame = b"\x09\0\0\0ADD 10 20";
    let answer = b"\x05\0\0\0OK 30";
    for cut in 0..frame.len() {
        let mut stream = raw_client(&address);
        stream.write_all(&frame[..cut]).unwrap();
        // Another client's call passes while half a frame lies there.
        let bystander = TRANSPORTS[0].client(&address);
        assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
        stream.write_all(&frame[cut..]).unwrap();
        assert_eq!(receive(&mut stream, answer.len()), answer, "cut at {cut}");
    }
    let mut stream = raw_client(&address);
    stream.write_all(&frame.repeat(1000)).unwrap();
    assert_eq!(
        receive(&mut stream, answer.len() * 1000),
        answer.repeat(1000)
    );
}

#[test]
fn a_hostile_prefix_is_answered_and_costs_no_memory() {
    let address = Address::new();
    let _server = serve_socket(&address);
    for prefix in [65537_u32, 0x7FFF_FFFF, 0xFFFF_FEFF, 0xFFFF_FFFF] {
        let mut stream = raw_client(&address);
        stream.write_all(&prefix.to_le_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, b"\x15\0\0\0ERR Message too large", "{prefix:#x}");
    }
}

#[test]
fn half_a_frame_is_dropped_after_five_seconds_and_disturbs_nobody() {
    let address = Address::new();
    let _server = serve_socket(&address);
    let mut stuck: Vec<_> = (0..8).map(|_| raw_client(&address)).collect();
    for stream in &mut stuck {
        stream.write_all(b"\x09\0\0\0ADD").unwrap();
    }
    let bystander = TRANSPORTS[0].client(&address);
    let began = Instant::now();
    for stream in &mut stuck {
        assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
    assert!(began.elapsed() > Duration::from_secs(4), "it had its time");
    assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
}

#[test]
fn a_client_that_never_reads_is_not_waited_for() {
    let address = Address::new();
    let server = serve_socket(&address);
    let mut flooding = raw_client(&address);
    flooding.set_nonblocking(true).unwrap();
    let requests = b"\x09\0\0\0ADD 10 20".repeat(1000);
    // Until neither side's buffers take any more.
    let mut refusals = 0;
    while refusals < 100 {
        match flooding.write(&requests) {
            Ok(count) => refusals -= refusals.min(count),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                refusals += 1;
                std::thread::yield_now();
            }
        }
    }
    let bystander = TRANSPORTS[0].client(&address);
    assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
    let began = Instant::now();
    server.stop().unwrap();
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_server_that_answers_garbage_is_an_error_and_never_an_answer() {
    let address = Address::new();
    let path = address.path("garbage");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let answers: [&[u8]; 6] = [
        b"\x03\0\0\0OK ",
        b"\x05\0\0\0OK 3x",
        b"\x06\0\0\0OK 007",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        b"\x05\0\0",
    ];
    for answer in answers {
        let options = ClientOptions {
            call_timeout: Some(Duration::from_millis(500)),
            ..ClientOptions::default()
        };
        let client = Client::new(uds::connect(&path, &options).unwrap(), &options);
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(answer).unwrap();
        if answer.len() < 4 {
            drop(stream);
        }
        let response = client.call(&add(10, 20));
        assert!(response.is_err(), "{answer:?} {response:?}");
    }
}

/// A client of shared memory that does what it likes with what it was handed.
struct Intruder {
    control: UnixStream,
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

#[test]
fn nonsense_to_the_hello_fifo_turns_nobody_else_away_for_good() {
    let address = Address::new();
    let _server = TRANSPORTS[1].serve(&address, Handler::Calculator, &ServerOptions::default());
    let bystander = TRANSPORTS[1].client(&address);
    assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
    let mut hello = std::fs::OpenOptions::new()
        .write(true)
        .open(address.path("q.hello"))
        .unwrap();
    for nonsense in [&b"x"[..], &[0; 63], &[0xFF; 64], &[7; 4096]] {
        hello.write_all(nonsense).unwrap();
        assert_eq!(bystander.call(&add(2, 2)).unwrap(), Ok(4));
    }
    assert_eq!(
        TRANSPORTS[1].client(&address).call(&add(3, 3)).unwrap(),
        Ok(6)
    );
}

/// A peer that writes to the public FIFO and reads from it as the tutorial's client does.
fn ask_in_public(address: &Address, numbers: std::ops::Range<i64>) -> std::fs::File {
    let mut requests = std::fs::OpenOptions::new()
        .write(true)
        .open(address.path("q"))
        .unwrap();
    let mut answers = std::fs::File::open(address.path("a")).unwrap();
    for number in numbers {
        let body = format!("ADD {number} 1000");
        requests
            .write_all(&u32::try_from(body.len()).unwrap().to_le_bytes())
            .unwrap();
        requests.write_all(body.as_bytes()).unwrap();
        let expected = format!("OK {}", number + 1000);
        let mut answer = vec![0; 4 + expected.len()];
        answers.read_exact(&mut answer).unwrap();
        assert_eq!(&answer[4..], expected.as_bytes());
    }
    requests
}

#[test]
fn a_peer_that_knows_only_frames_is_served_through_the_public_fifos() {
    let address = Address::new();
    let options = ServerOptions {
        stop_when_idle: true,
        ..ServerOptions::default()
    };
    let endpoint = (TRANSPORTS[1].bind)(&address, &options).unwrap();
    let server = Server::new(endpoint, Handler::Calculator).unwrap();
    for _ in 0..10 {
        std::thread::scope(|scope| {
            let running = scope.spawn(|| server.run());
            let mut requests = ask_in_public(&address, 0..5);
            let other = TRANSPORTS[1].client(&address);
            assert_eq!(other.call(&add(1, 1)).unwrap(), Ok(2));
            // Half a request stays behind; the next peer never sees what becomes of it.
            requests.write_all(b"\x09\0\0\0ADD").unwrap();
            drop((requests, other));
            running.join().unwrap().unwrap();
        });
    }
}

extern "C" fn ignore(_: libc::c_int) {}

#[test]
fn signals_are_invisible() {
    let ok = support::Process::fork(|| {
        // SAFETY: a handler that does nothing, and a timer, for this forked process.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = ignore as *const () as usize;
            assert_eq!(
                libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut()),
                0
            );
            let often = libc::timeval {
                tv_sec: 0,
                tv_usec: 200,
            };
            let timer = libc::itimerval {
                it_interval: often,
                it_value: often,
            };
            assert_eq!(
                libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()),
                0
            );
        }
        for transport in &TRANSPORTS {
            for spin in [Duration::ZERO, Duration::from_micros(50)] {
                let address = Address::new();
                let options = ServerOptions {
                    spin,
                    ..ServerOptions::default()
                };
                let server = transport.serve(&address, Handler::Calculator, &options);
                let options = ClientOptions {
                    spin,
                    ..ClientOptions::default()
                };
                let client = transport.client_with(&address, &options);
                for number in 0..3000 {
                    assert_eq!(client.call(&add(number, 1)).unwrap(), Ok(number + 1));
                }
                server.stop().unwrap();
            }
        }
    })
    .succeeded();
    assert!(ok);
}

#[test]
fn a_broken_connection_raises_no_signal() {
    let ok = support::Process::fork(|| {
        // SAFETY: the default, which would end this forked process.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        for transport in &TRANSPORTS {
            let address = Address::new();
            let server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
            let client = transport.client(&address);
            assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
            server.stop().unwrap();
            assert!(client.call(&add(1, 1)).is_err());
        }
        let options = ClientOptions::default();
        let child =
            calc_ipc::service::pipe::create(Handler::new(|_| std::process::exit(0)), &options)
                .unwrap();
        assert!(child.call(&add(1, 1)).is_err());
        assert!(child.call(&add(1, 1)).is_err());
    })
    .succeeded();
    assert!(ok);
}

#[test]
fn run_and_stop_may_race() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        for _ in 0..100 {
            let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
            let server = Server::new(endpoint, Handler::Calculator).unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| server.run());
                scope.spawn(|| server.start());
                let client = transport.client(&address);
                scope.spawn(move || client.call(&add(1, 1)));
                server.stop().unwrap();
            });
        }
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
    }
}
