//! Clients whose server is what the test writes into their memory.

mod filling;
mod parts;
mod records;
mod waiting;

use super::*;
use crate::sys::doorbell::Doorbell;
use crate::sys::doorbell::Ringer;
use crate::sys::line::Page;
use crate::sys::memory;
use crate::sys::memory::{Access, Mapping};
use crate::sys::{LineAlarm, socket};
use crate::transport::shm::buffer::Buffer;
use crate::transport::shm::form::Form;
use crate::transport::shm::header::Header;
use crate::transport::shm::layout::{PAGE, RECORD, RING, Record};
use crate::transport::shm::slot::ClientSlot;
use std::sync::atomic::Ordering;

/// The bytes of each half of the buffer.
const HALF: usize = 4096;

/// A client, and what its server would have of it.
struct Shared {
    channel: SharedChannel,
    page: Mapping,
    buffer: Mapping,
    control: Handle,
}

fn channel(control: Handle) -> SharedChannel {
    SharedChannel {
        control,
        session: None,
        spin: Spin::of_memory(Duration::from_micros(1)),
        yields: 0,
        waited: None,
        reads_in_place: true,
        peer: "server".into(),
        max_message: 4096,
        asked: 0,
        line: Data::EMPTY,
        answer: Room::empty(),
        pending: Pending::None,
        arrived: Arrived::default(),
    }
}

/// What wakes both sides, as the server hands it over.
fn wakers(control: &Handle, ours: &Handle) -> (Ringer, LineAlarm) {
    let (bell, _) = Doorbell::new().unwrap();
    let record = Record::Buffer(Form::Whole).to_bytes();
    let sent = socket::send_with_handles(control.as_source(), &record, &[bell.for_client()]);
    assert_eq!(sent.unwrap(), RECORD);
    let mut record = [0; RECORD];
    let received = socket::recv_with_handles(ours.as_source(), &mut record);
    let mut handles = received.unwrap().1;
    handles.extend(socket::handles_in_band(&record));
    Ringer::from_peer(handles.remove(0), ours).unwrap()
}

/// Says this over a socket.
fn say(control: &Handle, words: &[u8]) {
    let said = socket::send_now(control.as_source(), words).unwrap();
    assert_eq!(said, words.len());
}

/// Memory as both sides have it.
fn share(length: usize, access: Access) -> (Mapping, Mapping) {
    let (fd, theirs) = memory::create(length, Access::Write).unwrap();
    (
        theirs,
        Mapping::from_peer(fd.as_source(), length, access).unwrap(),
    )
}

/// A buffer of one memory, and that memory.
fn whole(half: usize) -> (Mapping, Buffer) {
    let (handle, memory) = memory::create(2 * half, Access::Write).unwrap();
    let buffer = Buffer::from_peer(half, Form::Whole, &[handle]).unwrap();
    (memory, buffer.unwrap())
}

impl Shared {
    fn new() -> Self {
        let (control, ours) = socket::pair();
        let (_, header) = share(PAGE, Access::Read);
        let (page, our_page) = share(PAGE, Access::Write);
        let (buffer, our_buffer) = whole(HALF);
        let (bell, alarm) = wakers(&control, &ours);
        let session = Session {
            header: Header(header),
            slot: ClientSlot::new(our_page, 0, alarm),
            bell,
            buffer: Some(Box::new(our_buffer)),
            rings: true,
            defers: false,
            follows: false,
            manner: 0,
            has_asked: true,
            max_message: 4096,
        };
        let mut channel = channel(ours);
        channel.session = Some(session);
        Self {
            channel,
            page,
            buffer,
            control,
        }
    }

    /// Answers the first request before it is asked.
    fn answer(&self, kind: u16, length: usize, buffer: &[u8]) {
        self.answer_to(1, kind, length, buffer);
    }

    /// Answers the request with this number.
    fn answer_to(&self, number: u32, kind: u16, length: usize, buffer: &[u8]) {
        self.buffer.write(HALF, buffer);
        let line = self.page.line(1);
        layout::store(line, &frame::prefix(u32::try_from(length).unwrap()));
        line.kind.store(kind, Ordering::SeqCst);
        line.word.store(layout::word(number), Ordering::SeqCst);
    }

    /// Exchanges two frames: how many answers were given, how many are owed, and how it ended.
    fn exchange(&mut self) -> (u32, u32, Status) {
        let mut given = 0;
        let frames = b"\x01\0\0\0a\x01\0\0\0b";
        let exchanged = self.channel.exchange(frames, 1, None, &mut |_| given += 1);
        let status = exchanged
            .result
            .map_or_else(|error| error.status(), |()| Status::Ok);
        (given, exchanged.owed, status)
    }
}

/// Two frames that take so many bytes.
fn two_frames(length: usize) -> Vec<u8> {
    let body = length - 2 * PREFIX - 1;
    let prefix = frame::prefix(u32::try_from(body).unwrap());
    [&[1, 0, 0, 0, b'x'], &prefix[..], &vec![0; body]].concat()
}

fn soon() -> Deadline {
    Deadline::after(Some(Duration::from_millis(1)))
}

#[test]
fn the_answers_to_a_batch_may_fill_their_half_of_the_buffer() {
    for (kind, length, expected) in [
        (layout::BATCH, HALF, (2, 0, Status::Ok)),
        (layout::BATCH, HALF + 1, (0, 2, Status::Malformed)),
        (layout::BATCH, HALF + 2, (0, 2, Status::Malformed)),
        (layout::SINGLE, HALF, (0, 2, Status::Malformed)),
    ] {
        let mut shared = Shared::new();
        shared.answer(kind, length, &two_frames(HALF));
        assert_eq!(shared.exchange(), expected, "{kind} {length}");
    }
}

#[test]
fn an_answer_to_a_batch_that_is_none_leaves_the_others_owed() {
    let mut shared = Shared::new();
    shared.answer(layout::BATCH, 9, b"\x01\0\0\0x\xFF\0\0\0");
    assert_eq!(shared.exchange(), (1, 1, Status::Malformed));
}

#[test]
fn no_answers_are_owed_once_those_to_a_batch_are_there() {
    let failed = &frame::Notice::HandlerFailed.to_bytes()[..];
    let too_long = [&frame::prefix(301)[..], &[0; 301]].concat();
    for (second, status) in [
        (failed, Status::HandlerFailed),
        (&too_long, Status::TooLarge),
    ] {
        let mut shared = Shared::new();
        shared.channel.max_message = 300;
        let answers = [b"\x01\0\0\0x", second].concat();
        shared.answer(layout::BATCH, answers.len(), &answers);
        assert_eq!(shared.exchange(), (1, 0, status));
    }
}

#[test]
fn what_is_no_frame_is_not_sent() {
    let mut shared = Shared::new();
    let exchanged = shared
        .channel
        .exchange(b"\x02\0\0\0a", 1, None, &mut |_| ());
    assert_eq!(exchanged.owed, 0);
    let error = exchanged.result.unwrap_err();
    assert_eq!(
        (error.status(), error.is_not_executed()),
        (Status::Internal, true)
    );
    assert_eq!(shared.page.line(0).word.load(Ordering::SeqCst), 0);
}

#[test]
fn a_server_has_died_when_its_socket_has_ended() {
    let shared = Shared::new();
    assert!(!shared.channel.has_died());
    drop(shared.control);
    assert!(shared.channel.has_died());
}

#[cfg(unix_sockets)]
#[test]
fn a_client_that_watches_says_so_and_is_armed_until_the_answer_is_there() {
    let mut shared = Shared::new();
    assert_eq!(shared.channel.arm(), Armed::Watched, "nothing is asked");
    shared.channel.send_now(b"\x01\0\0\0a", 1).unwrap();
    let kind = shared.page.line(0).kind.load(Ordering::SeqCst);
    assert_eq!(kind, layout::SINGLE | layout::WATCHING);
    for _ in 0..2 {
        assert_eq!(shared.channel.arm(), Armed::Watched);
        let word = shared.page.line(1).word.load(Ordering::SeqCst);
        assert_eq!(word & layout::SLEEPER, layout::SLEEPER);
    }
    shared.answer(layout::SINGLE, 0, &[]);
    assert_eq!(shared.channel.arm(), Armed::Arrived);
    assert_eq!(shared.channel.recv_now().unwrap(), Some(&[][..]));
    assert_eq!(shared.channel.recv_now().unwrap(), None);
    // A server of an earlier version wakes nobody over its socket.
    shared.channel.session().unwrap().rings = false;
    shared.channel.send_now(b"\x01\0\0\0b", 1).unwrap();
    let kind = shared.page.line(0).kind.load(Ordering::SeqCst);
    assert_eq!(kind, layout::SINGLE, "it would not understand more");
    assert_eq!(shared.channel.arm(), Armed::Unwatched);
    // One that waits sleeps on the line itself.
    shared.channel.pending = Pending::None;
    shared
        .channel
        .send(b"\x01\0\0\0c", &Deadline::never())
        .unwrap();
    let kind = shared.page.line(0).kind.load(Ordering::SeqCst);
    assert_eq!(kind, layout::SINGLE);
}

#[test]
fn what_is_owed_to_those_who_waited_comes_first() {
    let mut shared = Shared::new();
    shared
        .channel
        .send(b"\x01\0\0\0a", &Deadline::never())
        .unwrap();
    shared.channel.begin_flight(2).unwrap();
    assert_eq!(
        shared.channel.send_now(b"\x01\0\0\0b", 1).unwrap(),
        0,
        "the line is taken"
    );
    assert_eq!(shared.channel.arm(), Armed::Unwatched);
    assert_eq!(shared.channel.recv_now().unwrap(), None);
    shared.answer(layout::SINGLE, 0, &[]);
    for _ in 0..2 {
        assert!(shared.channel.recv_now().unwrap().is_some());
    }
    assert_eq!(shared.channel.send_now(b"\x01\0\0\0b", 1).unwrap(), 5);
}

/// So many frames whose bodies are these letters.
fn letters(letters: &str) -> Vec<u8> {
    letters
        .bytes()
        .flat_map(|letter| [1, 0, 0, 0, letter])
        .collect()
}

#[test]
fn what_waits_is_published_once_the_answer_before_was_copied_out() {
    let mut shared = Shared::new();
    let channel = &mut shared.channel;
    assert_eq!(channel.send_now(&letters("a"), 10).unwrap(), 5);
    assert_eq!(channel.send_now(&letters("bc"), 10).unwrap(), 0);
    shared.answer(layout::SINGLE, 1, &[]);
    let channel = &mut shared.channel;
    assert_eq!(channel.send_now(&letters("bc"), 10).unwrap(), 10);
    assert!(channel.has_arrived());
    shared.answer_to(2, layout::BATCH, 10, &letters("BC"));
    // Those to the batch find a place beside the one that came in the line; then there is none.
    let channel = &mut shared.channel;
    assert_eq!(channel.send_now(&letters("de"), 10).unwrap(), 10);
    shared.answer_to(3, layout::BATCH, 10, &letters("DE"));
    let channel = &mut shared.channel;
    assert_eq!(channel.send_now(&letters("f"), 10).unwrap(), 0);
    assert_eq!(channel.take_arrived(9), None, "the line's comes first");
    assert_eq!(channel.recv_now().unwrap().map(<[u8]>::len), Some(1));
    assert_eq!(channel.take_arrived(0), None, "it is longer");
    assert_eq!(channel.take_arrived(1), Some(&b"B"[..]));
    for expected in ["C", "D"] {
        let answer = channel.recv_now().unwrap();
        assert_eq!(answer, Some(expected.as_bytes()));
    }
    assert_eq!(channel.take_arrived(1), Some(&b"E"[..]));
    assert_eq!(channel.take_arrived(1), None);
    assert_eq!(channel.recv_now().unwrap(), None);
    assert_eq!(channel.arm(), Armed::Watched);
}

#[test]
fn an_answer_is_taken_though_the_server_went_before_it_handed_a_buffer_over() {
    let mut shared = Shared::new();
    let channel = &mut shared.channel;
    channel.session.as_mut().unwrap().buffer = None;
    assert_eq!(channel.send_now(&letters("a"), 10).unwrap(), 5);
    shared.answer(layout::SINGLE, 1, &[]);
    let Shared {
        mut channel,
        control,
        ..
    } = shared;
    drop(control);
    assert_eq!(channel.send_now(&letters("bc"), 10).unwrap(), 0);
    assert_eq!(channel.recv_now().unwrap().map(<[u8]>::len), Some(1));
    channel.send_now(&letters("bc"), 10).unwrap_err();
}

#[test]
fn what_follows_a_failure_among_the_answers_to_a_batch_is_taken() {
    let mut shared = Shared::new();
    shared.channel.max_message = 2;
    let frames = b"\x01\0\0\0a\x01\0\0\0b\x01\0\0\0c";
    assert_eq!(shared.channel.send_now(frames, 1).unwrap(), frames.len());
    let failed = &Notice::HandlerFailed.to_bytes();
    let answers = [failed, &b"\x03\0\0\0too"[..], b"\x01\0\0\0C"].concat();
    shared.answer(layout::BATCH, answers.len(), &answers);
    for expected in [Status::HandlerFailed, Status::TooLarge] {
        let error = shared.channel.recv_now().unwrap_err();
        assert_eq!(error.status(), expected);
    }
    assert_eq!(shared.channel.recv_now().unwrap(), Some(&b"C"[..]));
}
