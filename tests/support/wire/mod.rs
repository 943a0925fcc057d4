//! Connections that are not the library's: clients, and servers, that send whatever bytes they like.

#[cfg(windows)]
pub mod pipe;
#[cfg(unix)]
mod posix;

#[cfg(windows)]
use pipe as own;
#[cfg(unix)]
use posix as own;

use super::random::Random;
use super::{Address, PATIENCE, PORT, Transport};
use calc_ipc::protocol::frame::{self, PREFIX};
use calc_ipc::service::Client;
use calc_ipc::transport::ClientOptions;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
#[cfg(unix)]
use std::os::fd::{AsRawFd as _, RawFd};

pub use own::connect_control;

/// The transports over which nothing but frames goes, from the client's first byte on.
#[cfg(unix)]
pub const PLAIN: [&str; 3] = ["uds", "seqpacket", "tcp"];
#[cfg(windows)]
pub const PLAIN: [&str; 2] = ["npipe", "tcp"];

/// Those over which frames go once a client was let in.
#[cfg(unix)]
pub const STREAMS: [&str; 4] = ["uds", "seqpacket", "fifo", "tcp"];
#[cfg(windows)]
pub const STREAMS: [&str; 2] = PLAIN;

/// One end of a connection: what is written goes as it is, and no read waits longer than [`PATIENCE`].
pub trait Wire: Read + Write + Send {
    /// Whether reads and writes fail with `WouldBlock` rather than wait.
    fn set_nonblocking(&self, is_so: bool) -> io::Result<()>;

    /// The descriptor that is written to.
    #[cfg(unix)]
    fn descriptor(&self) -> RawFd;
}

impl Wire for TcpStream {
    #[cfg(unix)]
    fn descriptor(&self) -> RawFd {
        self.as_raw_fd()
    }

    fn set_nonblocking(&self, is_so: bool) -> io::Result<()> {
        TcpStream::set_nonblocking(self, is_so)
    }
}

/// A client of the server over this transport, one of [`PLAIN`].
pub fn connect(transport: &Transport, address: &Address) -> Box<dyn Wire> {
    try_connect(transport, address).unwrap()
}

/// As [`connect`], where the server may have no room for it.
pub fn try_connect(transport: &Transport, address: &Address) -> io::Result<Box<dyn Wire>> {
    match transport.name {
        "tcp" => of_tcp(TcpStream::connect((address.host.as_str(), PORT))?),
        name => own::connect(name, address),
    }
}

fn of_tcp(stream: TcpStream) -> io::Result<Box<dyn Wire>> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(Box::new(stream))
}

/// A server over one of [`STREAMS`], to which clients of the library can connect.
pub enum Listener {
    Tcp(TcpListener),
    Own(own::Listener),
}

impl Listener {
    pub fn bind(transport: &Transport, address: &Address) -> Self {
        match transport.name {
            "tcp" => Self::Tcp(TcpListener::bind((address.host.as_str(), PORT)).unwrap()),
            name => Self::Own(own::Listener::bind(name, address)),
        }
    }

    /// The server's end of the next client's connection.
    pub fn accept(&self) -> Box<dyn Wire> {
        match self {
            Self::Tcp(listener) => of_tcp(listener.accept().unwrap().0).unwrap(),
            Self::Own(listener) => listener.accept(),
        }
    }
}

/// A message as it is sent.
pub fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    [&frame::prefix(length)[..], body].concat()
}

/// The body of the next frame.
pub fn receive(stream: &mut (impl Read + ?Sized)) -> Vec<u8> {
    let mut prefix = [0; PREFIX];
    stream.read_exact(&mut prefix).unwrap();
    let mut body = vec![0; usize::try_from(u32::from_le_bytes(prefix)).unwrap()];
    stream.read_exact(&mut body).unwrap();
    body
}

/// A client of a server that hands its connection to `serve`, in a thread.
pub fn against(
    name: &str,
    options: &ClientOptions,
    serve: &(dyn Fn(&mut dyn Wire) + Sync),
    ask: &dyn Fn(&Client),
) {
    let address = Address::new();
    std::thread::scope(|scope| {
        let (client, mut stream) = connected(Transport::named(name), &address, options);
        scope.spawn(move || serve(&mut *stream));
        ask(&client);
    });
}

/// A client, and the server's end of its connection, which the test plays.
pub fn connected(
    transport: &Transport,
    address: &Address,
    options: &ClientOptions,
) -> (Client, Box<dyn Wire>) {
    let listener = Listener::bind(transport, address);
    let client = transport.client_with(address, options);
    let server = listener.accept();
    (client, server)
}

/// Writes the same bytes until the other end has gone: at random but for the first ones, which are zeros, which are frames, or
/// lengths within the limit.
pub fn pour(stream: &mut dyn Wire, seed: u64) {
    let mut random = Random::new(seed);
    let mut bytes = random.bytes(1 << 16);
    let zeros = bytes.len() / 4 * random.below(4);
    bytes.iter_mut().take(zeros).for_each(|byte| *byte = 0);
    while stream.write_all(&bytes).is_ok() {}
}
