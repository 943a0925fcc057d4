//! What is no response.

use super::*;

#[test]
fn an_answer_that_is_no_response_is_shown_up_to_40_bytes() {
    for (length, shown) in [
        (0, String::from("''")),
        (40, format!("'{}'", "x".repeat(40))),
        (41, format!("'{}...'", "x".repeat(40))),
    ] {
        let error = malformed(&b"x".repeat(length));
        assert_eq!(error.status(), Status::Malformed);
        let text = format!("its answer {shown} of {length} bytes is no response");
        assert!(error.context().starts_with(&text), "{error}");
    }
}
