//! Whom descriptors let in. Wine lets in everybody, whatever they say.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;

#[test]
fn a_server_lets_in_its_user_and_the_system_and_others_where_that_was_asked_for() {
    let own = User::own().unwrap().text().unwrap();
    assert!(own.starts_with("S-1-"), "{own}");
    let rights = |is_open| Descriptor::of_server(is_open).unwrap().rights().unwrap();
    let (narrow, wide) = (rights(false), rights(true));
    assert!(narrow.starts_with("D:P(A;;FA;;;"), "{narrow}");
    assert!(narrow.ends_with("(A;;FA;;;SY)"), "{narrow}");
    assert_eq!(narrow.matches("(A;").count(), 2, "{narrow}");
    // Reading and writing, as CLIENT has it, and no instances.
    assert!(
        wide.starts_with(&narrow) && wide.ends_with(";;;AU)"),
        "{wide}"
    );
    let nobody = Descriptor::of_nobody().unwrap().rights().unwrap();
    assert!(!nobody.contains("(A;"), "{nobody}");
}

#[test]
fn a_process_of_this_user_is_trusted() {
    assert!(is_process_trusted(std::process::id()).unwrap());
    is_process_trusted(u32::MAX).unwrap_err();
}
