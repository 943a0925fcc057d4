//! Messages as values.

/// The operations of the calculator, with the numbers that the C interface gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Operation {
    /// Addition.
    Add = 0,
    /// Subtraction.
    Sub = 1,
    /// Multiplication.
    Mul = 2,
    /// Division that truncates toward zero.
    Div = 3,
}

/// A question: one operation on two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// What to do.
    pub operation: Operation,
    /// The left operand.
    pub arg1: i64,
    /// The right operand.
    pub arg2: i64,
}

/// The answer to a [`Request`]: a number, or why there is none.
pub type Response = std::result::Result<i64, ErrorText>;

/// A text of at most [`ErrorText::CAPACITY`] bytes, without control characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ErrorText {
    length: u8,
    bytes: [u8; Self::CAPACITY],
}

impl ErrorText {
    /// The longest text, in bytes.
    pub const CAPACITY: usize = 255;
}
