//! Sockets with paths, and FIFOs.

use super::Wire;
use crate::support::raw::{Records, connect_unix, listen_unix};
use crate::support::{Address, PATIENCE, make_fifo};
use calc_ipc::protocol::frame::Notice;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};

impl Wire for UnixStream {
    fn descriptor(&self) -> RawFd {
        self.as_raw_fd()
    }

    fn set_nonblocking(&self, is_so: bool) -> io::Result<()> {
        UnixStream::set_nonblocking(self, is_so)
    }
}

impl Wire for Records {
    fn descriptor(&self) -> RawFd {
        self.as_raw_fd()
    }

    fn set_nonblocking(&self, is_so: bool) -> io::Result<()> {
        self.socket.set_nonblocking(is_so)
    }
}

pub(super) fn connect(transport: &str, address: &Address) -> io::Result<Box<dyn Wire>> {
    of_socket(transport, connect_unix(transport, &address.path("sock"))?)
}

/// A client's connection by which a server of shared memory hands things over.
pub fn connect_control(address: &Address) -> Box<dyn Wire> {
    let socket = UnixStream::connect(format!("/dev/shm/{}", address.word)).unwrap();
    of_socket("uds", socket).unwrap()
}

fn of_socket(transport: &str, socket: UnixStream) -> io::Result<Box<dyn Wire>> {
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(match transport {
        "seqpacket" => Box::new(Records::new(socket)),
        _ => Box::new(socket),
    })
}

pub enum Listener {
    Socket(String, UnixListener),
    /// The FIFO of announcements, and where the clients' are.
    Fifo(File, String),
}

impl Listener {
    pub(super) fn bind(transport: &str, address: &Address) -> Self {
        if transport != "fifo" {
            let listener = listen_unix(transport, &address.path("sock")).unwrap();
            return Self::Socket(transport.to_owned(), listener);
        }
        for name in ["q", "a", "q.hello"] {
            make_fifo(&address.path(name));
        }
        let mut both = OpenOptions::new();
        let hello = both.read(true).write(true).open(address.path("q.hello"));
        Self::Fifo(hello.unwrap(), address.path("q"))
    }

    pub(super) fn accept(&self) -> Box<dyn Wire> {
        match self {
            Self::Socket(transport, listener) => {
                of_socket(transport, listener.accept().unwrap().0).unwrap()
            }
            Self::Fifo(hello, requests) => Box::new(Pair::of_next(hello, requests)),
        }
    }
}

/// The server's ends of a FIFO client's pair.
struct Pair {
    requests: File,
    answers: File,
}

impl Pair {
    /// Those of the client that announces itself next, which is welcomed.
    fn of_next(mut hello: &File, name: &str) -> Self {
        let mut record = [0; 64];
        hello.read_exact(&mut record).unwrap();
        // The id follows a magic of 8 bytes and a version of 4.
        let id: [u8; 16] = record.get(12..28).unwrap().try_into().unwrap();
        let hex = format!("{:032x}", u128::from_be_bytes(id));
        let (mut to_read, mut to_write) = (OpenOptions::new(), OpenOptions::new());
        let requests = to_read.read(true).open(format!("{name}.{hex}.q"));
        let answers = to_write.write(true).open(format!("{name}.{hex}.a"));
        let mut pair = Self {
            requests: requests.unwrap(),
            answers: answers.unwrap(),
        };
        pair.write_all(&Notice::Welcome.to_bytes()).unwrap();
        pair
    }
}

impl Read for Pair {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.requests.read(buffer)
    }
}

impl Write for Pair {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.answers.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Wire for Pair {
    fn descriptor(&self) -> RawFd {
        self.answers.as_raw_fd()
    }

    fn set_nonblocking(&self, _is_so: bool) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
