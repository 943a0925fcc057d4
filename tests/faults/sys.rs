//! What the harness needs of the kernel: seccomp(2) with a listener, and a peer process's memory.

use crate::short::Piece;
use libc::{c_int, c_long, pid_t};
use nix::errno::Errno;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicI32};

/// What an actor and its supervisor share, so that telling costs no system call.
pub struct Board {
    /// The actor's descriptor of its own filter; [`NO_LISTENER`] before there is one.
    pub listener: AtomicI32,
    /// Its first thread is inside the library.
    pub in_library: AtomicBool,
}

pub const NO_LISTENER: i32 = -1;

/// Memory for a [`Board`], which a fork shares.
pub struct SharedBoard(NonNull<Board>);

impl SharedBoard {
    pub fn new() -> Self {
        // SAFETY: a new mapping, of more bytes than a Board has.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                size_of::<Board>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(start, libc::MAP_FAILED);
        let board = NonNull::new(start.cast::<Board>()).unwrap();
        // SAFETY: mapped, aligned to a page, and nobody else's.
        unsafe {
            board.write(Board {
                listener: AtomicI32::new(NO_LISTENER),
                in_library: AtomicBool::new(false),
            });
        }
        Self(board)
    }
}

impl std::ops::Deref for SharedBoard {
    type Target = Board;

    fn deref(&self) -> &Board {
        // SAFETY: initialised by `new`, all atomics, and mapped as long as `self` lives.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for SharedBoard {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`.
        unsafe { libc::munmap(self.0.as_ptr().cast(), size_of::<Board>()) };
    }
}

/// Makes this process, and what it forks, ask the holder of the descriptor that it gives at each of
/// these system calls.
pub fn ask_about(numbers: &[c_long]) -> RawFd {
    let step = |code: u32, jt: usize, k: u32| libc::sock_filter {
        code: u16::try_from(code).unwrap(),
        jt: u8::try_from(jt).unwrap(),
        jf: 0,
        k,
    };
    let mut program = vec![step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0)];
    for (place, &number) in numbers.iter().enumerate() {
        let is_it = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
        let to_the_last = numbers.len() - place;
        program.push(step(is_it, to_the_last, u32::try_from(number).unwrap()));
    }
    program.push(step(
        libc::BPF_RET | libc::BPF_K,
        0,
        libc::SECCOMP_RET_ALLOW,
    ));
    program.push(step(
        libc::BPF_RET | libc::BPF_K,
        0,
        libc::SECCOMP_RET_USER_NOTIF,
    ));
    let filter = libc::sock_fprog {
        len: u16::try_from(program.len()).unwrap(),
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the kernel copies the program.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let listener = libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            libc::SECCOMP_FILTER_FLAG_NEW_LISTENER,
            &raw const filter,
        );
        RawFd::try_from(listener).unwrap()
    }
}

/// A system call that waits for what is to become of it.
pub struct Asked {
    pub id: u64,
    /// The thread.
    pub thread: pid_t,
    pub number: c_long,
    pub arguments: [u64; 6],
}

/// What becomes of it.
pub enum Verdict {
    Goes,
    Fails(Errno),
    Gives(i64),
}

/// `SECCOMP_IOCTL_NOTIF_RECV` and `SECCOMP_IOCTL_NOTIF_SEND` of linux/seccomp.h.
const RECEIVE: libc::Ioctl = 0xC050_2100;
const SEND: libc::Ioctl = 0xC018_2101;

/// The next that asks; `None` when it was killed meanwhile.
pub fn next_asked(listener: &OwnedFd) -> Option<Asked> {
    // SAFETY: plain integers, for which the kernel asks that they be zero.
    let mut asked: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel fills one such struct.
    let result = unsafe { libc::ioctl(listener.as_raw_fd(), RECEIVE, &raw mut asked) };
    (result == 0).then(|| Asked {
        id: asked.id,
        thread: asked.pid.cast_signed(),
        number: asked.data.nr.into(),
        arguments: asked.data.args,
    })
}

pub fn decide(listener: &OwnedFd, id: u64, verdict: &Verdict) {
    let goes = u32::try_from(libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE).unwrap();
    let (val, error, flags) = match *verdict {
        Verdict::Goes => (0, 0, goes),
        Verdict::Fails(errno) => (0, -(errno as c_int), 0),
        Verdict::Gives(value) => (value, 0, 0),
    };
    let response = libc::seccomp_notif_resp {
        id,
        val,
        error,
        flags,
    };
    // SAFETY: the kernel reads one such struct. It fails only when the thread was killed.
    unsafe { libc::ioctl(listener.as_raw_fd(), SEND, &raw const response) };
}

/// A copy of another process's descriptor.
pub fn copy_of(process: pid_t, fd: RawFd) -> io::Result<OwnedFd> {
    let own = |number: c_long| -> io::Result<OwnedFd> {
        let number = Errno::result(number)?;
        // SAFETY: the kernel just made it.
        Ok(unsafe { OwnedFd::from_raw_fd(RawFd::try_from(number).unwrap()) })
    };
    // SAFETY: no pointers.
    let pidfd = own(unsafe { libc::syscall(libc::SYS_pidfd_open, process, 0) })?;
    // SAFETY: no pointers.
    own(unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), fd, 0) })
}

/// The numbers at an address of another process.
pub fn words_of(process: pid_t, address: u64, count: usize) -> io::Result<Vec<u64>> {
    const SIZE: usize = size_of::<usize>();
    let mut bytes = vec![0; count * SIZE];
    let whole = Piece {
        address,
        length: bytes.len(),
    };
    copy_from(process, whole, &mut bytes)?;
    Ok(bytes
        .chunks_exact(SIZE)
        .map(|word| usize::from_ne_bytes(word.try_into().unwrap()))
        .map(|word| u64::try_from(word).unwrap())
        .collect())
}

pub fn copy_from(process: pid_t, from: Piece, to: &mut [u8]) -> io::Result<()> {
    let remote = from.vector(to.len());
    let local = [IoSliceMut::new(to)];
    // SAFETY: IoSliceMut is an iovec, of memory that the kernel may fill; the other process's is
    // checked by the kernel.
    let count = unsafe {
        libc::process_vm_readv(process, local.as_ptr().cast(), 1, &raw const remote, 1, 0)
    };
    Errno::result(count)?;
    Ok(())
}

pub fn copy_to(process: pid_t, from: &[u8], to: Piece) -> io::Result<()> {
    let remote = to.vector(from.len());
    let local = [IoSlice::new(from)];
    // SAFETY: as above, the other way round.
    let count = unsafe {
        libc::process_vm_writev(process, local.as_ptr().cast(), 1, &raw const remote, 1, 0)
    };
    Errno::result(count)?;
    Ok(())
}

impl Piece {
    fn vector(self, length: usize) -> libc::iovec {
        libc::iovec {
            iov_base: std::ptr::with_exposed_provenance_mut(usize::try_from(self.address).unwrap()),
            iov_len: length.min(self.length),
        }
    }
}

/// Leaves this process, which is an actor's, its control socket and nothing else; what it prints
/// goes to `output`.
pub fn keep_only(control: RawFd, output: &File) {
    // SAFETY: the process runs nothing but the actor, which knows no other descriptor.
    unsafe {
        libc::dup2(output.as_raw_fd(), 1);
        libc::dup2(output.as_raw_fd(), 2);
        libc::syscall(libc::SYS_close_range, 3, control - 1, 0);
        libc::syscall(libc::SYS_close_range, control + 1, i32::MAX, 0);
    }
}

/// Whether this process has a child.
pub fn has_child() -> bool {
    // SAFETY: no status is asked for.
    let result = unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) };
    !(result == -1 && Errno::last() == Errno::ECHILD)
}
