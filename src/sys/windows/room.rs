//! Room in a socket's buffer: sends that do not wait, and WSAEventSelect, which tells when one may go on.
//!
//! Not by operations in flight, whose memory would have to be a copy of what is sent.

use super::event::Event;
use super::signal::Signal;
use super::waiting::Waiting;
use super::winsock::{failed, select, succeeded};
use std::io;
use std::ptr;
use std::sync::Arc;
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::Networking::WinSock as ws;

/// Tells when there is room in a socket that had none.
#[derive(Debug)]
pub(super) struct Room {
    /// First, so that it ends before its event.
    _waiting: Waiting,
    arrived: Event,
    signal: Arc<Signal>,
}

impl Room {
    /// Does this whenever there is room again, or nobody reads any more.
    pub(super) fn watch(
        socket: ws::SOCKET,
        tell: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let signal = Arc::new(Signal::default());
        let arrived = Event::for_one()?;
        select(socket, arrived.raw(), ws::FD_WRITE | ws::FD_CLOSE)?;
        let waiting = Waiting::new(arrived.raw(), false, {
            let signal = signal.clone();
            move || {
                signal.on();
                tell();
            }
        })?;
        Ok(Self {
            _waiting: waiting,
            arrived,
            signal,
        })
    }

    /// There may be room.
    pub(super) fn is_there(&self) -> bool {
        self.signal.is_on()
    }

    /// It is about to be tried once more: what was told so far counts no more.
    pub(super) fn forget(&self) {
        self.signal.off();
    }

    /// There was none: it is told of from here on, at once if there is by now.
    pub(super) fn ask(&self, socket: ws::SOCKET) -> io::Result<()> {
        select(socket, self.arrived.raw(), ws::FD_WRITE | ws::FD_CLOSE)
    }

    /// Whoever waits tries once more.
    pub(super) fn tell(&self) {
        self.signal.on();
    }

    /// Signalled once there may be room.
    pub(super) fn object(&self) -> io::Result<HANDLE> {
        self.signal.object()
    }
}

/// Sends what there is room for of two pieces, as one; `WouldBlock`: there is none.
pub(super) fn send(socket: ws::SOCKET, first: &[u8], second: &[u8]) -> io::Result<usize> {
    let parts = [first, second].map(|part| ws::WSABUF {
        len: u32::try_from(part.len()).unwrap_or(u32::MAX),
        buf: part.as_ptr().cast_mut(),
    });
    let count = match second {
        [] => 1,
        _ => 2,
    };
    let mut sent = 0;
    // SAFETY: the socket is open, so many parts are there, and are only read; nothing goes on afterwards.
    let result = unsafe {
        ws::WSASend(
            socket,
            parts.as_ptr(),
            count,
            &raw mut sent,
            0,
            ptr::null_mut(),
            None,
        )
    };
    succeeded(result).map_err(failed)?;
    Ok(sent as usize)
}
