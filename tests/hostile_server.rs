//! Servers that lie to their clients: whatever comes, a call ends by its deadline with an error or an
//! answer, takes no more memory than the limits say, and keeps no descriptor.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::protocol::frame::{self, Notice};
use calc_ipc::service::{Client, pipe};
use calc_ipc::transport::ClientOptions;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};
use support::raw::{Random, Records, high_water_kib, listen_unix};
use support::{Address, PATIENCE, PORT, Process, TRANSPORTS, add, status, within};

/// A server that hands every connection to `serve`, once, in a thread, and a client of it.
fn against(
    name: &str,
    options: &ClientOptions,
    serve: &(dyn Fn(&mut dyn Stream) + Sync),
    ask: &dyn Fn(&Client),
) {
    let transport = TRANSPORTS.iter().find(|one| one.name == name).unwrap();
    let address = Address::new();
    let listener = Listener::bind(name, &address);
    std::thread::scope(|scope| {
        let channel = (transport.connect)(&address, options).unwrap();
        let client = Client::new(channel, options);
        let mut stream = listener.accept(&address);
        scope.spawn(move || serve(&mut *stream));
        ask(&client);
    });
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

enum Listener {
    Unix(UnixListener),
    Records(UnixListener),
    Tcp(TcpListener),
    /// The FIFO of announcements.
    Fifo(std::fs::File),
}

/// The transports that carry frames; shared memory comes below.
const STREAMS: [&str; 4] = ["uds", "seqpacket", "fifo", "tcp"];

fn make_fifo(path: &str) {
    let path = std::ffi::CString::new(path).unwrap();
    // SAFETY: a NUL-terminated path.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
}

fn open_both(path: &str) -> std::fs::File {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).open(path).unwrap()
}

impl Listener {
    fn bind(name: &str, address: &Address) -> Self {
        match name {
            "uds" => Self::Unix(listen_unix(name, &address.path("sock")).unwrap()),
            "seqpacket" => Self::Records(listen_unix(name, &address.path("sock")).unwrap()),
            "tcp" => Self::Tcp(TcpListener::bind((address.host.as_str(), PORT)).unwrap()),
            _ => {
                make_fifo(&address.path("q"));
                make_fifo(&address.path("a"));
                make_fifo(&address.path("q.hello"));
                Self::Fifo(open_both(&address.path("q.hello")))
            }
        }
    }

    fn accept(&self, address: &Address) -> Box<dyn Stream> {
        match self {
            Self::Unix(listener) => Box::new(listener.accept().unwrap().0),
            Self::Records(listener) => Box::new(Records::new(listener.accept().unwrap().0)),
            Self::Tcp(listener) => Box::new(listener.accept().unwrap().0),
            Self::Fifo(hello) => {
                let mut record = [0; 64];
                (&*hello).read_exact(&mut record).unwrap();
                // The id follows a magic of 8 bytes and a version of 4.
                let id: [u8; 16] = record.get(12..28).unwrap().try_into().unwrap();
                let hex = format!("{:032x}", u128::from_be_bytes(id));
                let mut open = std::fs::OpenOptions::new();
                let requests = open.read(true).open(address.path(&format!("q.{hex}.q")));
                let mut open = std::fs::OpenOptions::new();
                let answers = open.write(true).open(address.path(&format!("q.{hex}.a")));
                let mut pair = Pair {
                    requests: requests.unwrap(),
                    answers: answers.unwrap(),
                };
                pair.write_all(&Notice::Welcome.to_bytes()).unwrap();
                Box::new(pair)
            }
        }
    }
}

/// The server's ends of a FIFO client's pair.
struct Pair {
    requests: std::fs::File,
    answers: std::fs::File,
}

impl Read for Pair {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.requests.read(buffer)
    }
}

impl Write for Pair {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.answers.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    [&frame::prefix(length)[..], body].concat()
}

/// Reads until the client has gone.
fn drain(stream: &mut dyn Stream) {
    let _ = std::io::copy(stream, &mut std::io::sink());
}

#[test]
fn answers_that_nobody_asked_for_are_taken_by_nobody_but_their_client() {
    for name in STREAMS {
        let flood = |stream: &mut dyn Stream| {
            // A response each, more than were asked for, and then the end.
            let _ = stream.write_all(&framed(b"OK 30").repeat(1000));
            drain(stream);
        };
        against(name, &within(5000), &flood, &|client| {
            for _ in 0..100 {
                // A server may say what it likes; it is an answer or malformed, and no call hangs.
                match client.call(&add(10, 20)) {
                    Ok(answer) => assert_eq!(answer, Ok(30), "{name}"),
                    Err(error) => assert_eq!(error.status(), Status::Malformed, "{name}"),
                }
            }
        });
    }
}

/// What came with the last answer is seen before the next request is sent.
#[test]
fn an_answer_too_many_ends_the_connection() {
    for name in STREAMS.into_iter().filter(|name| *name != "fifo") {
        let twice = |stream: &mut dyn Stream| {
            let mut request = [0; 13];
            stream.read_exact(&mut request).unwrap();
            stream
                .write_all(&[framed(b"OK 30"), framed(b"OK 31")].concat())
                .unwrap();
            drain(stream);
        };
        against(name, &within(5000), &twice, &|client| {
            assert_eq!(client.call(&add(10, 20)).unwrap(), Ok(30), "{name}");
            for _ in 0..2 {
                let next = client.call(&add(10, 20));
                assert_eq!(status(next), Status::Malformed, "{name}");
            }
        });
    }
}

#[test]
fn each_wrong_notice_is_an_error() {
    let (refused, malformed) = (Status::Refused, Status::Malformed);
    let notices = [
        (Notice::Refused as u32, refused),
        (Notice::Welcome as u32, malformed),
        (Notice::TooLarge as u32, Status::TooLarge),
        (Notice::HandlerFailed as u32, Status::HandlerFailed),
        (0xFFFF_FF00, Status::TooLarge),
        (0xFFFF_FF05, Status::TooLarge),
        (0xFFFF_FFFF, Status::TooLarge),
        (65537, Status::TooLarge),
    ];
    for name in STREAMS {
        for (word, expected) in notices {
            let say = move |stream: &mut dyn Stream| {
                let _ = stream.read_exact(&mut [0; 13]);
                let _ = stream.write_all(&word.to_le_bytes());
                drain(stream);
            };
            against(name, &within(5000), &say, &|client| {
                let given = status(client.call(&add(10, 20)));
                assert_eq!(given, expected, "{name} {word:#x}");
            });
        }
    }
}

#[test]
fn half_an_answer_is_awaited_until_the_deadline_each_time() {
    for name in STREAMS {
        let answer = framed(b"OK 30");
        for cut in 0..answer.len() {
            let begin = |stream: &mut dyn Stream| {
                let _ = stream.read_exact(&mut [0; 13]);
                let _ = stream.write_all(answer.get(..cut).unwrap());
                drain(stream);
            };
            against(name, &within(20), &begin, &|client| {
                for _ in 0..2 {
                    assert_eq!(status(client.call(&add(10, 20))), Status::TimedOut);
                }
            });
        }
    }
}

#[test]
fn a_byte_now_and_then_outlasts_no_deadline() {
    for name in STREAMS {
        let drip = |stream: &mut dyn Stream| {
            let long = framed(&[b'x'; 60_000]);
            let _ = stream.read_exact(&mut [0; 13]);
            for byte in long {
                if stream.write_all(&[byte]).is_err() {
                    return;
                }
                std::thread::park_timeout(Duration::from_millis(1));
            }
        };
        against(name, &within(200), &drip, &|client| {
            let began = Instant::now();
            assert_eq!(
                status(client.call(&add(10, 20))),
                Status::TimedOut,
                "{name}"
            );
            // All of it would take a minute.
            assert!(began.elapsed() < PATIENCE, "{name}");
        });
    }
}

#[test]
fn endless_bytes_end_in_errors_and_take_no_memory() {
    for name in STREAMS {
        for seed in 1..=2 {
            let ok = Process::fork(|| {
                let pour = |stream: &mut dyn Stream| {
                    let mut random = Random::new(seed);
                    // The first ones are zeros, which are frames, or lengths within the limit.
                    let mut bytes = random.bytes(1 << 16);
                    let zeros = bytes.len() / 4 * random.below(4);
                    bytes.iter_mut().take(zeros).for_each(|byte| *byte = 0);
                    while stream.write_all(&bytes).is_ok() {}
                };
                against(name, &within(30), &pour, &|client| {
                    let before = high_water_kib("self");
                    for _ in 0..4 {
                        assert_ne!(status(client.call(&add(10, 20))), Status::Ok);
                        assert_ne!(status(client.call(&add(10, 20))), Status::Internal);
                    }
                    // Twice the limit of one message, and the thread's own 64 KiB.
                    let grown = high_water_kib("self").saturating_sub(before);
                    assert!(grown < 1024, "{name} seed {seed}: {grown} KiB");
                });
            })
            .succeeded();
            assert!(ok, "{name} seed {seed}");
        }
    }
}

#[test]
fn programs_that_write_without_end_are_no_servers() {
    for program in ["cat /dev/zero", "cat /dev/urandom", "yes"] {
        let program = std::ffi::CString::new(format!("exec {program}")).unwrap();
        let argv = [c"/bin/sh", c"-c", program.as_c_str()];
        let client = pipe::spawn(&argv, &within(50)).unwrap();
        for _ in 0..20 {
            assert_ne!(status(client.call(&add(10, 20))), Status::Ok);
        }
    }
}

#[test]
fn a_server_that_says_nothing_is_timed_out_and_may_speak_later() {
    let address = Address::new();
    let listener = UnixListener::bind(address.path("sock")).unwrap();
    let client = TRANSPORTS[0].client_with(&address, &within(20));
    let (mut stream, _) = listener.accept().unwrap();
    for _ in 0..3 {
        assert_eq!(status(client.call(&add(1, 1))), Status::TimedOut);
    }
    // The late answer is dropped; until it has come, nothing more is asked.
    stream.write_all(&framed(b"OK 2")).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let asked = [framed(b"ADD 1 1"), framed(b"ADD 4 5")].concat();
            let mut sent = vec![0; asked.len()];
            stream.read_exact(&mut sent).unwrap();
            assert_eq!(sent, asked);
            let mut again = framed(b"ADD 4 5");
            while stream.write_all(&framed(b"OK 9")).is_ok() {
                if stream.read_exact(&mut again).is_err() {
                    break;
                }
            }
        });
        // On a busy machine, 20 ms are sometimes not enough.
        let answer = std::iter::repeat_with(|| client.call(&add(4, 5)))
            .find(|answer| !matches!(answer, Err(error) if error.status() == Status::TimedOut));
        assert!(matches!(answer, Some(Ok(Ok(9)))), "{answer:?}");
        drop(client);
    });
}
