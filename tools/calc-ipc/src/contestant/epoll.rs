//! The bare Unix socket of a server that serves all its clients on one thread: what comes goes back.

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};

/// How many clients are looked at after one wait.
const AT_ONCE: usize = 64;
/// Read at once: more than a small message.
const ROOM: usize = 4096;

/// Serves whoever comes, without end. Each read is answered by one write, which never waits: a client reads its answer
/// before it asks again.
pub(super) fn serve(listener: &UnixListener) -> io::Result<()> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    let door = number(listener);
    epoll.add(listener, EpollEvent::new(EpollFlags::EPOLLIN, door))?;
    let mut clients = HashMap::new();
    let mut events = [EpollEvent::empty(); AT_ONCE];
    let mut room = [0; ROOM];
    loop {
        let count = epoll.wait(&mut events, EpollTimeout::NONE)?;
        for event in events.iter().take(count) {
            let key = event.data();
            if key == door {
                let (client, _) = listener.accept()?;
                let key = number(&client);
                epoll.add(&client, EpollEvent::new(EpollFlags::EPOLLIN, key))?;
                clients.insert(key, client);
            } else if let Some(client) = clients.get_mut(&key) {
                // Closed, it is not waited for any more.
                if answer(client, &mut room).is_err() {
                    clients.remove(&key);
                }
            }
        }
    }
}

fn number(of: &impl AsRawFd) -> u64 {
    u64::from(of.as_raw_fd().cast_unsigned())
}

fn answer(client: &mut UnixStream, room: &mut [u8]) -> io::Result<()> {
    match client.read(room)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        count => client.write_all(room.get(..count).unwrap_or_default()),
    }
}
