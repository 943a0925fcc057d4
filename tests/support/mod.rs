//! What the integration tests share: transports as values, and addresses that nobody else has.

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test file uses its part"
)]

pub mod handles;
mod harness;
#[cfg(unix)]
mod in_process;
mod patience;
#[cfg(unix)]
pub mod processes;
pub mod random;
#[cfg(unix)]
pub mod raw;
mod readable;
pub mod typed;
mod user;
pub mod wire;

pub use harness::run_tests;
#[cfg(unix)]
pub use in_process::{handle_in_process, serve_in_process};
pub use patience::{PATIENCE, eventually};
#[cfg(unix)]
pub use processes::rights::{
    become_user, forbid, forbid_where, forbid_with, is_root, raise_descriptors,
};
#[cfg(unix)]
pub use processes::{Process, stay};
pub use readable::{is_readable_within, readable_among};
pub use user::own_user;

use calc_ipc::calculator::{Operation, Request};
use calc_ipc::error::{Result, Status};
use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::{
    Address as Place, Channel, ClientOptions, Endpoint, ServerOptions, Side,
};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use typed::{fifo, named_pipe, seqpacket, shm, tcp, uds};

/// A transport with named servers, as the suites see it.
pub struct Transport {
    pub name: &'static str,
    pub bind: fn(&Address, &ServerOptions) -> Result<Box<dyn Endpoint>>,
    pub connect: fn(&Address, &ClientOptions) -> Result<Box<dyn Channel>>,
    /// A server, as messages for people name it.
    pub title: fn(&Address) -> String,
    /// A server's URL.
    pub url: fn(&Address) -> String,
    /// The names that a server makes, of which clients know the first.
    pub files: fn(&Address) -> Vec<String>,
    /// Those of its lock files.
    pub locks: fn(&Address) -> Vec<String>,
}

/// The first so many of the transports have names in the file system.
#[cfg(unix)]
pub const WITH_FILES: usize = 4;
#[cfg(windows)]
pub const WITH_FILES: usize = 0;

/// Every transport with named servers that this system has. A new one is one word here.
#[cfg(unix)]
pub const TRANSPORTS: [Transport; 5] = [UDS, FIFO, SHM, SEQPACKET, TCP];
#[cfg(windows)]
pub const TRANSPORTS: [Transport; 3] = [NAMED_PIPE, SHM, TCP];

/// So many clients are connected to a server that does not look at them.
#[cfg(unix)]
pub const MAY_WAIT: usize = 40;
#[cfg(windows)]
pub const MAY_WAIT: usize = 8;

const UDS: Transport = Transport {
    name: "uds",
    bind: |address, options| uds::bind(&address.path("sock"), options),
    connect: |address, options| uds::connect(&address.path("sock"), options),
    title: |address| format!("Unix socket {}", address.path("sock")),
    url: |address| format!("unix://{}", address.path("sock")),
    files: |address| vec![address.path("sock")],
    locks: |address| vec![address.path("sock.lock")],
};

const FIFO: Transport = Transport {
    name: "fifo",
    bind: |address, options| fifo::bind(&address.path("q"), &address.path("a"), options),
    connect: |address, options| fifo::connect(&address.path("q"), &address.path("a"), options),
    title: |address| format!("FIFO {}", address.path("q")),
    url: |address| format!("fifo://{}", address.path("q")),
    files: |address| ["q", "a", "q.hello"].map(|name| address.path(name)).into(),
    locks: |address| ["q.lock", "a.lock"].map(|name| address.path(name)).into(),
};

#[cfg(windows)]
const SHM: Transport = Transport {
    name: "shm",
    bind: |address, options| shm::bind(&address.word, options),
    connect: |address, options| shm::connect(&address.word, options),
    title: |address| format!("shared memory {}", address.word),
    url: |address| format!("shm://{}", address.word),
    files: |_| Vec::new(),
    locks: |_| Vec::new(),
};

#[cfg(unix)]
const SHM: Transport = Transport {
    name: "shm",
    bind: |address, options| shm::bind(&address.word, options),
    connect: |address, options| shm::connect(&address.word, options),
    title: |address| format!("shared memory /dev/shm/{}", address.word),
    url: |address| format!("shm://{}", address.word),
    files: |address| vec![format!("/dev/shm/{}", address.word)],
    locks: |address| vec![format!("/dev/shm/{}.lock", address.word)],
};

const SEQPACKET: Transport = Transport {
    name: "seqpacket",
    bind: |address, options| seqpacket::bind(&address.path("sock"), options),
    connect: |address, options| seqpacket::connect(&address.path("sock"), options),
    title: |address| format!("seqpacket socket {}", address.path("sock")),
    url: |address| format!("seqpacket://{}", address.path("sock")),
    files: |address| vec![address.path("sock")],
    locks: |address| vec![address.path("sock.lock")],
};

const NAMED_PIPE: Transport = Transport {
    name: "npipe",
    bind: |address, options| named_pipe::bind(&address.word, options),
    connect: |address, options| named_pipe::connect(&address.word, options),
    title: |address| format!("named pipe {}", address.word),
    url: |address| format!("npipe://{}", address.word),
    files: |_| Vec::new(),
    locks: |_| Vec::new(),
};

const TCP: Transport = Transport {
    name: "tcp",
    bind: |address, options| tcp::bind(&address.host, PORT, options),
    connect: |address, options| tcp::connect(&address.host, PORT, options),
    title: |address| format!("TCP {}:{PORT}", address.host),
    url: |address| format!("tcp://{}:0", address.host),
    files: |_| Vec::new(),
    locks: |_| Vec::new(),
};

/// Where TCP servers of tests listen, each at an address of its own.
pub const PORT: u16 = 17_301;

/// A user that nobody is, as whom root runs what another user does.
pub const SOMEBODY_ELSE: u32 = 65533;

/// Names that no other test uses, gone when it is dropped.
pub struct Address {
    folder: PathBuf,
    pub word: String,
    /// An address of this machine: there are 16 million.
    pub host: String,
}

impl Address {
    pub fn new() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        loop {
            let serial = LAST.fetch_add(1, Ordering::Relaxed);
            let word = format!("calc_ipc-test-{}-{serial}", std::process::id());
            let [_, _, high, low] = (std::process::id() ^ serial << 8).to_be_bytes();
            let host = format!("127.{}.{high}.{low}", serial % 200 + 1);
            let folder = std::env::temp_dir().join(&word);
            match std::fs::create_dir(&folder) {
                Ok(()) => return Self { folder, word, host },
                // One that was killed had this process's number: they are small on Windows, and used again soon.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => panic!("{}: {error}", folder.display()),
            }
        }
    }

    /// What a process that the test executes needs to know, for [`Address::told`].
    pub fn tell(&self) -> String {
        format!("{} {}", self.word, self.host)
    }

    /// The address of another process's test, which removes its names.
    pub fn told(word: &str, host: &str) -> std::mem::ManuallyDrop<Self> {
        std::mem::ManuallyDrop::new(Self {
            folder: std::env::temp_dir().join(word),
            word: word.to_owned(),
            host: host.to_owned(),
        })
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// Lets [`SOMEBODY_ELSE`] make names there, where the test is root.
    #[cfg(unix)]
    pub fn give_to_somebody_else(&self) {
        // SAFETY: takes nothing.
        if unsafe { libc::geteuid() } == 0 {
            let (user, group) = (Some(SOMEBODY_ELSE), Some(SOMEBODY_ELSE));
            std::os::unix::fs::chown(&self.folder, user, group).unwrap();
        }
    }

    /// Everything that bears one of the names now.
    pub fn leftovers(&self) -> Vec<String> {
        let names = |folder: &std::path::Path| {
            std::fs::read_dir(folder)
                .unwrap()
                .flatten()
                .map(|entry| entry.file_name().into_string().unwrap())
                .collect::<Vec<_>>()
        };
        let memory = std::path::Path::new("/dev/shm");
        let in_memory = match memory.exists() {
            true => names(memory),
            false => Vec::new(),
        };
        let in_memory = in_memory.into_iter().filter(|name| {
            name.strip_prefix(&self.word)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        });
        names(&self.folder).into_iter().chain(in_memory).collect()
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        // What servers that a test killed could not remove.
        for name in self.leftovers() {
            let _ = std::fs::remove_file(PathBuf::from("/dev/shm").join(name));
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Transport {
    pub fn named(name: &str) -> &'static Self {
        let mut all = TRANSPORTS.iter();
        all.find(|transport| transport.name == name).unwrap()
    }

    /// The first name that a server makes, beside its lock.
    pub fn main_file(&self, address: &Address) -> String {
        (self.files)(address).swap_remove(0)
    }

    /// Whether what is sent has arrived, and is told of, as it is sent: not where another thread of the system's comes to it.
    pub fn is_instant(&self) -> bool {
        cfg!(unix) && self.name != "tcp"
    }

    /// A server of this transport that is serving.
    pub fn serve(&self, address: &Address, handler: Handler, options: &ServerOptions) -> Server {
        let server = Server::new((self.bind)(address, options).unwrap(), handler).unwrap();
        server.start().unwrap();
        server
    }

    /// Where clients find the server.
    pub fn place(&self, address: &Address) -> Place {
        match self.name {
            "tcp" => Place::tcp(address.host.clone(), PORT),
            "npipe" => Place::NamedPipe(address.word.clone()),
            "fifo" => Place::fifo(address.path("q"), address.path("a")),
            _ => Place::parse(&(self.url)(address), Side::Client).unwrap(),
        }
    }

    pub fn client(&self, address: &Address) -> Client {
        self.client_with(address, &ClientOptions::default())
    }

    pub fn client_with(&self, address: &Address, options: &ClientOptions) -> Client {
        Client::new((self.connect)(address, options).unwrap(), options)
    }
}

/// A test for each transport, so that those that take long run side by side.
#[allow(unused_macros, reason = "each test file uses its part")]
macro_rules! over_each_by_itself {
    ($try_over:ident) => {
        #[cfg(unix)]
        over_each_by_itself!($try_over: uds fifo seqpacket);
        #[cfg(windows)]
        over_each_by_itself!($try_over: npipe);
        over_each_by_itself!($try_over: shm tcp);
    };
    ($try_over:ident: $($transport:ident)*) => {
        $(#[test]
        fn $transport() {
            $try_over(stringify!($transport));
        })*
    };
}

pub fn request(operation: Operation, arg1: i64, arg2: i64) -> Request {
    Request {
        operation,
        arg1,
        arg2,
    }
}

pub fn add(arg1: i64, arg2: i64) -> Request {
    request(Operation::Add, arg1, arg2)
}

/// Runs a test over every transport, each with an address of its own that is empty afterwards.
pub fn over_each(test: fn(&Transport, &Address)) {
    for transport in &TRANSPORTS {
        let address = Address::new();
        test(transport, &address);
        assert_eq!(address.leftovers(), [""; 0], "left by {}", transport.name);
    }
}

/// How many descriptors this process may have, if it needs so many: handles of Windows have no limit, but more take long under Wine.
#[cfg(windows)]
pub fn raise_descriptors(count: u64) -> u64 {
    count.min(3000)
}

pub fn status<T>(result: Result<T>) -> Status {
    result.err().map_or(Status::Ok, |error| {
        assert!(!error.context().is_empty());
        error.status()
    })
}

pub fn patient() -> ClientOptions {
    ClientOptions::default()
}

pub fn within(milliseconds: u64) -> ClientOptions {
    ClientOptions {
        call_timeout: Some(Duration::from_millis(milliseconds)),
        ..ClientOptions::default()
    }
}

/// Gives every message back.
pub fn echo() -> Handler {
    Handler::bytes(|request, room| {
        room.get_mut(..request.len())?.copy_from_slice(request);
        Some(request.len())
    })
}

#[cfg(unix)]
pub fn make_fifo(path: &str) {
    let path = std::ffi::CString::new(path).unwrap();
    // SAFETY: a path that lives.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o644) }, 0);
}
