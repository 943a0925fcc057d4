//! What holds for every sequence of bytes, whoever makes them: tests and the fuzz target `text`.

use calc_ipc::calculator::text::{parse_request, parse_response};
use calc_ipc::calculator::{ErrorText, Operation, Request, Response, frames};
use calc_ipc::protocol::frame;

/// Checks that `body` is parsed exactly if it is what serialising gives, and says whether it is.
pub(crate) fn check(body: &[u8]) -> bool {
    let request = parse_request(body);
    assert_eq!(request.ok(), meant_request(body), "{body:x?}");
    let response = parse_response(body);
    assert_eq!(response, meant_response(body), "{body:x?}");
    request.is_ok() || response.is_some()
}

/// The request that has this text, as a reader finds it that takes far more than there is, and then
/// compares: it knows nothing of how the library parses.
fn meant_request(body: &[u8]) -> Option<Request> {
    let text = std::str::from_utf8(body).ok()?;
    let (name, numbers) = text.split_once(' ')?;
    let (arg1, arg2) = numbers.split_once(' ')?;
    let request = Request {
        operation: Operation::ALL.into_iter().find(|it| it.name() == name)?,
        arg1: arg1.parse().ok()?,
        arg2: arg2.parse().ok()?,
    };
    let mut frame = Room::default();
    frames::append_request(&mut frame, &request);
    (frame::body(frame.bytes()) == Some(body)).then_some(request)
}

/// The response that has this text, likewise.
fn meant_response(body: &[u8]) -> Option<Response> {
    let response = if let Some(number) = body.strip_prefix(b"OK ") {
        Ok(std::str::from_utf8(number).ok()?.parse().ok()?)
    } else {
        Err(ErrorText::from_bytes(body.strip_prefix(b"ERR ")?))
    };
    let mut frame = Room::default();
    frames::append_response(&mut frame, &response);
    (frame::body(frame.bytes()) == Some(body)).then_some(response)
}

/// Room for a frame that needs no allocation, since there are many.
struct Room {
    bytes: [u8; frames::FRAME_MAX],
    length: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            bytes: [0; frames::FRAME_MAX],
            length: 0,
        }
    }
}

impl Room {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl frame::Sink for Room {
    fn begin(&mut self, _length: usize) {}

    fn put(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        self.bytes[self.length..end].copy_from_slice(bytes);
        self.length = end;
    }
}
