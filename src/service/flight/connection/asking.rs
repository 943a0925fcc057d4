//! Sending requests that nobody waits for: at once, or together with others.

#[cfg(test)]
mod tests;

use super::bursts::Bursts;
use super::{Connection, Done};
use crate::error::Result;
use crate::service::flight::queue::Name;
use crate::sys::moment::Moment;
use std::collections::VecDeque;

/// Where one request, or one batch, is under way at a time, those that wait go as the next once they have so many bytes and
/// the server has answered: behind one request, or behind a batch. Each time takes as long as some calls.
const BEHIND_ONE: usize = 96;
const BEHIND_BATCH: usize = 640;
/// Elsewhere, so many bytes of requests gather at most, so that the server has some while others are submitted; more where it is
/// known how many usually are.
const GATHERED: usize = 640;
const GATHERED_OF_BURST: usize = 2048;

impl Connection {
    /// Asks by this frame, which comes in two parts, and sends what can be sent at once, unless requests `may_gather`, and do.
    #[inline]
    pub(in crate::service::flight) fn ask(
        &mut self,
        name: Name,
        frame: (&[u8], &[u8]),
        longest_answer: u32,
        due: impl FnOnce() -> Moment,
        may_gather: bool,
        done: &mut VecDeque<Done>,
    ) -> Result<()> {
        self.bursts.grow();
        let (alone, rest) = frame;
        let is_alone = self.queue.is_free() && !self.may_gather(self.bursts, may_gather);
        if is_alone && rest.is_empty() && !self.calls.channel.has_arrived() {
            self.queue.reserve(alone.len())?;
            match self.calls.channel.send_now(alone, longest_answer) {
                // What goes at once is not copied.
                Ok(count) if count == alone.len() => {
                    self.queue.push_sent(name, count, longest_answer, due());
                    return Ok(());
                }
                sent => return self.ask_in_part(sent, name, alone, longest_answer, due(), done),
            }
        }
        self.queue.push(name, frame, longest_answer, due())?;
        if self.is_stream || self.queue.unsent().len() >= self.bytes_to_gather() {
            self.send_as(may_gather, done);
        }
        Ok(())
    }

    /// Lets one more request gather, which `write` puts at the start of room, if that is all there is to do: no system call, and
    /// no room to make. `false`: nothing was done.
    #[inline]
    pub(in crate::service::flight) fn gather<const N: usize>(
        &mut self,
        name: Name,
        write: impl FnOnce(&mut [u8; N]) -> usize,
        longest_answer: u32,
        due: impl FnOnce() -> Moment,
        comes_back: bool,
    ) -> bool {
        let bursts = self.bursts.grown();
        let length = self.queue.unsent().len() + N;
        let gathers = match self.is_stream {
            true => has_few(bursts, length) && self.may_gather(bursts, comes_back),
            false => length < self.bytes_to_gather(),
        };
        if !gathers || !self.queue.has_place(N) {
            return false;
        }
        self.bursts = bursts;
        self.is_gathering = self.is_stream;
        self.queue.push_short(name, write, longest_answer, due());
        true
    }

    /// Whether requests may gather now, if the client is known to come back: the server has something to answer meanwhile, or
    /// others usually follow at once.
    #[inline]
    fn may_gather(&self, bursts: Bursts, comes_back: bool) -> bool {
        comes_back && self.is_stream && (bursts.goes_on() || !self.queue.is_unasked())
    }

    /// How many bytes of requests are to wait before they go together.
    #[inline]
    fn bytes_to_gather(&self) -> usize {
        match self.queue.asked() {
            0 => 0,
            1 => BEHIND_ONE,
            _ => BEHIND_BATCH,
        }
    }

    /// Asks by this frame, of which so much was sent.
    #[cold]
    fn ask_in_part(
        &mut self,
        sent: Result<usize>,
        name: Name,
        frame: &[u8],
        longest_answer: u32,
        due: Moment,
        done: &mut VecDeque<Done>,
    ) -> Result<()> {
        self.queue.push(name, (frame, &[]), longest_answer, due)?;
        match sent {
            Ok(count) => self.queue.sent(count),
            Err(error) => self.fail(&error, done),
        }
        Ok(())
    }

    /// Sends what can be sent at once, unless requests `may_gather`, and do.
    #[inline]
    pub(in crate::service::flight) fn send_as(
        &mut self,
        may_gather: bool,
        done: &mut VecDeque<Done>,
    ) {
        let has_few = has_few(self.bursts, self.queue.unsent().len());
        match has_few && self.may_gather(self.bursts, may_gather) && self.calls.end.is_none() {
            true => self.is_gathering = !self.queue.unsent().is_empty(),
            false => self.send(done),
        }
    }

    /// Sends what can be sent at once.
    #[inline]
    pub(in crate::service::flight) fn send(&mut self, done: &mut VecDeque<Done>) {
        self.is_gathering = false;
        if !self.queue.unsent().is_empty() {
            self.send_more(done);
        }
    }

    fn send_more(&mut self, done: &mut VecDeque<Done>) {
        if self.queue.is_unasked() && !self.queue.is_empty() && self.calls.channel.has_arrived() {
            self.fail_unasked(done);
        }
        while !self.queue.unsent().is_empty() && self.calls.end.is_none() {
            let longest = self.queue.longest_answer();
            match self.calls.channel.send_now(self.queue.unsent(), longest) {
                Ok(0) => break,
                Ok(count) => self.queue.sent(count),
                Err(error) => self.fail(&error, done),
            }
        }
    }
}

/// Whether so many bytes of requests are few enough to wait for others.
#[inline]
fn has_few(bursts: Bursts, length: usize) -> bool {
    let most = match bursts.goes_on() {
        true => GATHERED_OF_BURST,
        false => GATHERED,
    };
    length < most && !bursts.is_due()
}
