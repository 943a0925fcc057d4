//! Sockets that a service manager passed to this process: sd_listen_fds(3), systemd.socket(5).
//!
//! They stay as they are: what is served is a duplicate, so that a number goes on meaning what the environment says.

use super::fd::Fd;
use super::retry::uninterrupted;
use crate::sys::socket_type::Type;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::socket::{
    AddressFamily, SockType, SockaddrLike, SockaddrStorage, getsockname, getsockopt, sockopt,
};
use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::path::PathBuf;

/// The number of the first (SD_LISTEN_FDS_START).
const FIRST: RawFd = 3;

/// What a descriptor is called where the environment has no names (sd_listen_fds_with_names(3)).
const UNNAMED: &str = "unknown";

/// A descriptor that was passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Passed {
    /// What its unit calls it, `FileDescriptorName=`.
    pub(crate) name: String,
    number: RawFd,
}

/// Where a socket listens that was passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At a path, which is absolute unless who bound it gave another.
    Path(Type, PathBuf),
    /// At an address of TCP.
    Tcp(SocketAddr),
    /// Nowhere that this library serves: what it is, for people.
    Other(&'static str),
}

/// The environment's words, as far as they are there: LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES.
#[derive(Clone, Copy, Debug, Default)]
struct Words<'a> {
    process: Option<&'a OsStr>,
    count: Option<&'a OsStr>,
    names: Option<&'a OsStr>,
}

/// The descriptors that were passed to this process, which programs that it executes will not have (FD_CLOEXEC, as by
/// sd_listen_fds(3)). Of the environment's words that make no sense, `Err` says why, for people.
pub(crate) fn all() -> Result<Vec<Passed>, String> {
    let [process, count, names] =
        ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"].map(std::env::var_os);
    let words = Words {
        process: process.as_deref(),
        count: count.as_deref(),
        names: names.as_deref(),
    };
    let numbers = words.numbers(std::process::id())?;
    for number in numbers.clone() {
        close_on_exec(number)
            .map_err(|error| format!("LISTEN_FDS counts descriptor {number}: {error}"))?;
    }
    words.named(numbers)
}

impl Words<'_> {
    /// The numbers of descriptors that are for this process.
    fn numbers(&self, own: u32) -> Result<Range<RawFd>, String> {
        let (Some(process), Some(count)) = (self.process, self.count) else {
            return Ok(FIRST..FIRST);
        };
        if number::<u32>("LISTEN_PID", process)? != own {
            return Ok(FIRST..FIRST);
        }
        let count = number::<u32>("LISTEN_FDS", count)?;
        let end = RawFd::try_from(count)
            .ok()
            .and_then(|count| count.checked_add(FIRST));
        let end = end.ok_or_else(|| format!("LISTEN_FDS is {count}"))?;
        Ok(FIRST..end)
    }

    /// The same with their names.
    fn named(&self, numbers: Range<RawFd>) -> Result<Vec<Passed>, String> {
        let text = self.names.map(OsStr::to_string_lossy);
        let names: Vec<&str> = match &text {
            Some(names) if !numbers.is_empty() => names.split(':').collect(),
            _ => vec![UNNAMED; numbers.len()],
        };
        if names.len() != numbers.len() {
            let (names, count) = (names.len(), numbers.len());
            return Err(format!(
                "LISTEN_FDNAMES has {names} names, and LISTEN_FDS is {count}"
            ));
        }
        let passed = numbers.zip(names).map(|(number, name)| Passed {
            name: name.to_owned(),
            number,
        });
        Ok(passed.collect())
    }
}

fn number<T: std::str::FromStr>(variable: &str, text: &OsStr) -> Result<T, String> {
    let number = text.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| format!("{variable} is no number: '{}'", text.display()))
}

/// A number of the host's, under which the service manager opened something.
fn at(number: RawFd) -> BorrowedFd<'static> {
    // SAFETY: the service manager opened it for this process, which closes none of them while it serves: else the
    // kernel answers for whatever has the number, or EBADF, and no memory is touched.
    unsafe { BorrowedFd::borrow_raw(number) }
}

fn close_on_exec(number: RawFd) -> io::Result<()> {
    let flags = uninterrupted(|| fcntl(at(number), FcntlArg::F_GETFD))?;
    let flags = FdFlag::from_bits_retain(flags) | FdFlag::FD_CLOEXEC;
    uninterrupted(|| fcntl(at(number), FcntlArg::F_SETFD(flags)))?;
    Ok(())
}

impl Passed {
    /// One of this name, which is not there.
    #[cfg(test)]
    pub(crate) fn called(name: &str) -> Self {
        let (name, number) = (name.to_owned(), RawFd::MAX);
        Self { name, number }
    }

    /// Where it listens.
    pub(crate) fn place(&self) -> io::Result<Place> {
        place_of(at(self.number))
    }

    /// Another descriptor for it, which never blocks in accept. Others that have the socket see that, as they do when any
    /// service asks for it: O_NONBLOCK is the open file's (fcntl(2)).
    pub(crate) fn take(&self) -> io::Result<Fd> {
        let fd = Fd::copy_of(at(self.number))?;
        fd.set_nonblocking()?;
        Ok(fd)
    }
}

fn place_of(fd: BorrowedFd<'_>) -> io::Result<Place> {
    let kind = match getsockopt(&fd, sockopt::SockType) {
        Ok(kind) => kind,
        Err(Errno::ENOTSOCK) => return Ok(Place::Other("no socket")),
        Err(Errno::EINVAL) => {
            return Ok(Place::Other(
                "a socket of a type that this library does not know",
            ));
        }
        Err(error) => return Err(error.into()),
    };
    let kind = match kind {
        SockType::Stream => Type::Stream,
        SockType::SeqPacket => Type::SeqPacket,
        SockType::Datagram => return Ok(Place::Other("a datagram socket")),
        _ => return Ok(Place::Other("a socket of no connections")),
    };
    if !getsockopt(&fd, sockopt::AcceptConn)? {
        return Ok(Place::Other(
            "a socket that does not listen, as with Accept=yes",
        ));
    }
    listening_place(fd, kind)
}

fn listening_place(fd: BorrowedFd<'_>, kind: Type) -> io::Result<Place> {
    let bound: SockaddrStorage = getsockname(fd.as_raw_fd())?;
    let place = match (bound.family(), kind) {
        (Some(AddressFamily::Unix), _) => {
            let path = bound.as_unix_addr().and_then(|address| address.path());
            path.map(|path| Place::Path(kind, path.to_owned()))
        }
        (Some(AddressFamily::Inet | AddressFamily::Inet6), Type::Stream) if is_tcp(fd)? => {
            internet_address(&bound).map(Place::Tcp)
        }
        (Some(AddressFamily::Inet | AddressFamily::Inet6), _) => {
            Some(Place::Other("a socket of the internet that is not TCP's"))
        }
        _ => Some(Place::Other("a socket of another family")),
    };
    // One of an abstract name has no path (unix(7)).
    Ok(place.unwrap_or(Place::Other("a Unix socket without a path")))
}

fn internet_address(bound: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = bound
        .as_sockaddr_in()
        .map(|v4| SocketAddr::V4((*v4).into()));
    v4.or_else(|| {
        bound
            .as_sockaddr_in6()
            .map(|v6| SocketAddr::V6((*v6).into()))
    })
}

/// Whether it is TCP that its streams go by (SO_PROTOCOL, socket(7)), and not SCTP.
fn is_tcp(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let mut protocol: libc::c_int = 0;
    let mut length: libc::socklen_t = 4; // An int's, on every Linux.
    // SAFETY: the kernel writes no more than `length` bytes to `protocol`.
    let result = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PROTOCOL,
            (&raw mut protocol).cast(),
            &raw mut length,
        )
    };
    Errno::result(result)?;
    Ok(protocol == libc::IPPROTO_TCP)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::linux::file;
    use nix::sys::socket::{Backlog, SockFlag, listen, socket};
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsFd;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};
    use std::path::Path;

    fn words<'a>(process: &'a str, count: &'a str, names: Option<&'a str>) -> Words<'a> {
        Words {
            process: Some(process.as_ref()),
            count: Some(count.as_ref()),
            names: names.map(str::as_ref),
        }
    }

    fn names(words: Words<'_>) -> Result<Vec<(RawFd, String)>, String> {
        let named = words.named(words.numbers(7)?)?;
        Ok(named
            .into_iter()
            .map(|passed| (passed.number, passed.name))
            .collect())
    }

    #[test]
    fn the_first_is_3_and_each_has_a_name() {
        let expected = [(3, "a".to_owned()), (4, String::new()), (5, "c".to_owned())];
        assert_eq!(names(words("7", "3", Some("a::c"))).unwrap(), expected);
        let unnamed = names(words("7", "1", None)).unwrap();
        assert_eq!(unnamed, [(3, "unknown".to_owned())]);
    }

    #[test]
    fn nothing_was_passed_to_another_process_or_without_words() {
        assert_eq!(names(words("8", "3", None)).unwrap(), []);
        assert_eq!(names(words("7", "0", Some(""))).unwrap(), []);
        assert_eq!(names(Words::default()).unwrap(), []);
    }

    #[test]
    fn words_that_make_no_sense_are_told() {
        for (words, says) in [
            (words("x", "1", None), "LISTEN_PID is no number: 'x'"),
            (words("7", "-1", None), "LISTEN_FDS is no number: '-1'"),
            (words("7", "2147483645", None), "LISTEN_FDS is 2147483645"),
            (words("7", "4294967295", None), "LISTEN_FDS is 4294967295"),
            (
                words("7", "2", Some("a")),
                "LISTEN_FDNAMES has 1 names, and LISTEN_FDS is 2",
            ),
        ] {
            assert_eq!(names(words).unwrap_err(), says);
        }
    }

    #[test]
    fn sockets_of_tcp_are_where_they_listen() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listening) = TcpListener::bind(address) else {
                assert_ne!(address, "127.0.0.1:0"); // A machine may have no IPv6.
                continue;
            };
            let place = place_of(listening.as_fd()).unwrap();
            assert_eq!(place, Place::Tcp(listening.local_addr().unwrap()));
        }
    }

    #[test]
    fn what_is_no_listening_socket_is_told() {
        let file = file::nameless(Path::new("/tmp")).unwrap();
        let datagram = UdpSocket::bind("127.0.0.1:0").unwrap();
        let listening = TcpListener::bind("127.0.0.1:0").unwrap();
        let connected = TcpStream::connect(listening.local_addr().unwrap()).unwrap();
        let name = format!("calc_ipc.passed.{}", std::process::id());
        let address = SocketAddr::from_abstract_name(name).unwrap();
        let nameless = UnixListener::bind_addr(&address).unwrap();
        for (fd, says) in [
            (file.as_fd(), "no socket"),
            (datagram.as_fd(), "a datagram socket"),
            (
                connected.as_fd(),
                "a socket that does not listen, as with Accept=yes",
            ),
            (nameless.as_fd(), "a Unix socket without a path"),
        ] {
            assert_eq!(place_of(fd).unwrap(), Place::Other(says));
        }
    }

    #[test]
    fn what_is_taken_is_a_duplicate_that_never_waits() {
        let flags = SockFlag::SOCK_CLOEXEC;
        let fd = socket(AddressFamily::Inet, SockType::Stream, flags, None).unwrap();
        listen(&fd, Backlog::MAXCONN).unwrap();
        let passed = Passed {
            name: String::new(),
            number: fd.as_raw_fd(),
        };
        let taken = passed.take().unwrap();
        let error = crate::sys::linux::socket::accept(taken.as_fd()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        drop(taken);
        assert!(matches!(place_of(fd.as_fd()).unwrap(), Place::Tcp(_)));
    }
}
