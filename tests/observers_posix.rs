//! What the observer of a server is told where users have numbers, and of a client behind descriptors.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "support/ear.rs"]
mod ear;
mod support;

use calc_ipc::ffi::{observe::*, pipe::*, status::*};
use ear::Ear;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::ptr::null_mut;
use support::raw::connect_unix;
use support::{Address, Process, SOMEBODY_ELSE, WITH_FILES, become_user, eventually, is_root};

const LEFT: i32 = CALC_IPC_EVENT_LEFT;
const DROPPED: i32 = CALC_IPC_EVENT_DROPPED;

#[test]
fn another_user_is_refused_by_name() {
    if !is_root() {
        return; // It takes root to be another user.
    }
    for transport in &support::TRANSPORTS[..WITH_FILES] {
        if transport.name == "fifo" {
            continue; // There, the kernel lets nobody else open a name.
        }
        let address = Address::new();
        let ear = Ear::new();
        let server = ear.serve(transport, &address, |_| ());
        std::fs::set_permissions(transport.main_file(&address), open_to_all()).unwrap();
        let path = transport.main_file(&address);
        let stranger = Process::fork(|| {
            assert!(become_user(SOMEBODY_ELSE));
            let _ = connect_unix(transport.name, &path).unwrap();
        });
        assert!(stranger.succeeded());
        eventually("it is told", || ear.count(CALC_IPC_EVENT_REFUSED) == 1);
        server.stop();
        let [told] = &ear.take()[..] else { panic!() };
        assert_eq!(told.status, CALC_IPC_STATUS_PERMISSION_DENIED);
        assert_eq!(told.uid, SOMEBODY_ELSE, "{}", transport.name);
        assert!(told.text.contains("user"), "{}", told.text);
    }
}

fn open_to_all() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o777)
}

#[test]
fn who_serves_descriptors_is_told_of_the_one_client() {
    for (bytes, ends) in [
        (&b"\x05\0\0\0ADD 1"[..], [LEFT, CALC_IPC_STATUS_OK]),
        (&[2, 255, 255, 255], [DROPPED, CALC_IPC_STATUS_MALFORMED]),
        (&[0, 0, 2, 0], [DROPPED, CALC_IPC_STATUS_TOO_LARGE]),
    ] {
        let ear = Ear::new();
        let (mut own, theirs) = UnixStream::pair().unwrap();
        own.write_all(bytes).unwrap();
        own.shutdown(std::net::Shutdown::Write).unwrap();
        let (fd, options) = (theirs.as_raw_fd(), ear.options(|_| ()));
        // SAFETY: an open descriptor, and options that live.
        unsafe { calc_ipc_pipe_serve(fd, fd, None, null_mut(), &raw const options) };
        let all = ear.take();
        let kinds: Vec<_> = all.iter().map(|told| told.kind).collect();
        assert_eq!(kinds, [CALC_IPC_EVENT_CAME, ends[0]]);
        assert_eq!(all[1].status, ends[1]);
        assert_eq!((all[0].connection, all[0].pid), (1, std::process::id()));
    }
}
