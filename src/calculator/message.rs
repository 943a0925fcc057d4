//! Messages as values.

use crate::protocol::ErrorText;
use std::ffi::CStr;

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

impl Operation {
    /// Every operation, for tables and tests.
    pub const ALL: [Operation; 4] = [
        Operation::Add,
        Operation::Sub,
        Operation::Mul,
        Operation::Div,
    ];

    /// The operation with this number.
    pub fn from_i32(number: i32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| *operation as i32 == number)
    }

    /// The operation that goes by this name on the wire.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.name().as_bytes() == name)
    }

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        const fn text(operation: Operation) -> &'static str {
            match operation.c_name().to_str() {
                Ok(text) => text,
                Err(_) => panic!("they are ASCII"),
            }
        }
        match self {
            Self::Add => const { text(Self::Add) },
            Self::Sub => const { text(Self::Sub) },
            Self::Mul => const { text(Self::Mul) },
            Self::Div => const { text(Self::Div) },
        }
    }

    /// [`Operation::name`] for C.
    pub const fn c_name(self) -> &'static CStr {
        match self {
            Self::Add => c"ADD",
            Self::Sub => c"SUB",
            Self::Mul => c"MUL",
            Self::Div => c"DIV",
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_known_by_number_and_by_name() {
        for operation in Operation::ALL {
            assert_eq!(Operation::from_i32(operation as i32), Some(operation));
            assert_eq!(
                Operation::from_name(operation.name().as_bytes()),
                Some(operation)
            );
        }
        for number in [-1, 4, i32::MIN, i32::MAX] {
            assert_eq!(Operation::from_i32(number), None);
        }
        for name in ["", "add", "ADDS", "AD", "POW", "ADD "] {
            assert_eq!(Operation::from_name(name.as_bytes()), None);
        }
    }
}
