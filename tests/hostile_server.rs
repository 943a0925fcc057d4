//! Servers that lie to their clients: whatever comes, a call ends by its deadline with an error or an answer.
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::protocol::frame::Notice;
use std::time::{Duration, Instant};
use support::wire::{STREAMS, Wire, against, connected, framed, pour};
use support::{Address, PATIENCE, TRANSPORTS, add, patient, status, within};

/// Reads until the client has gone.
fn drain(stream: &mut dyn Wire) {
    let _ = std::io::copy(stream, &mut std::io::sink());
}

#[test]
fn answers_that_nobody_asked_for_are_taken_by_nobody_but_their_client() {
    for name in STREAMS {
        let flood = |stream: &mut dyn Wire| {
            // A response each, more than were asked for, and then the end.
            let _ = stream.write_all(&framed(b"OK 30").repeat(1000));
            drain(stream);
        };
        against(name, &patient(), &flood, &|client| {
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
        let twice = |stream: &mut dyn Wire| {
            let mut request = [0; 13];
            stream.read_exact(&mut request).unwrap();
            stream
                .write_all(&[framed(b"OK 30"), framed(b"OK 31")].concat())
                .unwrap();
            drain(stream);
        };
        against(name, &patient(), &twice, &|client| {
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
            let say = move |stream: &mut dyn Wire| {
                let _ = stream.read_exact(&mut [0; 13]);
                let _ = stream.write_all(&word.to_le_bytes());
                drain(stream);
            };
            against(name, &patient(), &say, &|client| {
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
            let begin = |stream: &mut dyn Wire| {
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
        let drip = |stream: &mut dyn Wire| {
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
fn endless_bytes_end_in_errors() {
    for name in STREAMS {
        for seed in 1..=2 {
            let pour = |stream: &mut dyn Wire| pour(stream, seed);
            against(name, &within(30), &pour, &|client| {
                for _ in 0..8 {
                    let given = status(client.call(&add(10, 20)));
                    assert!(![Status::Ok, Status::Internal].contains(&given), "{name}");
                }
            });
        }
    }
}

#[test]
fn a_server_that_says_nothing_is_timed_out_and_may_speak_later() {
    let address = Address::new();
    let (client, mut stream) = connected(&TRANSPORTS[0], &address, &within(20));
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
