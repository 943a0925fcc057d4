//! Clients that are stopped while they connect to a server whose queue is full, which takes as long as the server likes.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::{Result, Status};
use calc_ipc::service::{Client, Limit, Next};
use calc_ipc::transport::{Address as Place, ClientOptions};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, SockaddrLike, UnixAddr, bind, connect,
    getsockname, listen, socket,
};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;
use support::processes::state::{await_state, own_thread};
use support::{Address, PATIENCE};

/// A server that lets nobody in, and those that fill its queue.
struct Full {
    place: Place,
    _sockets: Vec<OwnedFd>,
    name: Option<PathBuf>,
}

impl Drop for Full {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            std::fs::remove_file(name).unwrap();
        }
    }
}

fn socket_of(family: AddressFamily, kind: SockType) -> OwnedFd {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    socket(family, kind, flags, None).unwrap()
}

impl Full {
    /// At a path, whose socket is of this kind.
    fn at(path: String, kind: SockType, place: Place) -> Self {
        let server = socket_of(AddressFamily::Unix, kind);
        let name = UnixAddr::new(path.as_str()).unwrap();
        bind(server.as_raw_fd(), &name).unwrap();
        Self::filled(server, &name, kind, place, Some(path.into()))
    }

    /// A FIFO that newcomers are announced by, which nobody reads.
    fn over_fifos(request: String, response: String) -> Self {
        let hello = format!("{request}.hello");
        mkfifo(hello.as_str(), Mode::S_IRWXU).unwrap();
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true);
        let options = options.custom_flags(OFlag::O_NONBLOCK.bits());
        let mut fifo = options.open(&hello).unwrap();
        // In pieces, the last of which has no room: a write of more than PIPE_BUF may be cut (pipe(7)).
        while fifo.write(&[0; 64]).is_ok() {}
        Self {
            place: Place::fifo(request, response),
            _sockets: vec![fifo.into()],
            name: Some(hello.into()),
        }
    }

    /// At a port of the system's choice.
    fn over_tcp() -> Self {
        let server = socket_of(AddressFamily::Inet, SockType::Stream);
        bind(server.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0)).unwrap();
        let name: SockaddrIn = getsockname(server.as_raw_fd()).unwrap();
        let place = Place::tcp("127.0.0.1", name.port());
        Self::filled(server, &name, SockType::Stream, place, None)
    }

    fn filled(
        server: OwnedFd,
        address: &dyn SockaddrLike,
        kind: SockType,
        place: Place,
        name: Option<PathBuf>,
    ) -> Self {
        listen(&server, Backlog::new(0).unwrap()).unwrap();
        let family = address.family().unwrap();
        let mut sockets = vec![server];
        // The queue holds one more than it is told (listen(2)); over TCP, more are left without an answer.
        for _ in 0..2 {
            let client = socket_of(family, kind);
            let connected = connect(client.as_raw_fd(), address);
            let is_right = [Ok(()), Err(Errno::EAGAIN), Err(Errno::EINPROGRESS)];
            assert!(is_right.contains(&connected), "{connected:?}");
            sockets.push(client);
        }
        Self {
            place,
            _sockets: sockets,
            name,
        }
    }
}

/// A server of each transport whose clients wait in a queue.
fn over_each_full(test: impl Fn(&Place)) {
    let address = Address::new();
    let [unix, records, shared] = ["sock", "records", "shared"].map(|name| address.path(name));
    let servers = [
        Full::at(unix.clone(), SockType::Stream, Place::unix(unix)),
        Full::at(
            records.clone(),
            SockType::SeqPacket,
            Place::seqpacket(records),
        ),
        Full::at(
            shared.clone(),
            SockType::Stream,
            Place::ShmAt(shared.clone()),
        ),
        Full::over_fifos(address.path("q"), address.path("a")),
        Full::over_tcp(),
    ];
    for server in &servers {
        test(&server.place);
    }
}

/// One whose connections are made by its calls, which wait for that without limit.
fn client(place: &Place, connections: u32) -> Arc<Client> {
    let options = ClientOptions {
        connections,
        reconnect: true,
        connect_timeout: None,
        call_timeout: None,
        ..ClientOptions::default()
    };
    Arc::new(Client::connect(place, &options).unwrap())
}

/// What comes of this on another thread, which sleeps by now.
fn asleep<T: Send + 'static>(
    client: &Arc<Client>,
    ask: impl FnOnce(&Client) -> Result<T> + Send + 'static,
) -> Receiver<Status> {
    let client = Arc::clone(client);
    let (tell_thread, thread) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        tell_thread.send(own_thread()).unwrap();
        let _ = tell.send(support::status(ask(&client)));
    });
    await_state("self", thread.recv().unwrap(), 'S');
    told
}

#[test]
fn a_stop_ends_calls_that_connect_and_those_that_wait_for_them() {
    over_each_full(|place| {
        for connections in [0, 1, 2] {
            let client = client(place, connections);
            let calls = match connections {
                0 => 1, // A second one would get BUSY.
                _ => 3,
            };
            let calls = [(); 3].map(|()| ()).into_iter().take(calls);
            let told: Vec<_> = calls
                .map(|()| asleep(&client, |client| client.call_bytes(b"x", &mut [])))
                .collect();
            client.request_stop();
            for status in told {
                let status = status.recv_timeout(PATIENCE);
                assert_eq!(status, Ok(Status::Cancelled), "{place}, {connections}");
            }
        }
    });
}

#[test]
fn a_stop_ends_calls_that_were_submitted_and_connect() {
    over_each_full(|place| {
        let client = client(place, 1);
        // Where nothing tells when there is a place in the queue, a submit fails.
        if let Err(error) = client.submit(Limit::Own(None), b"x", 7) {
            let is_told = error.to_string().contains("at this moment");
            assert!(is_told && !matches!(place, Place::Tcp { .. }), "{error}");
            assert_eq!(error.status(), Status::TimedOut);
            assert!(error.is_not_executed());
            return;
        }
        let told = asleep(&client, |client| match client.next(None, &mut []) {
            Ok(Next::Completion(completion)) => completion.outcome,
            other => panic!("{other:?}"),
        });
        client.request_stop();
        let status = told.recv_timeout(PATIENCE);
        assert_eq!(status, Ok(Status::Cancelled), "{place}");
    });
}

#[test]
fn a_call_that_is_not_stopped_waits_for_its_connection_as_long_as_it_may() {
    over_each_full(|place| {
        let client = client(place, 1);
        let limit = Limit::Own(Some(Duration::from_millis(70)));
        let error = client
            .call_bytes_within(limit, b"x", &mut [])
            .map(drop)
            .unwrap_err();
        assert_eq!(error.status(), Status::TimedOut, "{place}");
        assert!(error.is_not_executed());
        let told = error.to_string();
        assert!(told.contains("ms (connect_timeout_ms)"), "{told}");
    });
}
