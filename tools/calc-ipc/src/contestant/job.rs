//! What the calculator is asked, and what it answers.

use calc_ipc::calculator::{Operation, Request, Response, execute};
use std::thread;
use std::time::Duration;

/// The request of a call, by its number.
pub(crate) fn sum(number: i64) -> Request {
    Request {
        operation: Operation::Add,
        arg1: number,
        arg2: number + 1,
    }
}

pub(crate) fn is_sum(number: i64, response: &Response) -> bool {
    *response == Ok(number + number + 1)
}

/// A request that a slow calculator takes so long for.
pub(crate) fn slow(time: Duration) -> Request {
    Request {
        operation: Operation::Mul,
        arg1: i64::try_from(time.as_millis()).unwrap_or(i64::MAX),
        arg2: 1,
    }
}

/// The calculator, which takes a millisecond for each unit of the left operand of MUL, without using a processor.
pub(super) fn execute_slowly(request: &Request) -> Response {
    if request.operation == Operation::Mul {
        let millis = u64::try_from(request.arg1).unwrap_or(0);
        thread::sleep(Duration::from_millis(millis));
    }
    execute(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_call_knows_its_own_answer() {
        assert!(is_sum(7, &execute(&sum(7))));
        assert!(!is_sum(7, &execute(&sum(8))));
    }

    #[test]
    fn only_a_slow_request_takes_its_time() {
        let before = Instant::now();
        assert_eq!(execute_slowly(&slow(Duration::from_millis(3))), Ok(3));
        assert!(before.elapsed() >= Duration::from_millis(3));
        assert_eq!(execute_slowly(&sum(1 << 40)), execute(&sum(1 << 40)));
    }
}
