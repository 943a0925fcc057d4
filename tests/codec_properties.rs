//! What holds for every message and for every sequence of bytes, tried on many.
#![expect(clippy::indexing_slicing, reason = "a panic is how a test fails")]

use calc_ipc::protocol::text::{parse_request, parse_response};
use calc_ipc::protocol::{ErrorText, Operation, Request, Response, frame};

const ROUNDS: usize = 200_000;

/// Marsaglia's xorshift64, "Xorshift RNGs", Journal of Statistical Software 8 (2003): the same
/// numbers on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("below a usize")
    }

    /// Of every length equally often, where plain random numbers nearly all have 19 digits.
    fn number(&mut self) -> i64 {
        i64::from_ne_bytes(self.next().to_ne_bytes()) >> self.below(64)
    }

    fn request(&mut self) -> Request {
        Request {
            operation: Operation::ALL[self.below(4)],
            arg1: self.number(),
            arg2: self.number(),
        }
    }

    fn bytes(&mut self, longest: usize) -> Vec<u8> {
        let length = self.below(longest + 1);
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    fn response(&mut self) -> Response {
        if self.below(2) == 0 {
            Ok(self.number())
        } else {
            Err(ErrorText::from_bytes(&self.bytes(300)))
        }
    }

    /// Changes, inserts, removes or doubles a byte, mostly to one that the texts are made of.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const ALPHABET: &[u8] = b"ADSUBMULDIVOKERR 0123456789-+\n\0x\xff";
        let byte = ALPHABET[self.below(ALPHABET.len())];
        let at = self.below(bytes.len() + 1);
        match self.below(4) {
            0 => bytes.insert(at, byte),
            1 if at < bytes.len() => bytes[at] = byte,
            2 if at < bytes.len() => drop(bytes.remove(at)),
            _ if at < bytes.len() => bytes.insert(at, bytes[at]),
            _ => bytes.truncate(self.below(at + 1)),
        }
    }
}

fn random() -> Random {
    Random(0x9E37_79B9_7F4A_7C15)
}

fn request_body(request: &Request) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::append_request(&mut bytes, request);
    frame::body(&bytes).expect("one frame").to_vec()
}

fn response_body(response: &Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::append_response(&mut bytes, response);
    frame::body(&bytes).expect("one frame").to_vec()
}

#[test]
fn what_is_serialised_parses_back() {
    let mut random = random();
    for _ in 0..ROUNDS {
        let (request, response) = (random.request(), random.response());
        assert_eq!(parse_request(&request_body(&request)), Ok(request));
        assert_eq!(parse_response(&response_body(&response)), Some(response));
    }
}

/// Whether `body` is a message, in which case it is its message's only form.
fn accepts(body: &[u8]) -> bool {
    let (request, response) = (parse_request(body), parse_response(body));
    if let Ok(request) = &request {
        assert_eq!(request_body(request), body);
    }
    if let Some(response) = &response {
        assert_eq!(response_body(response), body);
    }
    request.is_ok() || response.is_some()
}

#[test]
fn what_parses_is_what_serialising_gives() {
    let mut random = random();
    let mut accepted = 0;
    for _ in 0..ROUNDS {
        let mut body = if random.below(2) == 0 {
            request_body(&random.request())
        } else {
            response_body(&random.response())
        };
        for _ in 0..=random.below(3) {
            random.mutate(&mut body);
        }
        accepted += usize::from(accepts(&body));
    }
    // Both outcomes are common, so both were tried.
    assert!(
        (ROUNDS / 10..ROUNDS * 9 / 10).contains(&accepted),
        "{accepted} of {ROUNDS}"
    );
}

#[test]
fn bytes_at_random_are_no_message() {
    let mut random = random();
    for _ in 0..ROUNDS {
        let bytes = random.bytes(64);
        assert!(!accepts(&bytes), "{bytes:x?}");
        assert_eq!(frame::body(&bytes), None, "{bytes:x?}");
    }
}

#[test]
fn every_error_text_is_one_that_the_wire_can_carry() {
    let mut random = random();
    for _ in 0..ROUNDS {
        let text = ErrorText::from_bytes(&random.bytes(300));
        assert!(text.as_bytes().len() <= ErrorText::CAPACITY);
        assert!(!text.as_str().chars().any(char::is_control));
        assert_eq!(text.as_str().as_bytes(), text.as_bytes());
        assert_eq!(ErrorText::exact(text.as_bytes()), Some(text));
    }
}
