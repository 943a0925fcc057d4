use super::*;
use crate::sys::AsSource;
use crate::sys::pipe::Pipe;
use crate::sys::socket;

/// A regular file that is there.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

fn cause(kind: ErrorKind) -> io::Error {
    kind.into()
}

fn name_of_open(open: &impl AsSource) -> &'static str {
    name_of(file::about_open(open.as_source()).unwrap().kind)
}

#[test]
fn every_kind_of_file_has_its_name() {
    for (path, kind) in [
        (FILE, "regular file"),
        ("/", "folder"),
        ("/proc/self/exe", "symbolic link"),
        ("/dev/null", "device"),
    ] {
        let about = file::about(path.as_ref()).unwrap().unwrap();
        assert_eq!(name_of(about.kind), kind, "{path}");
    }
    assert_eq!(name_of_open(&Pipe::new().unwrap().read), "FIFO");
    let (end, _other) = socket::UnixStream::pair().unwrap();
    assert_eq!(name_of_open(&end), "socket");
}

#[test]
fn a_lock_file_that_is_there_and_may_not_be_opened_is_another_users() {
    let denied = locking(
        "/name".as_ref(),
        FILE.as_ref(),
        &cause(ErrorKind::PermissionDenied),
    );
    assert!(denied.context().starts_with(FILE), "{denied}");
    assert!(denied.context().contains("belongs to user"), "{denied}");
    let other = locking(
        "/name".as_ref(),
        FILE.as_ref(),
        &cause(ErrorKind::Interrupted),
    );
    assert!(other.context().starts_with("create /name"), "{other}");
}

#[test]
fn where_a_name_may_not_be_made_its_folder_is_named() {
    for (path, folder) in [
        ("name", "."),
        ("/name", "/"),
        ("/proc/self/name", "/proc/self"),
    ] {
        let error = creating(path.as_ref(), &cause(ErrorKind::PermissionDenied));
        let user = effective_uid();
        let why = format!("create {path}: user {user} may not create names in {folder}: ");
        assert!(error.context().starts_with(&why), "{error}");
    }
}

#[test]
fn who_is_kept_out_is_told_whose_the_name_is_and_who_decides() {
    let refused = |kind| {
        let error = reaching("thing", Kind::Regular, FILE.as_ref(), &cause(kind));
        error.context().to_owned()
    };
    let about = file::about_target(FILE.as_ref()).unwrap();
    let denied = refused(ErrorKind::PermissionDenied);
    let whose = format!(
        "thing {FILE}: belongs to user {} and has mode {:04o}, and this is user {}; ",
        about.owner,
        about.mode,
        effective_uid()
    );
    assert!(denied.starts_with(&whose), "{denied}");
    assert!(
        denied.contains("option mode decides who may connect"),
        "{denied}"
    );
    let other = refused(ErrorKind::Interrupted);
    assert!(
        other.starts_with(&format!("thing {FILE}: connect")),
        "{other}"
    );
}

#[test]
fn only_where_nothing_is_there_a_server_is_to_be_started() {
    let missing = "/proc/self/nothing".to_owned();
    let no_name = format!("/{}", "x".repeat(300));
    for (path, why) in [
        (missing, "nothing is there; start the server first"),
        (no_name, "connect"),
    ] {
        let nothing = cause(ErrorKind::NotFound);
        let error = reaching("thing", Kind::Regular, path.as_ref(), &nothing);
        let begin = format!("thing {path}: {why}");
        assert!(error.context().starts_with(&begin), "{error}");
    }
}

#[test]
fn a_folder_that_cannot_hold_a_name_says_why() {
    let lacks = |kind| lack("/a/b".as_ref(), Err(cause(kind)));
    let denied = format!("user {} may not search /a", effective_uid());
    assert_eq!(lacks(ErrorKind::PermissionDenied), Some(denied));
    let missing = "there is no folder /a/b".to_owned();
    assert_eq!(lacks(ErrorKind::NotFound), Some(missing));
    assert_eq!(lacks(ErrorKind::InvalidFilename), None);
    assert_eq!(lack("/".as_ref(), file::about_target("/".as_ref())), None);
    let file = "/dev/null is a device, and no folder".to_owned();
    assert_eq!(
        lack(
            "/dev/null".as_ref(),
            file::about_target("/dev/null".as_ref())
        ),
        Some(file)
    );
}
