//! What both ends of a connection see, whatever connects them.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::super::op::Ended;
use super::*;
use crate::sys::{AsSource as _, Handle, poll};
use std::net::{TcpListener, TcpStream};
use std::os::windows::io::FromRawHandle;
use std::sync::atomic::{AtomicU32, AtomicUsize};
use windows_sys::Win32::Foundation::{
    GENERIC_READ, GENERIC_WRITE, INVALID_HANDLE_VALUE, STATUS_PENDING,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_OVERLAPPED, OPEN_EXISTING, PIPE_ACCESS_DUPLEX, ReadFile,
};
use windows_sys::Win32::System::Pipes::{CreateNamedPipeW, PIPE_TYPE_MESSAGE};

/// Two ends of a pipe whose messages stay apart for who asks for that, and two of a TCP connection.
pub(in crate::sys::windows) fn pair() -> [[Handle; 2]; 2] {
    [pipes(), sockets()]
}

fn pipes() -> [Handle; 2] {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let serial = LAST.fetch_add(1, Ordering::Relaxed);
    let name = format!(r"\\.\pipe\calc_ipc-test-{}-{serial}", std::process::id());
    let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
    // SAFETY: the name ends with 0; nothing else is pointed to.
    let handles = unsafe {
        [
            CreateNamedPipeW(
                name.as_ptr(),
                PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                PIPE_TYPE_MESSAGE,
                1,
                4096,
                4096,
                0,
                ptr::null(),
            ),
            CreateFileW(
                name.as_ptr(),
                GENERIC_READ | GENERIC_WRITE,
                0,
                ptr::null(),
                OPEN_EXISTING,
                FILE_FLAG_OVERLAPPED,
                ptr::null_mut(),
            ),
        ]
    };
    handles.map(|handle| {
        assert_ne!(handle, INVALID_HANDLE_VALUE);
        // SAFETY: it was just made, and nobody else has it.
        Handle::of_pipe(unsafe { OwnedHandle::from_raw_handle(handle) }).unwrap()
    })
}

fn sockets() -> [Handle; 2] {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (other, _) = listener.accept().unwrap();
    [one, other].map(|socket| Handle::of_socket(socket.into()).unwrap())
}

fn stream(handle: &Handle) -> &Stream {
    Stream::of(handle.as_source()).unwrap()
}

fn send(handle: &Handle, bytes: &[u8]) {
    assert_eq!(stream(handle).write(bytes, &[]).unwrap(), bytes.len());
}

fn receive(handle: &Handle, room: usize) -> Vec<u8> {
    let mut buffer = vec![0; room];
    let minute = Some(Duration::from_mins(1));
    let count = stream(handle).read_within(&mut buffer, minute).unwrap();
    buffer.truncate(count);
    buffer
}

fn kind<T>(result: io::Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

#[test]
fn what_is_written_is_read_in_any_pieces() {
    for [own, peer] in pair() {
        let mut room = [0; 9];
        assert_eq!(kind(stream(&peer).read(&mut room)), ErrorKind::WouldBlock);
        assert_eq!(stream(&own).write(b"ab", b"cde").unwrap(), 5);
        assert_eq!(receive(&peer, 2), b"ab");
        assert_eq!(receive(&peer, 9), b"cde");
        let time = Some(Duration::from_millis(1));
        let late = stream(&peer).read_within(&mut room, time);
        assert_eq!(kind(late), ErrorKind::WouldBlock);
        send(&own, b"late");
        assert_eq!(receive(&peer, 9), b"late");
    }
}

#[test]
fn nothing_is_lost_however_long_it_is() {
    for [own, peer] in pair() {
        let sent: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0] ^ 7).collect();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut rest = sent.as_slice();
                while !rest.is_empty() {
                    assert!(poll::wait_writable(own.as_source(), &Deadline::never()).unwrap());
                    let count = stream(&own).write(rest, &[]).unwrap();
                    rest = rest.get(count..).unwrap();
                }
                // A thread that ends takes along what it has on its way.
                assert!(poll::wait_writable(own.as_source(), &Deadline::never()).unwrap());
            });
            let mut received = Vec::new();
            while received.len() < sent.len() {
                received.extend(receive(&peer, 100_000));
            }
            assert!(received == sent);
        });
    }
}

#[test]
fn there_is_room_again_once_the_peer_has_read() {
    for [own, peer] in pair() {
        let piece = [0; 60_000];
        let mut count = 0;
        while let Ok(more) = stream(&own).write(&piece, &[]) {
            count += more;
        }
        let now = Deadline::after(Some(Duration::ZERO));
        assert!(!poll::wait_writable(own.as_source(), &now).unwrap());
        while count > 0 {
            count -= receive(&peer, 100_000).len();
        }
        assert!(poll::wait_writable(own.as_source(), &Deadline::never()).unwrap());
    }
}

#[test]
fn the_last_words_of_a_peer_come_before_its_end() {
    for [own, peer] in pair() {
        send(&peer, b"last");
        drop(peer);
        assert_eq!(receive(&own, 9), b"last");
        assert_eq!(receive(&own, 9), b"");
        let state = poll::state(own.as_source(), Want::READ).unwrap();
        assert!(state.contains(Ready::READABLE));
    }
}

#[test]
fn a_message_without_bytes_is_no_end() {
    let [own, peer] = pipes();
    for _ in 0..40 {
        send(&own, b"");
    }
    send(&own, b"x");
    assert!(poll::wait_readable(peer.as_source(), &Deadline::never()).unwrap());
    assert_eq!(receive(&peer, 9), b"x");
}

#[test]
fn what_a_thread_began_to_read_is_read_by_another() {
    for [own, peer] in pair() {
        let begin = || kind(stream(&peer).read(&mut [0; 9]));
        let begun = std::thread::scope(|scope| scope.spawn(begin).join());
        assert_eq!(begun.unwrap(), ErrorKind::WouldBlock);
        send(&own, b"x");
        assert_eq!(receive(&peer, 9), b"x");
    }
}

#[test]
fn what_the_reader_has_no_room_for_is_being_sent_until_it_is_read() {
    let [own, peer] = pipes();
    let mut count = 0;
    while let Ok(more) = stream(&own).write(&[0; 60_000], &[]) {
        count += more;
    }
    assert!(stream(&own).is_sending());
    while count > 0 {
        count -= receive(&peer, 100_000).len();
    }
    assert!(poll::wait_writable(own.as_source(), &Deadline::never()).unwrap());
    assert!(!stream(&own).is_sending());
}

#[test]
fn what_goes_on_keeps_its_memory_after_who_began_it() {
    let [own, peer] = pipes();
    let handle = stream(&own).raw();
    let mut op = Op::new(1).unwrap();
    let (mut byte, mut status) = (ptr::null_mut(), ptr::null_mut());
    let begun = op.begin(handle, |room, overlapped| {
        byte = room.as_mut_ptr();
        // SAFETY: the block of the operation is there, of which only the address is taken.
        status = unsafe { &raw mut (*overlapped).Internal };
        // SAFETY: the handle is open, and the operation has its room and its block until it is over.
        unsafe { ReadFile(handle, byte, 1, ptr::null_mut(), overlapped) != 0 }
    });
    assert_eq!(begun, Ended::Pending);
    drop(op);
    send(&peer, b"x");
    // SAFETY: its memory was left to the kernel for good, which writes this word as a whole.
    let status = unsafe { AtomicUsize::from_ptr(status) };
    let minute = Deadline::after(Some(Duration::from_mins(1)));
    while status.load(Ordering::Acquire) == STATUS_PENDING.cast_unsigned() as usize {
        assert!(!minute.has_passed());
        std::thread::sleep(Duration::from_millis(1));
    }
    // SAFETY: as above, and nobody writes to it any more.
    assert_eq!(unsafe { *byte }, b'x');
}
