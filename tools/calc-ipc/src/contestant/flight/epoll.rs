//! An event loop that watches a client.

use super::super::ours::failure;
use crate::exit::Failure;
use calc_ipc::service::Client;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::io;
use std::time::{Duration, Instant};

/// The loop.
pub(super) struct EventLoop {
    epoll: Epoll,
    /// How long it looks again and again before it sleeps.
    spin: Duration,
}

impl EventLoop {
    pub(super) fn watching(client: &Client, spin: Duration) -> Result<Self, Failure> {
        let source = client.source().map_err(|error| failure(&error))?;
        let watch = || {
            let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
            epoll.add(source, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
            Ok(epoll)
        };
        let epoll = watch().map_err(cannot_watch)?;
        Ok(Self { epoll, spin })
    }

    /// Waits until something watched is readable.
    pub(super) fn wait(&self) -> Result<(), Failure> {
        self.sleep().map_err(cannot_watch)
    }

    fn sleep(&self) -> Result<(), Errno> {
        let mut events = [EpollEvent::empty()];
        if !self.spin.is_zero() {
            let began = Instant::now();
            while began.elapsed() < self.spin {
                if self.epoll.wait(&mut events, EpollTimeout::ZERO)? > 0 {
                    return Ok(());
                }
            }
        }
        match self.epoll.wait(&mut events, EpollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

#[cold]
fn cannot_watch(error: Errno) -> Failure {
    Failure::io("watch a client", &io::Error::from(error))
}
