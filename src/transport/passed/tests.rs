//! Which of what was passed is served, and what is said where none is.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;

fn passed(names: &[&str]) -> Vec<Passed> {
    names.iter().map(|name| Passed::called(name)).collect()
}

fn chosen(names: &[&str], name: Option<&str>) -> std::result::Result<String, String> {
    choose(&passed(names), name).map(|passed| passed.name.clone())
}

#[test]
fn the_only_one_needs_no_name() {
    assert_eq!(chosen(&["a"], None).unwrap(), "a");
    assert_eq!(chosen(&["a"], Some("a")).unwrap(), "a");
}

#[test]
fn of_several_one_is_named() {
    assert_eq!(chosen(&["a", "b", "c"], Some("b")).unwrap(), "b");
    let why = chosen(&["a", "b"], None).unwrap_err();
    let says = "2 sockets were passed, so say which: systemd:a, systemd:b";
    assert_eq!(why, says);
}

#[test]
fn one_that_is_not_there_is_told_from_none_at_all() {
    let why = chosen(&["a", "b"], Some("c")).unwrap_err();
    assert!(
        why.contains("systemd:a, systemd:b: FileDescriptorName="),
        "{why}"
    );
    for name in [None, Some("c")] {
        let why = chosen(&[], name).unwrap_err();
        assert!(why.contains("ListenStream="), "{why}");
        assert!(why.contains("systemd-socket-activate"), "{why}");
    }
}

#[test]
fn a_name_that_several_have_names_none() {
    let why = chosen(&["a", "b", "a"], Some("a")).unwrap_err();
    assert!(why.contains("FileDescriptorName= of its own"), "{why}");
}

#[test]
fn what_no_url_of_a_client_says_is_not_served() {
    for (place, is_served) in [
        (Place::Path(Type::Stream, "/run/a".into()), true),
        (Place::Path(Type::SeqPacket, "/run/a".into()), true),
        (Place::Path(Type::Stream, "a".into()), false),
        (Place::Tcp("[::1]:7000".parse().unwrap()), true),
        (Place::Other("a datagram socket"), false),
    ] {
        let at = at(place.clone());
        assert_eq!(at.is_ok(), is_served, "{place:?}");
        let why = at.err().unwrap_or_default();
        assert!(is_served || why.contains("a Unix socket"), "{why}");
    }
}
