//! One connection and the requests that go over it.

use crate::codec::{Codec, is_answer};
use crate::connection::Connection;
use crate::service::MAX_BODY;
use crate::{Mode, Result, Skip};
use std::time::Instant;

/// The size of the mark at both ends of an echo's body.
const MARK: usize = size_of::<u64>();

pub(crate) struct Asker {
    connection: Connection,
    codec: Codec,
    body: Vec<u8>,
    number: u64,
}

impl Asker {
    pub(crate) fn new(mode: Mode, address: &str) -> Result<Self> {
        let connection = Connection::new(mode, address)?;
        Ok(Self {
            connection,
            codec: Codec::new(),
            body: Vec::new(),
            number: 0,
        })
    }

    /// 0 is the calculator's job.
    fn set_size(&mut self, size: usize) -> Result<()> {
        if size != 0 && size < MARK {
            return Err(Skip("a body smaller than the mark in it cannot be checked").into());
        }
        if size > MAX_BODY {
            return Err(Skip("bodies are at most 1 MiB").into());
        }
        self.body = vec![b'x'; size];
        Ok(())
    }

    /// Sends the next request, and checks its answer.
    fn ask(&mut self) -> Result<()> {
        self.number += 1;
        let number = self.number;
        let right = if self.body.is_empty() {
            self.connection.call(self.codec.request(number), |answer| {
                is_answer(answer, number)
            })?
        } else {
            // Big-endian, so that no body begins with a letter as the calculator's requests do.
            let (mark, end) = (number.to_be_bytes(), self.body.len() - MARK);
            self.body[..MARK].copy_from_slice(&mark);
            self.body[end..].copy_from_slice(&mark);
            let body = &self.body;
            self.connection.call(body, |echo| {
                echo.len() == body.len()
                    && echo[..MARK] == body[..MARK]
                    && echo[end..] == body[end..]
            })?
        };
        if right {
            Ok(())
        } else {
            Err("a wrong answer".into())
        }
    }

    /// How many nanoseconds each of so many round trips took.
    pub(crate) fn calls(&mut self, count: usize, size: usize) -> Result<Vec<u32>> {
        self.set_size(size)?;
        let mut times = vec![0; count];
        let mut before = Instant::now();
        for time in &mut times {
            self.ask()?;
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
