//! The calculator over a bare stream, as one writes it by hand: frames, the same parser, the same arithmetic.

use super::Caller;
use super::body::wrong;
use super::job::{execute_slowly, is_sum, sum};
use super::stream::Stream;
use crate::exit::Failure;
use calc_ipc::calculator::frames::{append_request, append_response};
use calc_ipc::calculator::text::{parse_request, parse_response};
use calc_ipc::calculator::{ErrorText, Request, Response, execute};
use calc_ipc::protocol::frame::{PREFIX, first_body};
use std::io;

/// Read at once: as much as a pipe holds by default.
const ROOM: usize = 65536;

/// What has come and was not looked at yet.
struct Input {
    room: Vec<u8>,
    /// The part of the room that holds it.
    start: usize,
    end: usize,
}

impl Input {
    fn new() -> Self {
        Self {
            room: vec![0; ROOM],
            start: 0,
            end: 0,
        }
    }

    /// The next whole frame's body, if it is there.
    fn next(&mut self) -> Option<&[u8]> {
        let body = first_body(self.room.get(self.start..self.end)?)?;
        self.start += PREFIX + body.len();
        Some(body)
    }

    /// Reads what comes; `false` at the end.
    fn fill(&mut self, stream: &mut Stream) -> io::Result<bool> {
        self.room.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let free = self.room.get_mut(self.end..).unwrap_or_default();
        if free.is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let count = stream.read(free)?;
        self.end += count;
        Ok(count > 0)
    }
}

/// Answers all that comes until the other side has gone: what came together is answered by one write.
pub(super) fn serve(stream: &mut Stream, is_slow: bool) -> io::Result<()> {
    let execute = if is_slow { execute_slowly } else { execute };
    let (mut input, mut answers) = (Input::new(), Vec::with_capacity(ROOM));
    while input.fill(stream)? {
        answers.clear();
        while let Some(body) = input.next() {
            let response = match parse_request(body) {
                Ok(request) => execute(&request),
                Err(reject) => Err(ErrorText::from(reject)),
            };
            append_response(&mut answers, &response);
        }
        stream.write_all(&answers)?;
    }
    Ok(())
}

/// A client of such a server.
pub(super) struct Asker {
    stream: Stream,
    input: Input,
    requests: Vec<u8>,
    batch: usize,
}

impl Asker {
    /// One that has asked once, so that the server is known to be there.
    pub(super) fn greeted(stream: Stream) -> Result<Self, Failure> {
        let mut asker = Self {
            stream,
            input: Input::new(),
            requests: Vec::with_capacity(ROOM),
            batch: 1,
        };
        asker.round_trip(0)?;
        Ok(asker)
    }

    fn send(&mut self, requests: impl Iterator<Item = Request>) -> Result<(), Failure> {
        self.requests.clear();
        for request in requests {
            append_request(&mut self.requests, &request);
        }
        self.stream.write_all(&self.requests).map_err(failure)
    }

    fn receive(&mut self) -> Result<Response, Failure> {
        loop {
            if let Some(body) = self.input.next() {
                return parse_response(body).ok_or_else(wrong);
            }
            if !self.input.fill(&mut self.stream).map_err(failure)? {
                return Err(failure(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }
}

fn failure(error: io::Error) -> Failure {
    Failure::io("raw", &error)
}

impl Caller for Asker {
    fn prepare(&mut self, size: usize, batch: usize) -> Result<(), Failure> {
        if size > 0 {
            return Err(Failure::Usage("a calculator echoes nothing".to_owned()));
        }
        self.batch = batch;
        Ok(())
    }

    fn round_trip(&mut self, number: u64) -> Result<(), Failure> {
        let numbers = || (number.cast_signed()..).take(self.batch);
        self.send(numbers().map(sum))?;
        for number in (number.cast_signed()..).take(self.batch) {
            if !is_sum(number, &self.receive()?) {
                return Err(wrong());
            }
        }
        Ok(())
    }

    fn calculate(&mut self, request: &Request) -> Result<Response, Failure> {
        self.send([*request].into_iter())?;
        self.receive()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn batches_are_answered_whole_and_in_order() {
        let (client, server) = UnixStream::pair().unwrap();
        let stream = |end: UnixStream| Stream::two_way(end.into(), Duration::ZERO).unwrap();
        let mut server = stream(server);
        let serving = thread::spawn(move || serve(&mut server, true));
        let mut asker = Asker::greeted(stream(client)).unwrap();
        // More than is read at once.
        for batch in [1, 3, 5000] {
            asker.prepare(0, batch).unwrap();
            asker.round_trip(1 << 40).unwrap();
        }
        let slow = super::super::job::slow(Duration::from_millis(1));
        assert_eq!(asker.calculate(&slow).unwrap(), Ok(1));
        assert_eq!(asker.calculate(&sum(1)).unwrap(), Ok(3));
        assert!(asker.prepare(64, 1).is_err());
        drop(asker);
        serving.join().unwrap().unwrap();
    }
}
