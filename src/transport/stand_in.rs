//! What stands in for the other side in tests: a stream, a channel, and an answer.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::channel::{Patient, Stream};
use super::reactor::Watched;
use super::{
    Answer, Armed, Channel, Credentials, Deadline, Defers, Exchanged, Lifeline, Opening, Promise,
    Take, Visit, Visitor, Watches, Written, tcp,
};
use crate::error::{Error, Result, Status};
use crate::protocol::frame::Notice;
use crate::sys::{AsSource, Bell, Source, mutex};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// A stream that gives and takes what the test says.
pub(crate) struct ScriptedStream {
    /// What comes, piece by piece; then nothing for now.
    pub(crate) reads: VecDeque<io::Result<Vec<u8>>>,
    pub(crate) reads_made: usize,
    /// How much each write takes; then all.
    pub(crate) writes: VecDeque<io::Result<usize>>,
    pub(crate) written: Vec<u8>,
    /// What was left of the deadline at each wait for something to read.
    pub(crate) left: Vec<Option<Duration>>,
    /// How often it was told that answers come next.
    pub(crate) befores: usize,
    pub(crate) epitaph: Option<String>,
    input: Bell,
    /// Where answers are written, if not where requests come from.
    pub(crate) output: Option<Bell>,
}

impl ScriptedStream {
    pub(crate) fn new() -> Self {
        Self {
            reads: VecDeque::new(),
            reads_made: 0,
            writes: VecDeque::new(),
            written: Vec::new(),
            left: Vec::new(),
            befores: 0,
            epitaph: None,
            input: Bell::new().unwrap(),
            output: None,
        }
    }

    /// One whose writes take so much.
    pub(crate) fn taking(writes: impl IntoIterator<Item = io::Result<usize>>) -> Self {
        Self {
            writes: writes.into_iter().collect(),
            ..Self::new()
        }
    }

    /// One that gives this, or fails so.
    #[cfg(unix_sockets)]
    pub(crate) fn giving(reads: impl IntoIterator<Item = io::Result<Vec<u8>>>) -> Self {
        Self {
            reads: reads.into_iter().collect(),
            ..Self::new()
        }
    }
}

/// Nothing is there, or there is no room.
pub(crate) fn blocked<T>() -> io::Result<T> {
    Err(ErrorKind::WouldBlock.into())
}

/// Nobody is at the other end.
pub(crate) fn gone() -> io::Result<usize> {
    Err(ErrorKind::BrokenPipe.into())
}

/// What no stream recovers from: EIO.
pub(crate) fn broken<T>() -> io::Result<T> {
    Err(io::Error::other("broken"))
}

impl Stream for ScriptedStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads_made += 1;
        let mut bytes = self.reads.pop_front().unwrap_or_else(blocked)?;
        let count = bytes.len().min(buffer.len());
        let rest = bytes.split_off(count);
        buffer.get_mut(..count).unwrap().copy_from_slice(&bytes);
        if !rest.is_empty() {
            self.reads.push_front(Ok(rest));
        }
        Ok(count)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.writes.pop_front().unwrap_or(Ok(usize::MAX))?;
        let taken = taken.min(bytes.len());
        self.written.extend(bytes.iter().take(taken));
        Ok(taken)
    }

    fn write_frame(&mut self, prefix: &[u8], body: &[u8]) -> io::Result<usize> {
        self.write(&[prefix, body].concat())
    }
}

impl Patient for ScriptedStream {
    fn read_by(&mut self, buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize> {
        self.left.push(deadline.remaining());
        match self.read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(ErrorKind::TimedOut.into()),
            result => result,
        }
    }

    fn await_room(&mut self, _deadline: &Deadline) -> io::Result<()> {
        match self.writes.front() {
            Some(Ok(_)) => Ok(()),
            _ => Err(ErrorKind::TimedOut.into()),
        }
    }

    fn await_any(&mut self, deadline: &Deadline) -> io::Result<()> {
        self.await_room(deadline)
    }

    fn watches(&self, _for_room: bool) -> Watches<'_> {
        Watches::default()
    }

    fn lifeline(&self) -> Lifeline<'_> {
        Lifeline::None
    }

    fn epitaph(&self) -> Option<String> {
        self.epitaph.clone()
    }
}

impl Watched for ScriptedStream {
    fn input(&self) -> Source<'_> {
        self.input.as_source()
    }

    fn output(&self) -> Option<Source<'_>> {
        self.output.as_ref().map(AsSource::as_source)
    }

    fn before_answers(&mut self) {
        self.befores += 1;
    }
}

/// A connection that is being made until somebody goes on with it, and who listens for it.
pub(crate) fn opening() -> (Opening, TcpListener) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let opening = tcp::begin("127.0.0.1", address.port(), &[address], Deadline::never());
    (opening.unwrap(), listener)
}

/// A channel for those who never wait. Copies of it are the same one.
#[derive(Clone, Default)]
pub(crate) struct ScriptedChannel(Arc<Mutex<Scripted>>);

#[derive(Default)]
pub(crate) struct Scripted {
    /// What has come and was not received.
    pub(crate) answers: VecDeque<Result<&'static [u8]>>,
    pub(crate) sent: Vec<u8>,
    /// So many bytes are taken at once; `None`: all.
    pub(crate) room: Option<usize>,
    /// How often an answer was looked for.
    pub(crate) looks: u32,
    /// The server has ended, as those find out who look.
    pub(crate) has_ended: bool,
}

impl ScriptedChannel {
    pub(crate) fn script(&self) -> MutexGuard<'_, Scripted> {
        mutex::lock(&self.0)
    }
}

impl Channel for ScriptedChannel {
    fn peer(&self) -> &'static str {
        "server"
    }

    fn send(&mut self, _frame: &[u8], _deadline: &Deadline) -> Result<()> {
        unreachable!("nobody waits")
    }

    fn send_body(&mut self, _body: &[u8], _deadline: &Deadline) -> Result<()> {
        unreachable!("nobody waits")
    }

    fn recv(&mut self, _deadline: &Deadline) -> Result<&[u8]> {
        unreachable!("nobody waits")
    }

    fn recv_into(&mut self, _answer: &mut [u8], _deadline: &Deadline) -> Result<usize> {
        unreachable!("nobody waits")
    }

    fn exchange(
        &mut self,
        _frames: &[u8],
        _longest_answer: u32,
        _timeout: Option<Duration>,
        _take: &mut Take<'_>,
    ) -> Exchanged {
        unreachable!("nobody waits")
    }

    fn begin_flight(&mut self, _owed: u32) -> Result<()> {
        Ok(())
    }

    fn send_now(&mut self, frames: &[u8], _longest_answer: u32) -> Result<usize> {
        let mut script = self.script();
        let taken = script.room.and_then(|room| frames.get(..room));
        let taken = taken.unwrap_or(frames);
        script.sent.extend(taken);
        Ok(taken.len())
    }

    fn recv_now(&mut self) -> Result<Option<&[u8]>> {
        let mut script = self.script();
        script.looks += 1;
        script.answers.pop_front().transpose()
    }

    fn take_arrived(&mut self, longest: usize) -> Option<&[u8]> {
        let answers = &mut self.script().answers;
        match answers.front()? {
            Ok(body) if body.len() <= longest => answers.pop_front()?.ok(),
            _ => None,
        }
    }

    fn has_arrived(&self) -> bool {
        !self.script().answers.is_empty()
    }

    fn watches(&self, _for_room: bool) -> Watches<'_> {
        Watches::default()
    }

    fn arm(&mut self) -> Armed {
        Armed::Watched
    }

    fn look(&mut self) -> Result<()> {
        match self.script().has_ended {
            true => Err(Error::new(Status::PeerDied, "it has ended")),
            false => Ok(()),
        }
    }

    fn lifeline(&self) -> Lifeline<'_> {
        Lifeline::None
    }
}

/// A client of which nothing is known.
pub(crate) fn stranger() -> Visitor {
    Visitor::alone(Credentials::UNKNOWN)
}

/// Answers with what it was asked, and keeps what it is told of clients.
#[derive(Default)]
pub(crate) struct Echo {
    pub(crate) is_for_many: bool,
    pub(crate) visits: Mutex<Vec<Visit>>,
}

impl Echo {
    pub(crate) fn count(&self, visit: Visit) -> usize {
        let visits = mutex::lock(&self.visits);
        visits.iter().filter(|&&other| other == visit).count()
    }
}

impl Answer for Echo {
    fn answer(&self, _from: &Visitor, body: &[u8], room: &mut [u8]) -> Written {
        let answer = room.get_mut(..body.len()).ok_or(Notice::HandlerFailed)?;
        answer.copy_from_slice(body);
        u32::try_from(body.len()).map_err(|_| Notice::HandlerFailed)
    }

    fn too_large(&self, _room: &mut [u8]) -> Written {
        Err(Notice::TooLarge)
    }

    fn longest_answer(&self, max_message: u32) -> u32 {
        max_message
    }

    fn takes_aligned(&self) -> bool {
        true
    }

    fn is_for_many_threads(&self) -> bool {
        self.is_for_many
    }

    fn note(&self, _visitor: &Visitor, visit: Visit) {
        let mut visits = mutex::lock(&self.visits);
        visits.push(visit);
    }
}

/// Has promises kept by the test, or keeps them at once, with what it was asked.
#[derive(Default)]
pub(crate) struct Keeper {
    pub(crate) promises: Mutex<Vec<Promise>>,
    pub(crate) keeps: AtomicBool,
    pub(crate) failures: Mutex<Vec<Vec<u8>>>,
}

impl Keeper {
    pub(crate) fn promise(&self) -> Promise {
        mutex::lock(&self.promises).pop().unwrap()
    }
}

impl Defers for Keeper {
    fn ask(&self, _from: &Visitor, body: &[u8], promise: Promise) {
        match self.keeps.load(Ordering::Relaxed) {
            true => promise.keep(body).unwrap(),
            false => mutex::lock(&self.promises).push(promise),
        }
    }

    fn has_failed(&self, _from: &Visitor, why: &[u8]) {
        mutex::lock(&self.failures).push(why.to_vec());
    }
}

impl Answer for Keeper {
    fn answer(&self, _from: &Visitor, _body: &[u8], _room: &mut [u8]) -> Written {
        unreachable!("it defers")
    }

    fn too_large(&self, _room: &mut [u8]) -> Written {
        Err(Notice::TooLarge)
    }

    fn longest_answer(&self, max_message: u32) -> u32 {
        max_message
    }

    fn takes_aligned(&self) -> bool {
        false
    }

    fn is_for_many_threads(&self) -> bool {
        false
    }

    fn note(&self, _visitor: &Visitor, _visit: Visit) {}

    fn deferring(&self) -> Option<&dyn Defers> {
        Some(self)
    }
}
