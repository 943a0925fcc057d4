//! The system calls that fail, and how: what the manual pages say that each may answer.

use crate::short;
use libc::c_long;
use nix::errno::Errno;

/// What becomes of a system call instead of what the kernel would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails, and does nothing.
    Error(Errno),
    /// It moves one byte only.
    Short,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Error(errno) => write!(f, "{errno:?}"),
            Self::Short => f.write_str("short"),
        }
    }
}

/// A system call, under all the numbers that one machine knows it by, and its failures.
pub struct Call {
    pub name: &'static str,
    pub numbers: &'static [c_long],
    pub errors: &'static [Errno],
}

impl Call {
    pub fn faults(&self) -> impl Iterator<Item = Fault> {
        let short = short::is_known(self.name).then_some(Fault::Short);
        self.errors.iter().copied().map(Fault::Error).chain(short)
    }

    /// Whether this one is the library's to survive, by its arguments.
    pub fn counts(&self, arguments: &[u64; 6]) -> bool {
        let flags = |argument: usize| i32::try_from(arguments[argument] & 0xFFFF).unwrap_or(0);
        match self.name {
            // Without memory for the allocator, Rust ends the process, and so it does in a host written in Rust
            // without the memory for a thread's signal stack. A thread's own stack begins without access.
            "mmap" => {
                let is_stack = arguments[3] & u64::from(libc::MAP_STACK.cast_unsigned()) != 0;
                flags(3) & libc::MAP_ANONYMOUS == 0 || (is_stack && flags(2) == libc::PROT_NONE)
            }
            "mprotect" => flags(2) != libc::PROT_NONE,
            // Waking never fails; only waiting is answered EINTR or EAGAIN (futex(2)).
            "futex" => matches!(flags(1) & 0x7F, libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET),
            _ => true,
        }
    }
}

macro_rules! calls {
    ($($name:literal $($number:ident)+: $($errno:ident)*;)*) => {
        &[$(Call {
            name: $name,
            numbers: &[$(number::$number),+],
            errors: &[$(Errno::$errno),*],
        }),*]
    };
}

/// What every Linux has.
pub const CALLS: &[Call] = calls! {
    "read" SYS_read: EINTR EAGAIN EIO ENOMEM;
    "write" SYS_write: EINTR EAGAIN EPIPE ENOSPC ENOMEM;
    "writev" SYS_writev: EINTR EAGAIN EPIPE ENOSPC;
    "preadv2" SYS_preadv2: EINTR EAGAIN EIO ENOSYS EPERM EOPNOTSUPP;
    "pwritev2" SYS_pwritev2: EINTR EAGAIN EPIPE ENOSYS EPERM EOPNOTSUPP;
    "recvfrom" SYS_recvfrom: EINTR EAGAIN ENOMEM ECONNRESET;
    "recvmsg" SYS_recvmsg: EINTR EAGAIN ENOMEM ECONNRESET;
    "sendto" SYS_sendto: EINTR EAGAIN EPIPE ENOBUFS ENOMEM ECONNRESET;
    "sendmsg" SYS_sendmsg: EINTR EAGAIN EPIPE ENOBUFS ENOMEM ETOOMANYREFS;
    "open" SYS_openat OPEN: EINTR EACCES EMFILE ENFILE ENOMEM ENOSPC;
    "socket" SYS_socket: EMFILE ENFILE ENOBUFS ENOMEM EACCES;
    "bind" SYS_bind: EADDRINUSE EACCES ENOMEM ENOSPC;
    "listen" SYS_listen: EADDRINUSE ENOMEM;
    "connect" SYS_connect: EINTR EAGAIN ECONNREFUSED ENOMEM EADDRNOTAVAIL;
    "accept" SYS_accept4 SYS_accept: EINTR EAGAIN EMFILE ENFILE ENOBUFS ENOMEM ECONNABORTED;
    "getsockopt" SYS_getsockopt: ENOBUFS ENOMEM;
    "setsockopt" SYS_setsockopt: ENOBUFS ENOMEM;
    "getsockname" SYS_getsockname: ENOBUFS;
    "getpeername" SYS_getpeername: ENOBUFS ENOTCONN;
    "shutdown" SYS_shutdown: ENOTCONN;
    "epoll_create" SYS_epoll_create1: EMFILE ENFILE ENOMEM;
    "epoll_ctl" SYS_epoll_ctl: ENOMEM ENOSPC;
    "epoll_wait" SYS_epoll_pwait EPOLL_WAIT: EINTR;
    "poll" SYS_ppoll POLL: EINTR ENOMEM;
    "eventfd" SYS_eventfd2: EMFILE ENFILE ENOMEM;
    "memfd_create" SYS_memfd_create: EMFILE ENFILE ENOMEM EINVAL EPERM ENOSYS;
    "fallocate" SYS_fallocate: EINTR ENOSPC ENOMEM;
    "mmap" SYS_mmap: ENOMEM EAGAIN;
    "mprotect" SYS_mprotect: ENOMEM;
    "fcntl" SYS_fcntl: EMFILE ENOLCK ENOMEM;
    "dup" SYS_dup3 DUP2: EINTR EMFILE;
    "pipe" SYS_pipe2: EMFILE ENFILE;
    "flock" SYS_flock: EINTR ENOLCK ENOMEM;
    "fstat" SYS_fstat SYS_newfstatat: ENOMEM;
    "statx" SYS_statx: ENOMEM ENOSYS EPERM;
    "fchmod" SYS_fchmod SYS_fchmodat CHMOD: EINTR EIO EROFS;
    "mknod" SYS_mknodat MKNOD: EACCES ENOSPC ENOMEM;
    "unlink" SYS_unlinkat UNLINK: EIO ENOMEM;
    "rename" SYS_renameat SYS_renameat2 RENAME: EIO ENOSPC;
    "getdents" SYS_getdents64: EIO ENOMEM;
    "getrandom" SYS_getrandom: EINTR ENOSYS EPERM;
    "futex" SYS_futex: EINTR EAGAIN;
    "clone3" SYS_clone3: EAGAIN ENOMEM ENOSYS;
    "clone" SYS_clone FORK VFORK: EAGAIN ENOMEM;
    "execve" SYS_execve: ENOMEM EACCES;
    "pidfd_open" SYS_pidfd_open: EMFILE ENFILE ENOMEM ENOSYS EPERM;
    "pidfd_send_signal" SYS_pidfd_send_signal: ENOSYS EPERM;
    "wait" SYS_waitid SYS_wait4: EINTR;
    "close_range" SYS_close_range: ENOSYS EPERM ENOMEM;
    "sigaction" SYS_rt_sigaction: EINVAL;
    "sched_getaffinity" SYS_sched_getaffinity: EINVAL;
};

/// The numbers of all of them.
pub fn numbers() -> Vec<c_long> {
    let mut numbers: Vec<_> = CALLS
        .iter()
        .flat_map(|call| call.numbers)
        .copied()
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Numbers that newer machines do not have: there they are what they became.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod number {
    #[cfg(target_arch = "x86")]
    pub(super) use super::renamed::{SYS_accept, SYS_fcntl, SYS_fstat, SYS_mmap, SYS_newfstatat};
    pub(super) use libc::*;
    pub(super) const OPEN: libc::c_long = libc::SYS_open;
    pub(super) const EPOLL_WAIT: libc::c_long = libc::SYS_epoll_wait;
    pub(super) const POLL: libc::c_long = libc::SYS_poll;
    pub(super) const DUP2: libc::c_long = libc::SYS_dup2;
    pub(super) const CHMOD: libc::c_long = libc::SYS_chmod;
    pub(super) const MKNOD: libc::c_long = libc::SYS_mknod;
    pub(super) const UNLINK: libc::c_long = libc::SYS_unlink;
    pub(super) const RENAME: libc::c_long = libc::SYS_rename;
    pub(super) const FORK: libc::c_long = libc::SYS_fork;
    pub(super) const VFORK: libc::c_long = libc::SYS_vfork;
}
#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
mod number {
    pub(super) use libc::*;
    pub(super) const OPEN: libc::c_long = libc::SYS_openat;
    pub(super) const EPOLL_WAIT: libc::c_long = libc::SYS_epoll_pwait;
    pub(super) const POLL: libc::c_long = libc::SYS_ppoll;
    pub(super) const DUP2: libc::c_long = libc::SYS_dup3;
    pub(super) const CHMOD: libc::c_long = libc::SYS_fchmodat;
    pub(super) const MKNOD: libc::c_long = libc::SYS_mknodat;
    pub(super) const UNLINK: libc::c_long = libc::SYS_unlinkat;
    pub(super) const RENAME: libc::c_long = libc::SYS_renameat;
    pub(super) const FORK: libc::c_long = libc::SYS_clone;
    pub(super) const VFORK: libc::c_long = libc::SYS_clone;
}

/// What is called otherwise on x86 with 32 bits, where a file's size first had 32, too.
#[cfg(target_arch = "x86")]
#[allow(non_upper_case_globals, reason = "the names that other machines have")]
mod renamed {
    pub(super) const SYS_accept: libc::c_long = libc::SYS_accept4;
    pub(super) const SYS_fstat: libc::c_long = libc::SYS_fstat64;
    pub(super) const SYS_newfstatat: libc::c_long = libc::SYS_fstatat64;
    pub(super) const SYS_mmap: libc::c_long = libc::SYS_mmap2;
    pub(super) const SYS_fcntl: libc::c_long = libc::SYS_fcntl64;
}
