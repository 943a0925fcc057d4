//! Servers that look for newcomers when the test says so.

use super::*;
use crate::sys::fifo::{self, End};
use crate::sys::socket::UnixStream;
use crate::sys::{AsSource, is_shortage, socket, transfer};
use crate::transport::posix::fifo::tests::Folder;

fn bind_in(folder: &Folder) -> Result<FifoEndpoint> {
    let (request, response) = (folder.text("q"), folder.text("a"));
    bind_here(&request, &response, &ServerOptions::default())
}

fn names_of(folder: &Folder, id: Id) -> PairNames {
    PairNames::new(&folder.path("q"), id)
}

/// Writes a record to the server, and has it look.
fn announce(server: &FifoEndpoint, id: Id) -> io::Result<Admission> {
    transfer::write(server.hello.as_source(), &id.to_record()).unwrap();
    server.admit(HELLO, false)
}

/// Too many open files (errno(3), EMFILE).
fn shortage() -> io::Error {
    io::Error::from_raw_os_error(24)
}

#[test]
fn whoever_reads_unseen_is_in_the_way_but_where_answers_are_read() {
    for (name, is_in_the_way) in [("q", true), ("a", false), ("q.hello", true)] {
        let folder = Folder::new();
        let path = folder.path(name);
        fifo::make(&path).unwrap();
        let reader = fifo::open(&path, End::Read).unwrap();
        // On its way through a socket it is nobody's descriptor, and open.
        let (from, _to) = UnixStream::pair().unwrap();
        socket::send_with_handles(from.as_source(), b"x", &[reader.as_source()]).unwrap();
        drop(reader);
        let status = bind_in(&folder).map_or_else(|error| error.status(), |_| Status::Ok);
        let expected = match is_in_the_way {
            true => Status::AddressInUse,
            false => Status::Ok,
        };
        assert_eq!(status, expected, "{name}");
    }
}

#[test]
fn the_pairs_of_dead_clients_are_removed_and_what_is_none_is_left() {
    let folder = Folder::new();
    let [whole, half, none] = [(); 3].map(|()| names_of(&folder, Id::random().unwrap()));
    for path in [&whole.answers, &whole.requests, &half.requests] {
        assert!(fifo::make(path).unwrap());
    }
    std::fs::write(&none.answers, "").unwrap();
    drop(bind_in(&folder).unwrap());
    let left = [none.answers.file_name().unwrap().to_str().unwrap()];
    assert_eq!(folder.names(), left);
}

#[test]
fn a_client_that_has_left_is_told_from_what_is_none() {
    let folder = Folder::new();
    let server = bind_in(&folder).unwrap();
    let before = folder.names();
    let id = Id::random().unwrap();
    let names = names_of(&folder, id);
    // Its names are gone, or one is.
    for left in [None, Some(&names.requests), Some(&names.answers)] {
        if let Some(path) = left {
            assert!(fifo::make(path).unwrap());
        }
        assert!(matches!(announce(&server, id), Ok(Admission::Left)));
        assert_eq!(folder.names(), before);
    }
    std::fs::write(&names.answers, "").unwrap();
    assert!(matches!(
        announce(&server, id),
        Ok(Admission::Refused(_, Refusal::NotAllowed))
    ));
    assert_eq!(folder.names().len(), before.len() + 1);
}

#[test]
fn who_cannot_be_let_in_for_now_is_let_in_later() {
    let folder = Folder::new();
    let server = bind_in(&folder).unwrap();
    let id = Id::random().unwrap();
    let failure = server.put_off(id, shortage()).err().unwrap();
    assert!(is_shortage(&failure));
    assert_eq!(server.next_id().unwrap(), Some(id));
    let other = server.put_off(id, ErrorKind::PermissionDenied.into());
    assert!(matches!(
        other,
        Ok(Admission::Refused(_, Refusal::NotAllowed))
    ));
    assert_eq!(server.next_id().unwrap(), None);
}

#[test]
fn only_a_lack_of_something_refuses_a_client_that_is_half_let_in() {
    assert_eq!(if_enough(Ok(7)).unwrap(), Some(7));
    assert_eq!(if_enough::<()>(Err(shortage())).unwrap(), None);
    let other = if_enough::<()>(Err(ErrorKind::NotFound.into()));
    assert_eq!(other.unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_server_that_cannot_look_for_newcomers_says_so() {
    let folder = Folder::new();
    let mut server = bind_in(&folder).unwrap();
    assert!(matches!(server.admit(HELLO, false), Ok(Admission::Nobody)));
    let hello = hello_path(&server.request);
    // Which cannot be read from.
    server.hello = fifo::open(&hello, End::Write).unwrap();
    assert!(server.admit(HELLO, false).is_err());
}
