//! Lines, records and batches as they lie in memory.

use super::*;

#[test]
fn records_survive_the_socket() {
    let welcome = Record::Welcome {
        offset: 3968,
        max_message: 65536,
    };
    let forms = [Form::Whole, Form::Parts, Form::Rotating];
    let buffers = forms.map(Record::Buffer);
    for record in [welcome, Record::Refused].into_iter().chain(buffers) {
        assert_eq!(Record::from_bytes(&record.to_bytes()), Some(record));
    }
}

#[test]
fn records_that_lie_are_not_taken() {
    for offset in [64, 4096, 4032, u32::MAX] {
        let record = Record::Welcome {
            offset,
            max_message: 1,
        };
        assert_eq!(Record::from_bytes(&record.to_bytes()), None, "{offset}");
    }
    for place in 0..16 {
        let mut bytes = Record::Refused.to_bytes();
        bytes[place] ^= 0x80;
        assert_eq!(Record::from_bytes(&bytes), None, "byte {place}");
    }
}

#[test]
fn clients_are_spread_over_the_places_for_lines() {
    for (serial, offset) in [(0, 0), (1, 128), (31, 3968), (32, 0), (33, 128)] {
        assert_eq!(request_offset(serial), offset, "{serial}");
    }
    assert_eq!(line_at(3968), 62);
}

/// A line whose data is all ones.
fn full() -> Line {
    Line {
        word: 0.into(),
        cpu: 0.into(),
        kind: 0.into(),
        data: [u64::MAX; LINE_WORDS].map(Into::into),
    }
}

#[test]
fn as_much_of_a_line_is_copied_out_as_a_body_takes() {
    let line = full();
    for body in 0..=INLINE {
        let copied = (PREFIX + body).next_multiple_of(8);
        let data = load(&line, body);
        assert!(data.iter().take(copied).all(|byte| *byte == 0xFF), "{body}");
        assert!(data.iter().skip(copied).all(|byte| *byte == 0), "{body}");
    }
}

#[test]
fn as_many_bytes_are_put_into_a_line_as_there_are() {
    let bytes: Vec<_> = (1..=80).collect();
    for length in 0..=bytes.len() {
        let line = full();
        store(&line, &bytes[..length]);
        let data = load(&line, INLINE);
        let stored = length.min(data.len());
        assert_eq!(data[..stored], bytes[..stored]);
        let (rest, untouched) = data[stored..].split_at(stored.next_multiple_of(8) - stored);
        assert!(rest.iter().all(|byte| *byte == 0), "{length}");
        assert!(untouched.iter().all(|byte| *byte == 0xFF), "{length}");
    }
}

/// How many of many frames whose bodies have this length are a batch.
fn batch_of(body: u16, bounds: Bounds) -> u32 {
    let body = vec![0; body.into()];
    let length = u32::try_from(body.len()).unwrap();
    let frame = [&frame::prefix(length)[..], &body].concat();
    let frames = frame.repeat(20);
    let (batch, count) = bounds.first_batch(&frames);
    assert_eq!(*batch, frame.repeat(count as usize));
    count
}

fn bounds(half: usize, answer: u32) -> Bounds {
    Bounds {
        half,
        request: 300,
        answer,
    }
}

#[test]
fn a_batch_is_what_half_of_the_buffer_holds() {
    for (half, count) in [
        (303, 0),
        (304, 1),
        (607, 1),
        (608, 2),
        (911, 2),
        (912, 3),
        (9999, 20),
    ] {
        assert_eq!(batch_of(300, bounds(half, 0)), count, "{half}");
    }
    assert_eq!(bounds(4096, 0).first_batch(&[]), (&[][..], 0));
}

#[test]
fn a_batch_has_no_more_requests_than_answers_that_the_other_half_holds() {
    for (half, answer, count) in [
        (2629, 259, 9),
        (2630, 259, 10),
        (4096, 2044, 2),
        (4096, 2045, 1),
        (4096, 4092, 1),
        (4096, 4093, 0),
        (4096, u32::MAX, 0),
    ] {
        assert_eq!(batch_of(1, bounds(half, answer)), count, "{half} {answer}");
    }
}

#[test]
fn a_request_over_the_limit_is_in_no_batch() {
    for (body, count) in [(300, 13), (301, 0)] {
        assert_eq!(batch_of(body, bounds(4096, 0)), count, "{body}");
    }
    let frames = [&[0, 0, 0, 0][..], &frame::prefix(301), &[0; 301]].concat();
    assert_eq!(bounds(4096, 0).first_batch(&frames).1, 1);
}

#[test]
fn numbers_never_reach_the_reserved_one() {
    assert_eq!(next(CLOSED - 1), 0);
    assert_eq!(number(word(CLOSED) | SLEEPER), CLOSED);
}
