//! One connection and the requests that go over it.

use crate::codec::{Codec, frame, is_answer};
use crate::connection::{Connection, Pending};
use crate::filled::{STAMP, fill, is_marked, mark, sum_of};
use crate::paced::paced;
use crate::service::MAX_BODY;
use crate::{Mode, Result, Skip};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How frames go.
#[derive(Clone, Copy)]
pub(crate) enum Passing {
    /// The client fills memory of its own, which is copied into the request.
    Copied,
    /// The client fills the request.
    Lent,
}

pub(crate) struct Asker {
    connection: Connection,
    codec: Codec,
    body: Vec<u8>,
    number: u64,
    under_way: VecDeque<(u64, Pending)>,
}

impl Asker {
    pub(crate) fn new(mode: Mode, address: &str) -> Result<Self> {
        let connection = Connection::new(mode, address)?;
        Ok(Self {
            connection,
            codec: Codec::new(),
            body: Vec::new(),
            number: 0,
            under_way: VecDeque::new(),
        })
    }

    /// 0 is the calculator's job.
    fn set_size(&mut self, size: usize) -> Result<()> {
        if size != 0 && size < STAMP {
            return Err(Skip("a body smaller than the mark in it cannot be checked").into());
        }
        if size > MAX_BODY {
            return Err(Skip("bodies are at most 16 MiB").into());
        }
        self.body = vec![b'x'; size];
        Ok(())
    }

    /// Sends the next request, and checks its answer.
    fn ask(&mut self) -> Result<()> {
        let pending = self.submit()?;
        self.check(&pending, self.number)
    }

    /// Sends so many requests, and then checks their answers.
    fn ask_at_once(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            let pending = self.submit()?;
            self.under_way.push_back((self.number, pending));
        }
        while let Some((number, pending)) = self.under_way.pop_front() {
            self.check(&pending, number)?;
        }
        Ok(())
    }

    /// Sends the next request.
    fn submit(&mut self) -> Result<Pending> {
        self.number += 1;
        if self.body.is_empty() {
            return self.connection.submit(self.codec.request(self.number));
        }
        mark(&mut self.body, self.number);
        self.connection.submit(&self.body)
    }

    fn check(&self, pending: &Pending, number: u64) -> Result<()> {
        let length = self.body.len();
        let is_right = self.connection.take(pending, |answer| match length {
            0 => is_answer(answer, number),
            _ => answer.len() == length && is_marked(answer, number),
        })?;
        right(is_right)
    }

    /// How many nanoseconds each of so many round trips took.
    pub(crate) fn calls(&mut self, count: usize, size: usize, batch: usize) -> Result<Vec<u32>> {
        self.set_size(size)?;
        let mut times = vec![0; count];
        let mut before = Instant::now();
        for time in &mut times {
            match batch {
                1 => self.ask()?,
                _ => self.ask_at_once(batch)?,
            }
            let now = Instant::now();
            *time = now
                .duration_since(before)
                .as_nanos()
                .try_into()
                .unwrap_or(u32::MAX);
            before = now;
        }
        Ok(times)
    }

    /// How many nanoseconds each of so many frames took, until the server had read it.
    pub(crate) fn frames(
        &mut self,
        passing: Passing,
        count: usize,
        size: usize,
        period: Duration,
    ) -> Result<Vec<u32>> {
        if !(2 * STAMP..=MAX_BODY).contains(&size) {
            return Err(Skip("frames have 16 bytes to 16 MiB").into());
        }
        // Room that was written to once is there for good, as a camera's is.
        self.body.resize(size, 0);
        paced(count, period, || {
            self.number += 1;
            let number = frame(self.number);
            let pending = match passing {
                Passing::Lent => self.connection.submit_filled(size, number)?,
                Passing::Copied => {
                    fill(&mut self.body, number);
                    self.connection.submit(&self.body)?
                }
            };
            let expected = sum_of(number, size).to_ne_bytes();
            right(
                self.connection
                    .take(&pending, |answer| answer == expected)?,
            )
        })
    }

    /// How many were answered until `end`.
    pub(crate) fn until(&mut self, end: Instant, size: usize) -> Result<u64> {
        self.set_size(size)?;
        let mut answered = 0;
        while Instant::now() < end {
            self.ask()?;
            answered += 1;
        }
        Ok(answered)
    }
}

fn right(is_right: bool) -> Result<()> {
    match is_right {
        true => Ok(()),
        false => Err("a wrong answer".into()),
    }
}
