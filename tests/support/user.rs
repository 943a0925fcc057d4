//! Whose this process is.

use calc_ipc::transport::Credentials;

/// What the kernel says of this process's user.
#[cfg(unix)]
pub fn own_user() -> Credentials {
    // SAFETY: they take nothing.
    let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
    Credentials {
        uid: Some(uid),
        gid: Some(gid),
        pid: None,
    }
}

/// Users of Windows have no numbers.
#[cfg(windows)]
pub fn own_user() -> Credentials {
    Credentials::UNKNOWN
}
