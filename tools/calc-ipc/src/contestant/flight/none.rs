//! Where there is no epoll.

use crate::exit::Failure;
use calc_ipc::service::Client;
use std::time::Duration;

/// A loop that cannot be.
pub(super) enum EventLoop {}

impl EventLoop {
    pub(super) fn watching(_: &Client, _: Duration) -> Result<Self, Failure> {
        Err(Failure::Usage("there is no epoll here".to_owned()))
    }

    pub(super) fn wait(&self) -> Result<(), Failure> {
        match *self {}
    }
}
