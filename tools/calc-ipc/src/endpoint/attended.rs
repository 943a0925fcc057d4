//! Whether somebody is behind a name, by what the kernel says about the name itself.

use super::{Kind, Place};
use nix::fcntl::OFlag;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// Whether a process listens on the socket, or reads the FIFO.
pub(super) fn is_attended(place: &Place) -> bool {
    match place.kind {
        Kind::Unix | Kind::SeqPacket | Kind::Shm => {
            let sockets = fs::read("/proc/net/unix").unwrap_or_default();
            is_listening(&place.path, &String::from_utf8_lossy(&sockets))
        }
        Kind::Fifo => is_read(&place.door()),
    }
}

/// Looks through the kernel's list of Unix sockets (proc_net(5)), which holds their names too.
fn is_listening(path: &Path, sockets: &str) -> bool {
    /// `__SO_ACCEPTCON`, as the kernel has it.
    const LISTENING: u32 = 1 << 16;
    let path = path.to_string_lossy();
    sockets.lines().any(|line| {
        let mut rest = line;
        let [_, _, _, flags, _, _, _] = [(); 7].map(|()| next_word(&mut rest));
        rest.strip_prefix(' ') == Some(&path)
            && u32::from_str_radix(flags, 16).is_ok_and(|flags| flags & LISTENING != 0)
    })
}

/// Cuts the next word off; a name behind the words may have spaces of its own.
fn next_word<'a>(rest: &mut &'a str) -> &'a str {
    let trimmed = rest.trim_start_matches(' ');
    let end = trimmed.find(' ').unwrap_or(trimmed.len());
    let (word, after) = trimmed.split_at(end);
    *rest = after;
    word
}

/// Opening a FIFO for writing fails at once when nobody reads it (fifo(7)). A server does not
/// notice: it writes to that FIFO too, so that its end never comes.
fn is_read(fifo: &Path) -> bool {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW;
    fs::symlink_metadata(fifo).is_ok_and(|about| about.file_type().is_fifo())
        && OpenOptions::new()
            .write(true)
            .custom_flags(flags.bits())
            .open(fifo)
            .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::{UnixDatagram, UnixListener};

    const SOCKETS: &str = "\
Num       RefCount Protocol Flags    Type St Inode Path
00000000c83f9cec: 00000002 00000000 00010000 0001 01 1059069 /tmp/a b
00000000b49e2d63: 00000003 00000000 00000000 0001 03  1119
00000000b49e2d64: 00000003 00000000 00000000 0001 03  1120 /tmp/c
";

    #[test]
    fn the_kernels_lines_are_read() {
        assert!(is_listening(Path::new("/tmp/a b"), SOCKETS));
        for path in ["", "b", "/tmp/a", "/tmp/c", "Path"] {
            assert!(!is_listening(Path::new(path), SOCKETS), "{path}");
        }
    }

    #[test]
    fn a_socket_is_attended_while_somebody_listens() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name| Place {
            kind: Kind::Unix,
            path: folder.path().join(name),
        };
        let listener = UnixListener::bind(place("a b").path).unwrap();
        let _deaf = UnixDatagram::bind(place("c").path).unwrap();
        assert!(is_attended(&place("a b")));
        assert!(!is_attended(&place("c")));
        drop(listener);
        assert!(!is_attended(&place("a b")));
    }

    #[test]
    fn a_fifo_is_attended_while_somebody_reads() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place {
            kind: Kind::Fifo,
            path: folder.path().join("calc.request"),
        };
        assert!(!is_attended(&place));
        nix::unistd::mkfifo(&place.door(), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(!is_attended(&place));
        let server = OpenOptions::new().read(true).write(true).open(place.door());
        assert!(is_attended(&place));
        drop(server);
        assert!(!is_attended(&place));
    }
}
