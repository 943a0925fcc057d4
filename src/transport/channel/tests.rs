//! What a channel makes of a stream that takes and gives what the test says.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::protocol::frame::Notice;
use crate::transport::stand_in::{ScriptedStream, blocked, broken, gone};
use std::io;

type Step = io::Result<usize>;

fn channel(writes: impl IntoIterator<Item = Step>) -> Framed<ScriptedStream> {
    spinning(Duration::ZERO, writes)
}

/// One that tries for so long before it waits.
fn spinning(spin: Duration, writes: impl IntoIterator<Item = Step>) -> Framed<ScriptedStream> {
    let options = ClientOptions {
        spin,
        ..ClientOptions::default()
    };
    let stream = ScriptedStream::taking(writes);
    Framed::new(stream, "server".into(), &options)
}

const FRAME: &[u8] = b"\x02\0\0\0hi";

fn send(channel: &mut Framed<ScriptedStream>) -> Result<()> {
    channel.send(FRAME, &Deadline::never())
}

fn send_body(channel: &mut Framed<ScriptedStream>) -> Result<()> {
    channel.send_body(b"hi", &Deadline::never())
}

#[test]
fn a_frame_is_sent_in_as_many_parts_as_there_is_room_for() {
    for send in [send, send_body] {
        for first in 0..=FRAME.len() {
            for second in 1..FRAME.len() {
                let mut channel = channel([Ok(first), blocked(), Ok(second), blocked(), Ok(9)]);
                send(&mut channel).unwrap();
                assert_eq!(channel.stream.written, FRAME, "{first} {second}");
            }
        }
    }
}

#[test]
fn a_frame_of_which_nothing_was_taken_is_written_as_one_again() {
    for send in [send, send_body] {
        let mut channel = channel([blocked(), Ok(FRAME.len()), broken()]);
        send(&mut channel).unwrap();
        assert_eq!(channel.stream.written, FRAME);
    }
}

#[test]
fn only_a_frame_that_was_sent_in_part_ends_the_channel() {
    for send in [send, send_body] {
        for sent in 0..FRAME.len() {
            let mut channel = channel([Ok(sent), blocked(), blocked()]);
            assert_eq!(send(&mut channel).unwrap_err().status(), Status::TimedOut);
            channel.stream.writes.clear();
            let next = send(&mut channel).map_err(|error| error.status());
            let expected = if sent == 0 {
                Ok(())
            } else {
                Err(Status::Closed)
            };
            assert_eq!(next, expected, "{sent}");
        }
    }
}

#[test]
fn the_last_word_of_a_server_that_has_gone_is_heard() {
    for send in [send, send_body] {
        for sent in 0..FRAME.len() {
            let mut channel = channel([Ok(sent), gone(), gone()]);
            let refused = Notice::Refused.to_bytes().to_vec();
            channel.stream.reads.extend([Ok(refused), Ok(vec![])]);
            send(&mut channel).unwrap();
            let error = channel.recv(&Deadline::never()).unwrap_err();
            assert_eq!(error.status(), Status::Refused);
            assert!(error.is_not_executed());
        }
    }
}

#[test]
fn one_that_has_gone_without_a_word_closed_the_connection() {
    for epitaph in [None, Some("it was killed by signal 9".to_owned())] {
        let mut channel = channel([gone(), gone()]); // It tries twice.
        channel.stream.epitaph.clone_from(&epitaph);
        channel.stream.reads.push_back(Ok(vec![]));
        send(&mut channel).unwrap();
        channel.stream.reads.push_back(Ok(vec![]));
        let error = channel.recv(&Deadline::never()).unwrap_err();
        assert_eq!(error.status(), Status::Closed);
        assert!(error.is_not_executed());
        let said = epitaph.as_deref().unwrap_or("it closed the connection");
        assert_eq!(error.context(), format!("server: {said}"));
    }
}

#[test]
fn many_frames_of_which_one_was_sent_in_part_end_the_channel() {
    for sent in 0..=2 * FRAME.len() {
        let mut channel = channel([Ok(sent), blocked(), blocked()]);
        let frames = [FRAME, FRAME].concat();
        let exchanged = channel.exchange(&frames, 100, None, &mut |_| ());
        let whole = sent / FRAME.len();
        assert_eq!(exchanged.owed as usize, whole);
        let error = exchanged.result.unwrap_err();
        assert_eq!(error.status(), Status::TimedOut);
        assert_eq!(error.is_not_executed(), whole == 0, "{sent}");
        channel.stream.writes.clear();
        let is_cut = !sent.is_multiple_of(FRAME.len());
        assert_eq!(send(&mut channel).is_err(), is_cut, "{sent}");
    }
}

/// Exchanges so many frames over a stream that gives these answers; what was given, and how it ended.
fn exchange(
    channel: &mut Framed<ScriptedStream>,
    frames: usize,
    answers: impl IntoIterator<Item = io::Result<Vec<u8>>>,
) -> (Vec<Vec<u8>>, Exchanged) {
    channel.stream.reads.extend(answers);
    let mut given = Vec::new();
    let hour = Some(Duration::from_secs(3600));
    let mut take = |body: &[u8]| given.push(body.to_vec());
    let exchanged = channel.exchange(&FRAME.repeat(frames), 100, hour, &mut take);
    (given, exchanged)
}

fn status(exchanged: &Exchanged) -> Status {
    match &exchanged.result {
        Ok(()) => Status::Ok,
        Err(error) => error.status(),
    }
}

const ANSWER: &[u8] = b"\x03\0\0\0yes";

#[test]
fn an_answer_that_cannot_be_given_is_owed_no_more() {
    let too_large = [&(1_u32 << 30).to_le_bytes()[..], b"..."].concat();
    let failed = Notice::HandlerFailed.to_bytes().to_vec();
    for (answer, expected) in [
        (too_large, Status::TooLarge),
        (failed, Status::HandlerFailed),
    ] {
        let answers = [&answer[..], ANSWER].map(|bytes| Ok(bytes.to_vec()));
        let (given, exchanged) = exchange(&mut channel([]), 2, answers);
        assert_eq!((given.len(), exchanged.owed), (0, 1));
        assert_eq!(status(&exchanged), expected);
        assert!(!exchanged.result.unwrap_err().is_not_executed());
    }
}

#[test]
fn what_comes_beyond_the_answers_is_left() {
    let mut channel = channel([]);
    let (given, exchanged) = exchange(&mut channel, 1, [Ok(ANSWER.repeat(2))]);
    assert_eq!(given, [b"yes"]);
    assert_eq!(status(&exchanged), Status::Ok);
    assert_eq!(send(&mut channel).unwrap_err().status(), Status::Malformed);
}

#[test]
fn what_was_answered_before_others_were_cut_was_all_that_was_executed() {
    let sent_in_part = [Ok(FRAME.len() + 1), blocked(), blocked(), blocked()];
    let (given, exchanged) = exchange(&mut channel(sent_in_part), 2, []);
    assert_eq!((given.len(), exchanged.owed), (0, 1));
    assert!(!exchanged.result.unwrap_err().is_not_executed());
    let mut channel = channel([Ok(FRAME.len() + 1), blocked(), Ok(0), blocked(), blocked()]);
    let (given, exchanged) = exchange(&mut channel, 2, [Ok(ANSWER.to_vec())]);
    assert_eq!((given.len(), exchanged.owed), (1, 0));
    assert_eq!(status(&exchanged), Status::TimedOut);
    assert!(exchanged.result.unwrap_err().is_not_executed());
}

#[test]
fn the_time_starts_again_with_each_answer_and_with_nothing_less() {
    let mut channel = channel([]);
    let (half, rest) = ANSWER.split_at(5);
    let answers = [ANSWER, half, rest, ANSWER].map(|bytes| Ok(bytes.to_vec()));
    let (given, exchanged) = exchange(&mut channel, 3, answers);
    assert_eq!((given.len(), status(&exchanged)), (3, Status::Ok));
    let hour = Some(Duration::from_secs(3600));
    let is_new: Vec<_> = channel
        .stream
        .left
        .iter()
        .map(|left| *left == hour)
        .collect();
    assert_eq!(is_new, [true, true, false, true]);
}

#[test]
fn a_server_that_has_gone_may_have_answered_what_it_was_sent() {
    let mut channel = channel([Ok(FRAME.len()), gone()]);
    let answers = [Ok(ANSWER.to_vec()), Ok(vec![])];
    let (given, exchanged) = exchange(&mut channel, 2, answers);
    assert_eq!((given.len(), exchanged.owed), (1, 0));
    assert_eq!(status(&exchanged), Status::Closed);
}

#[test]
fn of_a_server_that_has_gone_nothing_more_is_waited_for() {
    let mut channel = channel([Ok(2 * FRAME.len()), gone()]);
    let (given, exchanged) = exchange(&mut channel, 3, [Ok(ANSWER.to_vec())]);
    assert_eq!((given.len(), exchanged.owed), (1, 1));
    assert_eq!(status(&exchanged), Status::Closed);
    assert!(channel.stream.left.is_empty(), "it waited");
}

#[test]
fn other_failures_of_the_system_end_an_exchange() {
    let (given, exchanged) = exchange(&mut channel([broken()]), 1, [Ok(ANSWER.to_vec())]);
    assert_eq!((given.len(), status(&exchanged)), (0, Status::System));
    let answers = [broken(), Ok(ANSWER.to_vec())];
    let (given, exchanged) = exchange(&mut channel([blocked(), Ok(9)]), 1, answers);
    assert_eq!((given.len(), status(&exchanged)), (0, Status::System));
    // Nothing to read is none.
    let answers = [blocked(), Ok(ANSWER.to_vec())];
    let (given, exchanged) = exchange(&mut channel([blocked(), Ok(9)]), 1, answers);
    assert_eq!((given.len(), status(&exchanged)), (1, Status::Ok));
}

#[test]
fn what_fails_is_not_tried_again() {
    for spin in [Duration::ZERO, Duration::from_millis(1)] {
        let mut channel = spinning(spin, [blocked(), broken()]);
        assert_eq!(send(&mut channel).unwrap_err().status(), Status::System);
        let mut channel = spinning(spin, []);
        send(&mut channel).unwrap();
        channel.stream.reads.push_back(broken());
        channel.stream.reads.push_back(Ok(ANSWER.to_vec()));
        let error = channel.recv(&Deadline::never()).unwrap_err();
        assert_eq!(error.status(), Status::System);
    }
}
