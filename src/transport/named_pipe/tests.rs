//! What failures say.

use super::*;
use std::time::Duration;

#[test]
fn a_failure_says_what_to_do() {
    let taken = unbound("named pipe calc", &ErrorKind::AddrInUse.into());
    assert_eq!(taken.status(), Status::AddressInUse);
    assert!(
        taken
            .context()
            .starts_with("named pipe calc: another process")
    );
    let second = Deadline::after(Some(Duration::from_secs(1)));
    for (kind, status, says) in [
        (ErrorKind::TimedOut, Status::TimedOut, "within 1s"),
        (
            ErrorKind::NotFound,
            Status::NotConnected,
            "start the server first",
        ),
        (
            ErrorKind::PermissionDenied,
            Status::PermissionDenied,
            "connect",
        ),
    ] {
        let error = unreached("named pipe calc", &second, &kind.into());
        assert_eq!(error.status(), status);
        assert!(error.context().contains(says), "{error}");
    }
}
