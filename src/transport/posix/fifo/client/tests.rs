//! Clients whose server is what the test makes of it.

use super::*;
use crate::transport::posix::fifo::hello::RECORD;
use crate::transport::posix::fifo::tests::Folder;
use crate::transport::{Address, Dial};
use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

/// Where a server looks for newcomers, when the test says so.
struct Place {
    folder: Folder,
    request: PathBuf,
    /// The server's end.
    hello: Handle,
}

impl Place {
    fn new() -> Self {
        let folder = Folder::new();
        let request = folder.path("q");
        let path = hello_path(&request);
        assert!(fifo::make(&path).unwrap());
        Self {
            hello: fifo::open(&path, End::Both).unwrap(),
            folder,
            request,
        }
    }

    fn client_end(&self) -> Handle {
        open_hello(&self.request).unwrap()
    }

    fn announce(&self) -> FifoStream {
        FifoStream::announce(&self.request, self.client_end(), &waiting(None)).unwrap()
    }
}

fn waiting(connect_timeout: Option<Duration>) -> ClientOptions {
    ClientOptions {
        connect_timeout,
        ..ClientOptions::default()
    }
}

/// A pipe holds what it has by pages.
const PAGE: usize = 4096;

/// Writes until there is no room; gives how many pages that took.
fn fill(fd: &Handle) -> usize {
    (0..)
        .take_while(|_| transfer::write(fd.as_source(), &[0; PAGE]).is_ok())
        .count()
}

fn soon() -> Deadline {
    Deadline::after(Some(Duration::from_millis(1)))
}

fn kind<T>(result: io::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn a_client_waits_for_room_as_long_as_it_may() {
    let place = Place::new();
    fill(&place.hello);
    let limit = Duration::from_millis(1);
    let response = place.folder.text("a");
    let connected = connect(&place.folder.text("q"), &response, &waiting(Some(limit)));
    let error = connected.err().unwrap();
    assert_eq!(error.status(), Status::TimedOut);
    let why = "the server did not look for newcomers within 1ms (connect_timeout_ms)";
    assert!(error.context().ends_with(why), "{error}");
    assert_eq!(place.folder.names(), ["q.hello"]);
}

#[test]
fn a_client_announces_itself_when_the_server_looks() {
    let place = Place::new();
    let pages = fill(&place.hello);
    let read = |bytes: &mut [u8]| transfer::read(place.hello.as_source(), bytes).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Most likely it waits by then.
            std::thread::sleep(Duration::from_millis(20));
            assert_eq!(read(&mut [0; PAGE]), PAGE);
        });
        place.announce();
    });
    for _ in 1..pages {
        assert_eq!(read(&mut [0; PAGE]), PAGE);
    }
    assert_eq!(read(&mut [0; PAGE]), RECORD);
}

#[test]
fn a_server_that_has_ended_is_told_from_none() {
    let Place {
        folder,
        request,
        hello,
    } = Place::new();
    drop(hello);
    let error = open_hello(&request).unwrap_err();
    assert_eq!(error.status(), Status::NotConnected);
    let why = ": its server has ended; a new one will take the name over";
    assert!(error.context().ends_with(why), "{error}");
    drop(folder);
}

#[test]
fn a_server_that_goes_meanwhile_is_told_from_one_that_does_not_look() {
    let place = Place::new();
    let hello = place.client_end();
    drop(place.hello);
    let id = Id::random().unwrap();
    let written = write_record(&hello, id, &waiting(None));
    assert_eq!(kind(written), Some(ErrorKind::BrokenPipe));
}

#[test]
fn each_failure_to_announce_a_client_says_what_to_do() {
    let options = waiting(Some(Duration::from_secs(7)));
    let of = |kind: ErrorKind, options| unannounced("/q".as_ref(), options, &kind.into());
    for kind in [ErrorKind::PermissionDenied, ErrorKind::NotFound] {
        let error = of(kind, &options);
        assert!(error.context().starts_with("create /q"), "{error}");
    }
    let error = of(ErrorKind::TimedOut, &options);
    assert_eq!(error.status(), Status::TimedOut);
    assert!(
        error
            .context()
            .starts_with("FIFO /q: the server did not look")
    );
    assert!(error.context().contains("within 7s"), "{error}");
    let error = of(ErrorKind::BrokenPipe, &options);
    assert_eq!(error.status(), Status::NotConnected);
    assert!(error.context().starts_with("FIFO /q"), "{error}");
}

#[test]
fn what_is_at_the_path_that_the_user_knows_is_named() {
    let folder = Folder::new();
    let missing = io::Error::from(ErrorKind::NotFound);
    let about = |name: &str| {
        let request = folder.path(name);
        let error = unopened(&request, &hello_path(&request), &missing);
        error.context().to_owned()
    };
    fifo::make(&folder.path("fifo")).unwrap();
    std::fs::write(folder.path("file"), "").unwrap();
    for (name, why) in [
        (
            "fifo",
            "no server of this library has it, since there is no ",
        ),
        ("file", "a regular file is there, and no FIFO"),
        ("nothing", "nothing is there; start the server first"),
    ] {
        let said = about(name);
        assert!(said.contains(&format!("/{name}: {why}")), "{said}");
    }
}

#[test]
fn a_pair_that_was_swept_away_is_made_anew_and_other_failures_are_given() {
    let folder = Folder::new();
    let names = PairNames::new(&folder.path("q"), Id::random().unwrap());
    assert!(FifoStream::open(&names).unwrap().is_none());
    std::fs::write(&names.answers, "").unwrap();
    let opened = FifoStream::open(&names);
    assert_eq!(kind(opened), Some(ErrorKind::PermissionDenied));
    assert_eq!(folder.names(), [""; 0]);
    assert!(fifo::make(&names.answers).unwrap());
    assert!(FifoStream::open(&names).unwrap().is_some());
}

#[test]
fn a_client_that_is_not_taken_in_waits_as_long_as_it_may_or_until_the_server_has_gone() {
    let place = Place::new();
    let mut stream = place.announce();
    let mut byte = [0];
    assert_eq!(kind(stream.read(&mut byte)), Some(ErrorKind::WouldBlock));
    let read = stream.read_by(&mut byte, &soon());
    assert_eq!(kind(read), Some(ErrorKind::TimedOut));
    drop(place.hello);
    assert_eq!(stream.read_by(&mut byte, &Deadline::never()).unwrap(), 0);
}

#[test]
fn a_client_writes_whole_frames_and_waits_for_room() {
    let place = Place::new();
    let mut stream = place.announce();
    assert_eq!(stream.write_frame(b"pre", b"body").unwrap(), 7);
    stream.await_any(&soon()).unwrap();
    while stream.write(&[0; 4096]).is_ok() {}
    let waited = stream.await_any(&soon());
    assert_eq!(kind(waited), Some(ErrorKind::TimedOut));
    let waited = stream.await_room(&soon());
    assert_eq!(kind(waited), Some(ErrorKind::TimedOut));
}

#[test]
fn a_server_that_lets_nobody_in_is_tried_as_long_as_it_is_wanted_and_there_is_time() {
    let place = Place::new();
    fill(&place.hello);
    let dial_to = |name: &str| {
        let address = Address::fifo(place.folder.text(name), place.folder.text("a"));
        Dial::new(&address, &waiting(None), &Deadline::after(None)).unwrap()
    };
    let looks = Cell::new(0);
    let thrice = || {
        looks.set(looks.get() + 1);
        looks.get() <= 3
    };
    let without_limit = Deadline::after(None);
    let failure = |dialled: Result<_>| dialled.err().unwrap();
    let error = failure(dial_to("q").connect_while(&thrice, &without_limit));
    assert_eq!((error.status(), looks.get()), (Status::Cancelled, 4));
    let limit = Deadline::after(Some(Duration::from_millis(41)));
    let error = failure(dial_to("q").connect_while(&|| true, &limit));
    assert_eq!(error.status(), Status::TimedOut);
    assert!(error.context().contains("41ms"), "{error}");
    let error = failure(dial_to("none").connect_while(&|| true, &without_limit));
    assert_eq!(error.status(), Status::NotConnected);
}

#[test]
fn a_client_that_is_not_taken_in_waits_for_an_answer_a_halt_or_the_servers_end() {
    let place = Place::new();
    let stream = place.announce();
    let waited = || kind(stream.await_input(&soon()));
    assert_eq!(waited(), Some(ErrorKind::TimedOut));
    let Lifeline::Bell(bell) = stream.lifeline() else {
        unreachable!("its waits can be ended");
    };
    bell.ring();
    assert_eq!(waited(), Some(ErrorKind::Interrupted));
    let greeting = stream.greeting.as_ref().unwrap();
    let answers = fifo::open(&greeting.names.as_ref().unwrap().answers, End::Both).unwrap();
    transfer::write(answers.as_source(), b"answer").unwrap();
    assert_eq!(waited(), None);
    let stream = place.announce();
    drop(place.hello);
    stream.await_input(&Deadline::never()).unwrap();
}
