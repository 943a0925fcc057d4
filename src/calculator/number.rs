//! The text of numbers: decimal, no sign but a needed `-`, no leading zero, nothing outside 64 bits.

/// The number that stands at the head of `text`, and what follows it. That is a digit only where a 0 stands before it, which no
/// message has.
///
/// `str::parse` would not do: it takes `+1`, `-0` and `007`, and needs to be told where the number ends.
#[inline(always)]
pub(super) fn take(text: &[u8]) -> Option<(i64, &[u8])> {
    let (number, rest) = match text {
        [b'-', digits @ ..] => take_negative(digits)?,
        digits => {
            let (magnitude, rest) = take_magnitude(digits)?;
            (i64::try_from(magnitude).ok()?, rest)
        }
    };
    Some((number, rest))
}

/// The number below 0 whose digits stand at the head of `digits`, and what follows them.
#[inline(never)]
fn take_negative(digits: &[u8]) -> Option<(i64, &[u8])> {
    match take_magnitude(digits)? {
        (0, _) => None,
        (magnitude, rest) => Some((0i64.checked_sub_unsigned(magnitude)?, rest)),
    }
}

/// [`take`] of a number without a sign.
#[inline(always)]
fn take_magnitude(digits: &[u8]) -> Option<(u64, &[u8])> {
    match take_four_digits(digits) {
        Some((0..1000, _)) => None,
        Some((four, rest @ [b'0'..=b'9', ..])) => {
            let (magnitude, rest) = with_more_digits(four, rest);
            // What 19 digits can say is below 10^19 and fits 64 bits, so no step wrapped.
            (digits.len() - rest.len() <= DIGITS).then_some((magnitude, rest))
        }
        Some(four) => Some(four),
        None => take_few_digits(digits),
    }
}

/// What the digits at the head of `text` say that has no four.
#[inline(always)]
fn take_few_digits(text: &[u8]) -> Option<(u64, &[u8])> {
    let (mut number, mut rest) = take_digit(text)?;
    if number != 0 {
        while let Some((digit, after)) = take_digit(rest) {
            number = number * 10 + digit;
            rest = after;
        }
    }
    Some((number, rest))
}

/// `number` with the digits behind it that `text` begins with, and what follows them. Of more than 64 bits, the lowest are left.
#[inline(always)]
fn with_more_digits(mut number: u64, mut text: &[u8]) -> (u64, &[u8]) {
    while let Some((four, after)) = take_four_digits(text) {
        number = number.wrapping_mul(10_000).wrapping_add(four);
        text = after;
    }
    while let Some((digit, after)) = take_digit(text) {
        number = number.wrapping_mul(10).wrapping_add(digit);
        text = after;
    }
    (number, text)
}

/// What the first byte says, if it is a digit, and the bytes after it.
#[inline(always)]
fn take_digit(text: &[u8]) -> Option<(u64, &[u8])> {
    let (byte, rest) = text.split_first()?;
    let digit = byte.wrapping_sub(b'0');
    (digit <= 9).then_some((digit.into(), rest))
}

/// What the first four bytes say, if they are digits, and the bytes after them.
#[inline(always)]
fn take_four_digits(text: &[u8]) -> Option<(u64, &[u8])> {
    let (four, rest) = text.split_first_chunk()?;
    // All four at once. A byte below '0' has its highest bit set by the subtraction, one above '9' by the addition. What is
    // carried from byte to byte begins at one that is found by its highest bit anyway.
    let digits = u32::from_le_bytes(*four).wrapping_sub(0x3030_3030);
    if (digits | digits.wrapping_add(0x7676_7676)) & 0x8080_8080 != 0 {
        return None;
    }
    // Two pairs in 16 bits each, and then the one times 100 with the other.
    let pairs = (digits * 10 + (digits >> 8)) & 0x00FF_00FF;
    let [_, _, low, high] = pairs.wrapping_mul(1 + (100 << 16)).to_le_bytes();
    Some((u16::from_le_bytes([low, high]).into(), rest))
}

/// Bytes of `-9223372036854775808`.
pub(super) const LONGEST: usize = DIGITS + 1;
/// The most digits that a number has.
pub(super) const DIGITS: usize = 19;

/// Writes a number without a sign to the start of `room`, and gives its length. It is written where it is to stand: to put it
/// together elsewhere, and then to copy it, takes longer.
#[inline(always)]
pub(super) fn write(magnitude: u64, room: &mut [u8; DIGITS]) -> usize {
    let [a, b, c, d, ..] = room;
    if magnitude < 100 {
        let [ten, one] = two_digits(magnitude);
        if magnitude < 10 {
            *a = one;
            return 1;
        }
        [*a, *b] = [ten, one];
        return 2;
    }
    if magnitude >= 10_000 {
        return write_long(magnitude, room);
    }
    let [thousand, hundred] = two_digits(magnitude / 100);
    let [ten, one] = two_digits(magnitude % 100);
    if magnitude < 1000 {
        [*a, *b, *c] = [hundred, ten, one];
        return 3;
    }
    [*a, *b, *c, *d] = [thousand, hundred, ten, one];
    4
}

/// [`write`] of a number with more digits than four, from its last ones on.
#[inline(never)]
fn write_long(magnitude: u64, room: &mut [u8; DIGITS]) -> usize {
    let length = digits(magnitude);
    let place = room.get_mut(..length).expect("no number has more digits");
    let mut rest = magnitude;
    let mut pairs = place.rchunks_exact_mut(2);
    for pair in &mut pairs {
        pair.copy_from_slice(&two_digits(rest % 100));
        rest /= 100;
    }
    if let [first] = pairs.into_remainder() {
        let [_, digit] = two_digits(rest);
        *first = digit;
    }
    length
}

/// How many digits a number has.
#[inline(always)]
fn digits(number: u64) -> usize {
    let bits = u64::BITS - (number | 1).leading_zeros();
    // 1233 / 4096 is the logarithm of 2, near enough for 64 bits: one digit more than that, or as many.
    let least = ((bits * 1233) >> 12) as usize;
    let has_one_more = LOWEST.get(least).is_some_and(|lowest| number >= *lowest);
    least + usize::from(has_one_more)
}

/// The lowest number with one digit more than its place here says. Even 0 has one.
const LOWEST: [u64; 20] = [
    0,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
    100_000_000_000,
    1_000_000_000_000,
    10_000_000_000_000,
    100_000_000_000_000,
    1_000_000_000_000_000,
    10_000_000_000_000_000,
    100_000_000_000_000_000,
    1_000_000_000_000_000_000,
    10_000_000_000_000_000_000,
];

/// The two digits of a number below 100.
#[inline(always)]
fn two_digits(number: u64) -> [u8; 2] {
    let (pairs, _) = PAIRS.as_chunks();
    let [number, ..] = number.to_le_bytes();
    pairs.get(usize::from(number)).copied().unwrap_or_default()
}

const PAIRS: &[u8; 200] = b"\
    0001020304050607080910111213141516171819\
    2021222324252627282930313233343536373839\
    4041424344454647484950515253545556575859\
    6061626364656667686970717273747576777879\
    8081828384858687888990919293949596979899";

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Numbers of every length, and on both sides of where lengths in bits and in digits change.
    pub(in super::super) fn numbers() -> impl Iterator<Item = i64> {
        let edges = (0..64).flat_map(|bit| {
            let power = 1i64.wrapping_shl(bit);
            [power.wrapping_sub(1), power, power.wrapping_add(1)]
        });
        let tens = (0..19).flat_map(|power| {
            let ten = 10i64.pow(power);
            [ten - 1, ten, ten + 1, 1_234_567_890_123_456_789 / ten]
        });
        let all = edges.chain(tens).chain(-10_100..10_100);
        all.flat_map(|number| [number, number.wrapping_neg()])
    }

    /// The number at the head of `text`, as a reader finds it that takes more than there is, and then compares.
    fn meant(text: &[u8]) -> Option<(i64, &[u8])> {
        let sign = usize::from(text.starts_with(b"-"));
        let digits = text
            .iter()
            .skip(sign)
            .take_while(|byte| byte.is_ascii_digit());
        let (head, rest) = text.split_at(sign + digits.count());
        let number: i64 = str::from_utf8(head).unwrap().parse().ok()?;
        (number.to_string().as_bytes() == head).then_some((number, rest))
    }

    #[test]
    fn numbers_are_read_up_to_their_last_digit() {
        for number in numbers() {
            let text = number.to_string();
            assert_eq!(take(text.as_bytes()), Some((number, &b""[..])), "{text}");
            for after in [
                &b" 7"[..],
                b"-7",
                b"/777",
                b":777",
                b"\x80",
                b"\xB0777",
                b"\0\0\0\0",
            ] {
                let text = [text.as_bytes(), after].concat();
                assert_eq!(take(&text), Some((number, after)), "{text:?}");
            }
        }
    }

    #[test]
    fn any_byte_is_taken_for_what_it_is_wherever_it_stands() {
        for pattern in [*b"1", *b"9"] {
            for length in 1..=24 {
                for byte in 0..=u8::MAX {
                    let mut text = pattern.repeat(length);
                    for at in 0..length {
                        text.splice(at..=at, [byte]);
                        let taken = take(&text).filter(|(_, rest)| take_digit(rest).is_none());
                        assert_eq!(taken, meant(&text), "{text:?}");
                        text.splice(at..=at, pattern);
                    }
                }
            }
        }
    }
}
