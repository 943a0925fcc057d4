//! Many frames at once.

use super::{Framed, Patient, is_gone, lacks};
use crate::error::{Result, Status};
use crate::protocol::frame::{self, Notice, PREFIX};
use crate::transport::conversation::inbox::Piece;
use crate::transport::{Deadline, Take};
use std::io::ErrorKind;
use std::time::Duration;

/// Many frames on their way out, and their answers on their way in.
pub(super) struct Flow<'a> {
    frames: &'a [u8],
    sent: usize,
    /// The server has gone: what is not sent never will be.
    is_over: bool,
    pub(super) answered: u32,
    /// Those of the answered that had a body, which was given away.
    pub(super) taken: u32,
}

impl<'a> Flow<'a> {
    pub(super) fn new(frames: &'a [u8]) -> Self {
        Self {
            frames,
            sent: 0,
            is_over: false,
            answered: 0,
            taken: 0,
        }
    }

    /// What is still to be sent.
    pub(super) fn unsent(&self) -> &'a [u8] {
        match self.is_over {
            true => &[],
            false => self.frames.get(self.sent..).unwrap_or_default(),
        }
    }

    /// How many frames begin in these bytes, and how many of them end there.
    fn count(bytes: &[u8]) -> (u32, u32) {
        let (mut begun, mut whole, mut rest) = (0, 0, bytes);
        while !rest.is_empty() {
            begun += 1;
            let Some(body) = frame::first_body(rest) else {
                break;
            };
            whole += 1;
            rest = rest.get(PREFIX + body.len()..).unwrap_or_default();
        }
        (begun, whole)
    }

    /// How many frames were sent, at least in part, and how many wholly.
    pub(super) fn sent_frames(&self) -> (u32, u32) {
        Self::count(self.frames.get(..self.sent).unwrap_or_default())
    }
}

impl<S: Patient> Framed<S> {
    pub(super) fn exchange_all(
        &mut self,
        flow: &mut Flow<'_>,
        timeout: Option<Duration>,
        take: &mut Take<'_>,
    ) -> Result<()> {
        let mut deadline = Deadline::after(timeout);
        self.begin(&deadline)?;
        let (count, _) = Flow::count(flow.frames);
        while flow.answered < count {
            if !flow.unsent().is_empty() {
                self.send_more(flow, &deadline)?;
            }
            let answered = flow.answered;
            while flow.answered < count
                && let Some(piece) = self.inbox.next()
            {
                if let Piece::TooLarge(_) | Piece::Notice(Notice::HandlerFailed) = piece {
                    flow.answered += 1; // It was the answer, if none that can be given.
                }
                let body = self.body_of(piece)?;
                flow.answered += 1;
                flow.taken += 1;
                take(self.inbox.bytes(body));
            }
            if flow.answered > answered {
                deadline = Deadline::after(timeout);
            }
            if flow.answered < count && flow.unsent().is_empty() {
                self.receive(&deadline)?;
            }
        }
        if flow.unsent().is_empty() {
            return Ok(());
        }
        self.is_cut = true;
        Err(self.failed(Status::Malformed, "it answered before it was asked"))
    }

    /// Writes what there is room for; where there is none, waits for room or for answers, and takes
    /// those in.
    fn send_more(&mut self, flow: &mut Flow<'_>, deadline: &Deadline) -> Result<()> {
        match self.stream.write(flow.unsent()) {
            Ok(count) => {
                flow.sent += count;
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if is_gone(&error) => {
                flow.is_over = true; // What was answered may be there.
                return self.look_for_last_word();
            }
            Err(error) => {
                return Err(self.failure("the requests were not sent", &error, deadline));
            }
        }
        let waited = self.stream.await_any(deadline);
        waited.map_err(|error| self.failure("the requests were not sent", &error, deadline))?;
        let room = self.inbox.room().map_err(|lack| lacks(&self.peer, lack))?;
        match self.stream.read(room) {
            Ok(0) => Err(self.ended()),
            Ok(count) => {
                self.inbox.fill(count);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(self.failure("no answer", &error, deadline)),
        }
    }
}
