//! What the harness needs of the kernel: seccomp(2) with a listener, and a peer process's memory.

use crate::short::Piece;
use crate::support::processes::SharedValue;
use libc::{c_int, c_long, pid_t};
use nix::errno::Errno;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicI32};

/// What an actor and its supervisor share, so that telling costs no system call.
pub struct Board {
    /// The actor's descriptor of its own filter; [`NO_LISTENER`] before there is one.
    pub listener: AtomicI32,
    /// Its first thread is inside the library.
    pub in_library: AtomicBool,
}

pub const NO_LISTENER: i32 = -1;

impl Board {
    pub fn new() -> SharedValue<Self> {
        SharedValue::new(Self {
            listener: AtomicI32::new(NO_LISTENER),
            in_library: AtomicBool::new(false),
        })
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
const RECEIVE: libc::Ioctl = 0xC050_2100_u32 as _;
const SEND: libc::Ioctl = 0xC018_2101_u32 as _;

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
