//! The arithmetic of the built-in calculator.

use super::{ErrorText, Operation, Request, Response};

/// The answer to `request`: 64-bit signed arithmetic, checked; division truncates toward zero.
pub fn execute(request: &Request) -> Response {
    let Request {
        operation,
        arg1,
        arg2,
    } = *request;
    let result = match operation {
        Operation::Add => arg1.checked_add(arg2),
        Operation::Sub => arg1.checked_sub(arg2),
        Operation::Mul => arg1.checked_mul(arg2),
        Operation::Div if arg2 == 0 => return Err(ErrorText::from("Division by zero")),
        // i64::MIN / -1 overflows; in C it is a SIGFPE.
        Operation::Div => arg1.checked_div(arg2),
    };
    result.ok_or_else(|| ErrorText::from("Overflow"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Operation::{Add, Div, Mul, Sub};

    fn answer(operation: Operation, arg1: i64, arg2: i64) -> Result<i64, String> {
        execute(&Request {
            operation,
            arg1,
            arg2,
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn results_are_exact() {
        assert_eq!(answer(Add, 10, 20), Ok(30));
        assert_eq!(answer(Sub, 50, 30), Ok(20));
        assert_eq!(answer(Mul, 7, 8), Ok(56));
        assert_eq!(answer(Div, 100, 4), Ok(25));
        assert_eq!(answer(Mul, i64::MIN, 1), Ok(i64::MIN));
        assert_eq!(answer(Add, i64::MIN, i64::MAX), Ok(-1));
    }

    #[test]
    fn division_truncates_toward_zero() {
        assert_eq!(answer(Div, 7, 2), Ok(3));
        assert_eq!(answer(Div, -7, 2), Ok(-3));
        assert_eq!(answer(Div, 7, -2), Ok(-3));
        assert_eq!(answer(Div, -7, -2), Ok(3));
        assert_eq!(answer(Div, i64::MIN, 1), Ok(i64::MIN));
    }

    #[test]
    fn division_by_zero_is_an_answer() {
        for dividend in [0, 10, i64::MIN] {
            assert_eq!(answer(Div, dividend, 0), Err("Division by zero".to_owned()));
        }
    }

    #[test]
    fn overflow_is_an_answer() {
        let overflow = Err("Overflow".to_owned());
        for (operation, arg1, arg2) in [
            (Add, i64::MAX, 1),
            (Add, i64::MIN, -1),
            (Sub, i64::MIN, 1),
            (Sub, 0, i64::MIN),
            (Mul, i64::MAX, 2),
            (Mul, i64::MIN, -1),
            (Div, i64::MIN, -1),
        ] {
            assert_eq!(
                answer(operation, arg1, arg2),
                overflow,
                "{operation:?} {arg1} {arg2}"
            );
        }
    }
}
