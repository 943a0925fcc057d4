//! Transfers that end early. The supervisor moves one byte itself and answers 1.

use crate::sys::{self, Asked};
use libc::pid_t;
use nix::errno::Errno;
use nix::sys::stat::{SFlag, fstat};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// Bytes in another process.
#[derive(Clone, Copy)]
pub struct Piece {
    pub address: u64,
    pub length: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    In,
    Out,
}

/// Where the bytes are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the second argument, as many as the third says.
    Plain,
    /// In the vectors at the second argument, as many as the third says.
    Vectors,
    /// In the vectors of the message at the second argument.
    Message,
}

const KNOWN: [(&str, Direction, Place); 8] = [
    ("read", Direction::In, Place::Plain),
    ("write", Direction::Out, Place::Plain),
    ("recvfrom", Direction::In, Place::Plain),
    ("sendto", Direction::Out, Place::Plain),
    ("preadv2", Direction::In, Place::Vectors),
    ("pwritev2", Direction::Out, Place::Vectors),
    ("writev", Direction::Out, Place::Vectors),
    ("sendmsg", Direction::Out, Place::Message),
];

/// Whether a call of this name can be cut short.
pub fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|(known, ..)| *known == name)
}

/// The longest write that a pipe takes whole or not at all (pipe(7)).
const PIPE_BUF: usize = 4096;

/// Moves one byte of what was asked for. `None`: the kernel would never be short here, or there is
/// nothing to move now.
pub fn move_one(process: pid_t, name: &str, asked: &Asked) -> Option<i64> {
    let &(_, direction, place) = KNOWN.iter().find(|(known, ..)| *known == name)?;
    let piece = first_piece(process, place, asked).ok()??;
    let fd = sys::copy_of(process, RawFd::try_from(asked.arguments[0]).ok()?).ok()?;
    let kind = SFlag::from_bits_truncate(fstat(&fd).ok()?.st_mode) & SFlag::S_IFMT;
    let is_cut = match direction {
        Direction::In => kind == SFlag::S_IFSOCK || kind == SFlag::S_IFIFO,
        Direction::Out => {
            kind == SFlag::S_IFSOCK || (kind == SFlag::S_IFIFO && piece.length > PIPE_BUF)
        }
    };
    if !is_cut || piece.length < 2 || is_of_records(&fd) {
        return None;
    }
    let mut byte = [0];
    let moved = match direction {
        Direction::In => {
            let moved = read_now(&fd, &mut byte).ok()?;
            sys::copy_to(process, &byte[..moved], piece).ok()?;
            moved
        }
        Direction::Out => {
            sys::copy_from(process, piece, &mut byte).ok()?;
            write_now(&fd, byte).ok()?
        }
    };
    i64::try_from(moved).ok()
}

/// Whether the kernel moves all of a record or nothing (unix(7)).
fn is_of_records(fd: &OwnedFd) -> bool {
    use nix::sys::socket::{SockType, getsockopt, sockopt};
    getsockopt(fd, sockopt::SockType).is_ok_and(|kind| kind == SockType::SeqPacket)
}

fn first_piece(process: pid_t, place: Place, asked: &Asked) -> io::Result<Option<Piece>> {
    let [_, address, count, ..] = asked.arguments;
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let vectors = |address: u64, count: u64| -> io::Result<Option<Piece>> {
        let words = sys::words_of(process, address, 2 * size(count).min(8))?;
        let pieces = words
            .chunks_exact(2)
            .map(|words| (words[0], size(words[1])));
        let total = pieces.clone().map(|(_, length)| length).sum();
        let first = pieces.into_iter().find(|(_, length)| *length > 0);
        Ok(first.map(|(address, _)| Piece {
            address,
            length: total,
        }))
    };
    match place {
        Place::Plain => Ok(Some(Piece {
            address,
            length: size(count),
        })),
        Place::Vectors => vectors(address, count),
        Place::Message => {
            // msg_name, msg_namelen, msg_iov, msg_iovlen, msg_control, msg_controllen
            let message = sys::words_of(process, address, 6)?;
            match message[5] {
                0 => vectors(message[2], message[3]),
                _ => Ok(None), // Descriptors are not cut.
            }
        }
    }
}

fn read_now(fd: &OwnedFd, byte: &mut [u8]) -> io::Result<usize> {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::os::fd::AsFd;
    if poll(
        &mut [PollFd::new(fd.as_fd(), PollFlags::POLLIN)],
        PollTimeout::ZERO,
    )? == 0
    {
        return Err(Errno::EAGAIN.into());
    }
    Ok(nix::unistd::read(fd, byte)?)
}

fn write_now(fd: &OwnedFd, byte: [u8; 1]) -> io::Result<usize> {
    use nix::sys::socket::{MsgFlags, send};
    match send(
        fd.as_raw_fd(),
        &byte,
        MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL,
    ) {
        Err(Errno::ENOTSOCK) => Ok(nix::unistd::write(fd, &byte)?),
        result => Ok(result?),
    }
}
