//! A server of this library in an event loop of its host's.

use super::ours::failure;
use crate::exit::Failure;
use calc_ipc::service::Server;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::io;
use std::time::Duration;

const SERVER: u64 = 0;
const INPUT: u64 = 1;

/// The event loop, which watches the server and standard input.
pub(super) struct EventLoop<'a> {
    epoll: Epoll,
    server: &'a Server,
}

impl<'a> EventLoop<'a> {
    pub(super) fn of(server: &'a Server) -> Result<Self, Failure> {
        let source = server.source().map_err(|error| failure(&error))?;
        let watch = || {
            let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
            epoll.add(source, EpollEvent::new(EpollFlags::EPOLLIN, SERVER))?;
            epoll.add(io::stdin(), EpollEvent::new(EpollFlags::EPOLLIN, INPUT))?;
            Ok(epoll)
        };
        let epoll = watch().map_err(cannot_wait)?;
        Ok(Self { epoll, server })
    }

    /// Serves, a turn each time that it wakes up, until standard input has something to say.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let mut events = [EpollEvent::empty(); 2];
        loop {
            let count = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Err(Errno::EINTR) => 0,
                count => count.map_err(cannot_wait)?,
            };
            let mut ready = events.iter().take(count).map(EpollEvent::data);
            if ready.any(|whose| whose == INPUT) {
                return Ok(());
            }
            let turn = self.server.dispatch(Some(Duration::ZERO));
            turn.map_err(|error| failure(&error))?;
        }
    }
}

fn cannot_wait(error: Errno) -> Failure {
    Failure::io("wait for a client", &io::Error::from(error))
}
