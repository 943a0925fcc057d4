//! How requests and answers change hands: the words of a client's two lines, and who wakes whom.
//!
//! Nothing here knows what the lines lie in, nor by what a client sleeps and is woken, which is its
//! [`Alarm`]'s. So loom can try every order in which both sides may come (`model`), and Miri can look
//! at every access (`tests`).

use super::form::Form;
use super::header::Header;
use super::layout::{self, CLOSED, CROWDED, Data, FILLED, FILLING, KINDS, SLEEPER, WATCHING};
use crate::sys::alarm::Alarm;
use crate::sys::atomic::{Atomic, Memory, Word};
use crate::sys::cpu;
use crate::sys::line::{Line, Page};
use std::sync::atomic::Ordering;
use std::time::Duration;

#[cfg(test)]
#[cfg(loom)]
mod model;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

/// What both sides know of a client: where its lines are, and what wakes it.
struct Slot<P, A> {
    page: P,
    /// The number of R; A is the next.
    request_line: usize,
    /// By which the client sleeps on A, and the server wakes it.
    alarm: A,
}

impl<P: Page, A> Slot<P, A> {
    #[inline]
    fn request(&self) -> &Line<P::Memory> {
        self.page.line(self.request_line)
    }

    #[inline]
    fn reply(&self) -> &Line<P::Memory> {
        self.page.line(self.request_line + 1)
    }
}

/// Puts in all of a line but its word.
#[inline]
fn fill<M: Memory>(line: &Line<M>, kind: u16, bytes: &[u8], cpu: u16) {
    layout::store(line, bytes);
    line.kind.store(kind, Ordering::Relaxed);
    line.cpu.store(cpu, Ordering::Relaxed);
}

/// A client's side.
pub(super) struct ClientSlot<P, A> {
    slot: Slot<P, A>,
    /// The number of the last request.
    number: u32,
    /// The server that stops says which request it answered last.
    tells_last: bool,
}

/// How a client's sleep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// The request is answered.
    Answered,
    /// The server has stopped.
    Closed,
    /// The server died.
    Died,
    /// There was no time left.
    TimedOut,
}

impl<P: Page, A: Alarm<P::Memory>> ClientSlot<P, A> {
    pub(super) fn new(page: P, request_line: usize, alarm: A) -> Self {
        Self {
            slot: Slot {
                page,
                request_line,
                alarm,
            },
            number: 0,
            tells_last: false,
        }
    }

    /// The same, whose server says at its end which request it answered last ([`layout::TELLS_LAST`]), if that `is_so`.
    pub(super) fn telling_last(self, is_so: bool) -> Self {
        Self {
            tells_last: is_so,
            ..self
        }
    }

    /// The line with the answer.
    #[inline]
    pub(super) fn reply(&self) -> &Line<P::Memory> {
        self.slot.reply()
    }

    /// Puts a request where the server looks for it. `true`: the server sleeps, and has to be rung.
    #[inline]
    #[must_use]
    pub(super) fn publish<H: Page>(
        &mut self,
        kind: u16,
        bytes: &[u8],
        cpu: u16,
        header: &Header<H>,
    ) -> bool {
        self.number = layout::next(self.number);
        let line = self.slot.request();
        fill(line, kind, bytes, cpu);
        line.word.swap(layout::word(self.number), Ordering::SeqCst);
        header.sleepers().load(Ordering::SeqCst) != 0
    }

    /// Says that a request, of which these are the kind, the length and the place, is being put into the buffer. `true`: the server
    /// sleeps, and has to be rung.
    #[must_use]
    pub(super) fn announce<H: Page>(
        &self,
        kind: u16,
        reference: &[u8],
        cpu: u16,
        header: &Header<H>,
    ) -> bool {
        let (line, word) = (self.slot.request(), layout::word(self.number) | FILLING);
        line.data[FILLED].store(0, Ordering::Relaxed);
        fill(line, kind, reference, cpu);
        line.word.swap(word, Ordering::SeqCst);
        header.sleepers().load(Ordering::SeqCst) != 0
    }

    /// Says how many bytes of it are there.
    pub(super) fn has_filled(&self, bytes: usize) {
        let filled = &self.slot.request().data[FILLED];
        filled.store(bytes as u64, Ordering::Release);
    }

    /// Whether the last request is answered.
    #[inline]
    pub(super) fn is_answered(&self) -> bool {
        self.end(self.reply().word.load(Ordering::Acquire)) == Some(Woken::Answered)
    }

    /// Whether the server, which has stopped, answered the last request before.
    #[cold]
    fn is_last(&self) -> bool {
        self.tells_last && self.reply().cpu.load(Ordering::Relaxed) == layout::half(self.number)
    }

    /// Whether the server said, with its last answer, that more clients ask than there are processors for them.
    pub(super) fn is_crowded(&self) -> bool {
        self.reply().kind.load(Ordering::Relaxed) & CROWDED != 0
    }

    /// Whether the server gave its last answer on this CPU.
    #[inline]
    pub(super) fn shares_cpu(&self) -> bool {
        self.reply().cpu.load(Ordering::Relaxed) == cpu::current()
    }

    /// Says that the client sleeps, and watches its socket, unless the last request is answered by now, or the server has
    /// stopped: then `false`.
    pub(super) fn arm(&self) -> bool {
        let word = &self.reply().word;
        loop {
            let now = word.load(Ordering::Acquire);
            if self.end(now).is_some() {
                return false;
            }
            if now & SLEEPER != 0 || word.replace(now, now | SLEEPER, Ordering::AcqRel) {
                return true;
            }
        }
    }

    /// Whether the server has stopped, so that there will be no more answers.
    pub(super) fn is_closed(&self) -> bool {
        layout::number(self.reply().word.load(Ordering::Acquire)) == CLOSED
    }

    /// Sleeps until the last request is answered, for one slice of time after the other as long as
    /// there are any, given for how long it slept already; after each, asks whether the server died meanwhile.
    pub(super) fn sleep(
        &self,
        slice: impl Fn(Duration) -> Option<Duration>,
        has_died: impl Fn() -> bool,
    ) -> Woken {
        let word = &self.reply().word;
        let mut slept = Duration::ZERO;
        loop {
            let now = word.load(Ordering::Acquire);
            if let Some(end) = self.end(now) {
                return end;
            }
            let asleep = now | SLEEPER;
            if !word.replace(now, asleep, Ordering::AcqRel) {
                continue;
            }
            let Some(slice) = slice(slept) else {
                return Woken::TimedOut;
            };
            if self.slot.alarm.wait(word, asleep, slice) {
                slept += slice;
            }
            if word.load(Ordering::Acquire) == asleep && has_died() {
                // It may have answered, or stopped in order, before it died.
                return self
                    .end(word.load(Ordering::Acquire))
                    .unwrap_or(Woken::Died);
            }
        }
    }

    /// What A's word says, if it ends the wait for an answer.
    #[inline]
    fn end(&self, word: u32) -> Option<Woken> {
        match layout::number(word) {
            number if number == self.number => Some(Woken::Answered),
            CLOSED if self.is_last() => Some(Woken::Answered),
            CLOSED => Some(Woken::Closed),
            _ => None,
        }
    }
}

/// The server's side. Nothing that the client can write is ever trusted: it is read once, into a
/// copy, and what was served is remembered here.
pub(super) struct ServerSlot<P, A> {
    slot: Slot<P, A>,
    /// R's word, as it was looked at last: it bears the number of the last request taken.
    seen: u32,
    /// That of the last one answered.
    answered: u32,
}

/// What a look at a client's line shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing new.
    Nothing,
    /// The next request is being put into the buffer, which its client says once.
    Filling,
    /// The next request, which is taken now.
    Request,
    /// A word that no client of this version would write.
    Nonsense,
}

impl<P: Page, A: Alarm<P::Memory>> ServerSlot<P, A> {
    pub(super) fn new(page: P, request_line: usize, alarm: A) -> Self {
        Self {
            slot: Slot {
                page,
                request_line,
                alarm,
            },
            seen: 0,
            answered: 0,
        }
    }

    /// Looks for a request.
    #[inline]
    pub(super) fn look(&mut self) -> Seen {
        // SeqCst, so that it and the count of sleepers have one order for both sides: either the
        // client sees this thread asleep and rings, or this thread sees the request.
        let word = self.slot.request().word.load(Ordering::SeqCst);
        if word == self.seen {
            return Seen::Nothing;
        }
        let (number, served) = (layout::number(word), layout::number(self.seen));
        if number != served && number != layout::next(served) {
            return Seen::Nonsense;
        }
        self.seen = word;
        match word & FILLING {
            _ if number != served => Seen::Request,
            0 => Seen::Nothing,
            _ => Seen::Filling,
        }
    }

    /// Whether a look would show something.
    #[inline]
    pub(super) fn is_asking(&self) -> bool {
        // SeqCst, as in `look`.
        self.slot.request().word.load(Ordering::SeqCst) != self.seen
    }

    /// How many bytes of a request are in the buffer that is being put there, as its client says.
    pub(super) fn filled(&self) -> usize {
        let filled = self.slot.request().data[FILLED].load(Ordering::Acquire);
        usize::try_from(filled).unwrap_or(usize::MAX)
    }

    /// The CPU from which the request came.
    #[inline]
    pub(super) fn cpu(&self) -> u16 {
        self.slot.request().cpu.load(Ordering::Relaxed)
    }

    /// The prefix of the request. It is read once, checked, and never read again.
    #[inline]
    pub(super) fn prefix(&self) -> u32 {
        layout::load_prefix(self.slot.request())
    }

    /// The kind of the request.
    #[inline]
    pub(super) fn kind(&self) -> u16 {
        self.slot.request().kind.load(Ordering::Relaxed) & KINDS
    }

    /// Where the body of the request begins in the buffer.
    pub(super) fn place(&self) -> usize {
        layout::load_place(self.slot.request())
    }

    /// What the client, as it says with a request, takes as its buffer.
    pub(super) fn form(&self) -> Form {
        Form::from_bits(self.slot.request().kind.load(Ordering::Relaxed))
    }

    /// The request's data, as much of it as a body of this length takes.
    #[inline]
    pub(super) fn data(&self, body: usize) -> Data {
        layout::load(self.slot.request(), body)
    }

    /// Puts the answer to the request taken last where the client looks for it, and wakes the client if it sleeps. `true`:
    /// the client sleeps and watches its socket, over which it has to be woken.
    #[inline]
    #[must_use]
    pub(super) fn answer(&mut self, kind: u16, bytes: &[u8], cpu: u16) -> bool {
        fill(self.slot.reply(), kind, bytes, cpu);
        self.answered = layout::number(self.seen);
        self.set_reply(self.answered)
    }

    /// Tells the client that there will be no more answers than the last one, which it may not have seen yet. One that
    /// watches its socket sees that end, too.
    pub(super) fn close(&self) {
        let last = layout::half(self.answered);
        self.slot.reply().cpu.store(last, Ordering::Relaxed);
        let _ = self.set_reply(CLOSED);
    }

    #[inline]
    fn set_reply(&self, number: u32) -> bool {
        let word = &self.slot.reply().word;
        word.swap(layout::word(number), Ordering::AcqRel) & SLEEPER != 0 && self.wake()
    }

    /// Wakes the client, which sleeps, unless it watches its socket. What it says of that may be anything: then it misses
    /// its own wake-up.
    fn wake(&self) -> bool {
        let is_watching = self.slot.request().kind.load(Ordering::Relaxed) & WATCHING != 0;
        if !is_watching {
            self.slot.alarm.wake(&self.slot.reply().word);
        }
        is_watching
    }
}
