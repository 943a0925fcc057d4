//! What people are told: every failure says what failed, which thing it was, why, and, where there is
//! something to be done, what. One table for each kind of thing.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "../support/mod.rs"]
mod support;

mod calls;
mod clients;
mod programs;
mod servers;
mod tcp;
mod urls;

use calc_ipc::error::{Error, Result, Status};
use support::Address;

/// One failure, and what has to be said of it.
struct Case {
    what: &'static str,
    status: Status,
    /// Makes it happen.
    fail: fn(&Address) -> Error,
    /// What the text has to contain; `{folder}`, `{word}` and `{host}` are those of the address.
    says: &'static [&'static str],
}

/// Of what nobody should be told.
const MISLEADING: [&str; 3] = ["lock /", "::", "unwrap"];

impl Case {
    fn check(&self) {
        let address = Address::new();
        let error = (self.fail)(&address);
        let (what, text) = (self.what, error.to_string());
        assert_eq!(error.status(), self.status, "{what}: {text}");
        for word in self.says {
            let word = word
                .replace("{folder}", address.path("").trim_end_matches('/'))
                .replace("{word}", &address.word)
                .replace("{host}", &address.host);
            assert!(text.contains(&word), "{what}: no '{word}' in: {text}");
        }
        for word in MISLEADING {
            // An IPv6 address may have two colons.
            assert!(
                !text.contains(word) || text.contains("[::"),
                "{what}: '{word}' in: {text}"
            );
        }
        assert!(!text.ends_with([':', ' ', '.']), "{what}: {text}");
        assert!(
            !text.contains("  ") && !text.contains('\n'),
            "{what}: {text}"
        );
    }
}

fn check(cases: &[Case]) {
    for case in cases {
        case.check();
    }
}

/// The failure that was wanted.
fn failure<T>(result: Result<T>) -> Error {
    result.err().expect("it does not fail")
}
