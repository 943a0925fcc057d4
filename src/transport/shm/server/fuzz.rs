//! The server's side of one client, which writes what it likes to what it was handed.
//!
//! Both run in one thread, so that what the client wrote is known, and with it what the server has
//! to do. Writes while the server reads are the business of `tests/hostile_memory.rs`.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a panic is how a finding shows"
)]

use super::{CONTROL, Shared, SharedPeer};
use crate::protocol::frame::{Notice, PREFIX};
use crate::sys::line::{LINE_WORDS, Line, Page};
use crate::sys::memory::{self, Access, Mapping};
use crate::sys::ready::Ready;
use crate::sys::socket;
use crate::sys::{AsSource, Bell, Handle};
use crate::transport::fuzz::Steps;
use crate::transport::reactor::{Happened, Peer, TurnEnd, Work};
use crate::transport::shm::buffer::length_of_part;
use crate::transport::shm::form::Form;
use crate::transport::shm::layout::{self, INLINE, PAGE, RECORD, Record, SLEEPER};
use crate::transport::{ALIGNMENT, Answer, Cause, Credentials, Visit, Visitor, Written};
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(super) const MAX_MESSAGE: u32 = 300;
const FORMS: [Form; 3] = [Form::Whole, Form::Parts, Form::Rotating];
/// More of them do not find more.
const MAX_STEPS: u32 = 64;

/// Answers with the request.
pub(super) struct Echo;

impl Answer for Echo {
    fn answer(&self, _from: &Visitor, body: &[u8], room: &mut [u8]) -> Written {
        assert!(body.len() <= MAX_MESSAGE as usize, "{} bytes", body.len());
        assert!(body.as_ptr().addr().is_multiple_of(ALIGNMENT));
        assert!(room.as_ptr().addr().is_multiple_of(ALIGNMENT));
        room[..body.len()].copy_from_slice(body);
        Ok(u32::try_from(body.len()).unwrap())
    }

    fn longest_answer(&self, max_message: u32) -> u32 {
        max_message
    }

    fn takes_aligned(&self) -> bool {
        true
    }

    fn is_for_many_threads(&self) -> bool {
        true
    }

    fn note(&self, _visitor: &Visitor, _visit: Visit) {}

    fn too_large(&self, _room: &mut [u8]) -> Written {
        Err(Notice::TooLarge)
    }
}

/// What the server has to make of what stands in the client's memory.
#[derive(Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    Answer(Vec<u8>),
    Batch(Vec<u8>),
    TooLarge,
    End,
}

pub(super) struct Client {
    control: Handle,
    page: Mapping,
    request_line: usize,
    /// What requests go through, and, unless it is the same, answers.
    buffer: Option<(Mapping, Option<Mapping>)>,
    /// What the server would say `served` is.
    pub(super) served: u32,
}

/// Each step is a byte that says what the client does, and what that takes.
pub(crate) fn check(input: &[u8]) {
    let stop = Bell::new().unwrap();
    let mut work = Work::new(&Echo, &stop, MAX_MESSAGE, Arc::default()).unwrap();
    let mut steps = Steps(input);
    let (mut client, mut peer) = connect(steps.byte());
    for _ in 0..MAX_STEPS {
        if steps.0.is_empty() {
            break;
        }
        let alive = match steps.byte() % 8 {
            0 => client.let_serve(&mut peer, &mut work),
            1 => client.listen(&mut peer, steps.byte(), &mut work),
            step => {
                client.scribble(step, &mut steps);
                true
            }
        };
        if !alive {
            break;
        }
    }
    peer.farewell();
    assert_eq!(layout::number(client.reply_word()), layout::CLOSED);
}

pub(super) fn connect(serial: u8) -> (Client, SharedPeer) {
    let (control, theirs) = socket::pair();
    let (header, _mapping) = memory::create(PAGE, Access::Read).unwrap();
    let offset = layout::request_offset(serial.into());
    let shared =
        Shared::hand_over(control.as_source(), header.as_source(), offset, MAX_MESSAGE).unwrap();
    let (_, fds) = receive(&theirs);
    let client = Client {
        control: theirs,
        page: Mapping::from_peer(fds[1].as_source(), PAGE, Access::Write).unwrap(),
        request_line: layout::line_at(offset),
        buffer: None,
        served: 0,
    };
    let visitor = Visitor::alone(Credentials::UNKNOWN);
    (
        client,
        SharedPeer::new(control, shared, visitor, MAX_MESSAGE).following(true),
    )
}

/// A batch may take more than one.
fn turns(peer: &mut SharedPeer, happened: Happened, work: &mut Work<'_>) -> TurnEnd {
    let mut end = peer.turn(happened, work);
    while end == TurnEnd::Unfinished {
        assert_eq!(work.out.len(), 0);
        end = peer.turn(Happened::default(), work);
    }
    end
}

fn receive(control: &Handle) -> (Record, Vec<Handle>) {
    let mut record = [0; RECORD];
    let (length, mut fds) = socket::recv_with_handles(control.as_source(), &mut record).unwrap();
    assert_eq!(length, RECORD);
    fds.extend(socket::handles_in_band(&record));
    (Record::from_bytes(&record).unwrap(), fds)
}

impl Client {
    pub(super) fn request(&self) -> &Line {
        self.page.line(self.request_line)
    }

    fn reply(&self) -> &Line {
        self.page.line(self.request_line + 1)
    }

    fn reply_word(&self) -> u32 {
        self.reply().word.load(Ordering::SeqCst)
    }

    /// Writes somewhere. The first two are what an honest client does.
    fn scribble(&self, step: u8, steps: &mut Steps<'_>) {
        let order = Ordering::SeqCst;
        match step {
            2 => self.ask(steps.byte(), steps.bytes()),
            3 => self.write_buffer(steps.byte(), steps.bytes()),
            4 => self.request().word.store(steps.word(), order),
            5 => self.request().data[usize::from(steps.byte()) % LINE_WORDS].store(
                u64::from(steps.word()) | u64::from(steps.word()) << 32,
                order,
            ),
            6 => self.reply().word.store(steps.word(), order),
            _ => {
                self.request().cpu.store(steps.byte().into(), order);
                self.reply().kind.store(steps.byte().into(), order);
                self.reply().data[0].store(steps.word().into(), order);
            }
        }
    }

    /// Publishes the next request: its length is that of the bytes, or that of what the buffer
    /// holds; `how` says which, of what kind, and whether this side says that it sleeps.
    pub(super) fn ask(&self, how: u8, bytes: &[u8]) {
        let long = u32::from(how & 12) << 5 | u32::from(how & 2);
        let length = match how & 12 {
            0 => u32::try_from(bytes.len()).unwrap(),
            _ => long,
        };
        let line = [&length.to_le_bytes()[..], bytes].concat();
        layout::store(self.request(), &line);
        let kind = if how & 1 == 1 {
            layout::BATCH
        } else {
            layout::SINGLE
        };
        let takes = FORMS[usize::from(how >> 5) % FORMS.len()].to_bits();
        self.request().kind.store(kind | takes, Ordering::Relaxed);
        if how & 16 != 0 {
            self.reply().word.fetch_or(SLEEPER, Ordering::SeqCst);
        }
        let word = layout::word(layout::next(self.served));
        self.request().word.store(word, Ordering::SeqCst);
    }

    pub(super) fn write_buffer(&self, place: u8, bytes: &[u8]) {
        if let Some((requests, _)) = &self.buffer {
            let place = usize::from(place) * 16;
            let room = requests.length().saturating_sub(place);
            requests.write(
                place.min(requests.length()),
                &bytes[..bytes.len().min(room)],
            );
        }
    }

    /// Asks for the buffer, and takes it.
    pub(super) fn ask_for_buffer(&mut self, peer: &mut SharedPeer, work: &mut Work<'_>) {
        assert!(self.listen(peer, 6, work));
    }

    /// Says something over the socket.
    fn listen(&mut self, peer: &mut SharedPeer, byte: u8, work: &mut Work<'_>) -> bool {
        let is_right = byte % 8 != 7 && !peer.has_asked;
        let said = match byte % 8 {
            7 => byte,
            6 => Form::Parts.to_wish(),
            5 => Form::Rotating.to_wish(),
            _ => Form::Whole.to_wish(),
        };
        socket::send_now(self.control.as_source(), &[said]).unwrap();
        let mut happened = Happened::default();
        happened.note(CONTROL, Ready::READABLE);
        let end = turns(peer, happened, work);
        if !is_right {
            assert_eq!(end, TurnEnd::Dropped(Cause::Malformed));
            return false;
        }
        self.fetch_buffer();
        // With the buffer, which is there before what the client asked is looked at.
        self.compare(self.due(), end, peer)
    }

    fn let_serve(&mut self, peer: &mut SharedPeer, work: &mut Work<'_>) -> bool {
        let end = turns(peer, Happened::default(), work);
        self.compare(self.due(), end, peer)
    }

    fn fetch_buffer(&mut self) {
        let (record, fds) = receive(&self.control);
        let Record::Buffer(form) = record else {
            panic!("{record:?}");
        };
        let half = layout::half_of_buffer(MAX_MESSAGE);
        let length = length_of_part(half, form);
        let map = |fd: &Handle, size, access| Mapping::from_peer(fd.as_source(), size, access);
        self.buffer = Some(match fds.as_slice() {
            [both] => (map(both, 2 * half, Access::Write).unwrap(), None),
            [requests, answers] => {
                assert!(
                    map(answers, length, Access::Write).is_err(),
                    "it is the server's"
                );
                let answers = map(answers, length, Access::Read).unwrap();
                (map(requests, length, Access::Write).unwrap(), Some(answers))
            }
            _ => panic!("{} handles", fds.len()),
        });
    }

    /// What the server owes for what stands in the request's line now.
    fn due(&self) -> Due {
        let number = layout::number(self.request().word.load(Ordering::SeqCst));
        if number == self.served {
            return Due::Nothing;
        }
        if number != layout::next(self.served) {
            return Due::End;
        }
        let length = layout::load_prefix(self.request());
        if self.request().kind.load(Ordering::SeqCst) & layout::KINDS == layout::BATCH {
            return self.due_batch(length);
        }
        if length > MAX_MESSAGE {
            return Due::TooLarge;
        }
        let length = length as usize;
        if length <= INLINE {
            let data = layout::load(self.request(), length);
            return Due::Answer(data[PREFIX..PREFIX + length].to_vec());
        }
        self.read_request(length).map_or(Due::End, Due::Answer)
    }

    fn due_batch(&self, length: u32) -> Due {
        let length = length as usize;
        if length > layout::half_of_buffer(MAX_MESSAGE) {
            return Due::End;
        }
        let Some(frames) = self.read_request(length) else {
            return Due::End;
        };
        let mut rest = frames.as_slice();
        while let Some((prefix, after)) = rest.split_first_chunk::<PREFIX>() {
            let body = u32::from_le_bytes(*prefix);
            match after.get(body as usize..) {
                Some(after) if body <= MAX_MESSAGE => rest = after,
                _ => return Due::End,
            }
        }
        if rest.is_empty() {
            Due::Batch(frames)
        } else {
            Due::End
        }
    }

    /// What the buffer holds for the server, where this side says; nothing where there is none.
    fn read_request(&self, length: usize) -> Option<Vec<u8>> {
        let place = layout::load_place(self.request());
        let (requests, answers) = self.buffer.as_ref()?;
        let limit = match answers {
            Some(_) => requests.length(),
            None => layout::half_of_buffer(MAX_MESSAGE),
        };
        let mut bytes = vec![0; length];
        (place.saturating_add(length) <= limit).then(|| {
            requests.read(place, &mut bytes);
            bytes
        })
    }

    /// What it holds of the server's.
    fn read_answer(&self, length: usize) -> Vec<u8> {
        let (mut bytes, place) = (vec![0; length], layout::load_place(self.reply()));
        match self.buffer.as_ref().unwrap() {
            (both, None) => both.read(layout::half_of_buffer(MAX_MESSAGE) + place, &mut bytes),
            (_, Some(answers)) => answers.read(place, &mut bytes),
        }
        bytes
    }

    /// `false`: it is over, as it had to be.
    fn compare(&mut self, due: Due, end: TurnEnd, peer: &SharedPeer) -> bool {
        let half = layout::half_of_buffer(MAX_MESSAGE);
        assert!(
            peer.copy.len() <= half + PREFIX,
            "{} bytes",
            peer.copy.len()
        );
        let answered = TurnEnd::Idle { answered: true };
        match due {
            Due::Nothing => assert_eq!(end, TurnEnd::Idle { answered: false }),
            Due::End => assert_eq!(end, TurnEnd::Dropped(Cause::Malformed)),
            Due::TooLarge => assert_eq!(end, TurnEnd::Dropped(Cause::TooLarge)),
            Due::Answer(_) | Due::Batch(_) => assert_eq!(end, answered),
        }
        if matches!(due, Due::Nothing | Due::End) {
            return due == Due::Nothing;
        }
        self.served = layout::next(self.served);
        assert_eq!(self.reply_word(), layout::word(self.served));
        let (length, kind) = self.published();
        match due {
            Due::Answer(body) => {
                assert_eq!((length as usize, kind), (body.len(), layout::SINGLE));
                assert_eq!(self.answer(length as usize), body);
                true
            }
            Due::Batch(frames) => {
                assert_eq!((length as usize, kind), (frames.len(), layout::BATCH));
                assert_eq!(self.read_answer(frames.len()), frames);
                true
            }
            _ => {
                assert_eq!(length, Notice::TooLarge as u32);
                false
            }
        }
    }

    /// The prefix and the kind of the answer.
    pub(super) fn published(&self) -> (u32, u16) {
        let kind = self.reply().kind.load(Ordering::SeqCst);
        (layout::load_prefix(self.reply()), kind)
    }

    pub(super) fn answer(&self, length: usize) -> Vec<u8> {
        if length > INLINE {
            return self.read_answer(length);
        }
        let data = layout::load(self.reply(), length);
        data[PREFIX..PREFIX + length].to_vec()
    }
}
