//! What a test and a process of its own say to each other.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::{io, mem, str};

/// One end of a conversation: lines of text.
pub struct Control {
    socket: UnixStream,
    /// What came and was not asked for yet.
    heard: Vec<u8>,
}

impl Control {
    /// Two ends of one conversation.
    pub fn pair() -> (Self, Self) {
        let (one, other) = UnixStream::pair().unwrap();
        (Self::new(one), Self::new(other))
    }

    /// This process's own end, at its standard input, for good. The number is duplicated so that it
    /// can be used beside another.
    pub fn own() -> Self {
        // SAFETY: standard input is the socket that `Actor::execute` made it, open for good.
        let fd = unsafe { libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 3) };
        assert!(fd > 0);
        // SAFETY: a new number, owned by nobody else.
        Self::new(unsafe { UnixStream::from_raw_fd(fd) })
    }

    fn new(socket: UnixStream) -> Self {
        let heard = Vec::new();
        Self { socket, heard }
    }

    /// Waits no longer than that for what the other end says.
    pub fn wait_at_most(&self, patience: std::time::Duration) {
        self.socket.set_read_timeout(Some(patience)).unwrap();
    }

    pub fn say(&self, line: &str) {
        self.try_to_say(line).unwrap();
    }

    /// As [`Control::say`], to an end that may have gone.
    pub fn try_to_say(&self, line: &str) -> io::Result<()> {
        (&self.socket).write_all(format!("{line}\n").as_bytes())
    }

    /// Says no more, which the other end hears.
    pub fn fall_silent(&self) {
        // Fails only where the other end has gone.
        let _ = self.socket.shutdown(std::net::Shutdown::Write);
    }

    /// Waits for the next line; `None` at the end.
    pub fn hear(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.next_line() {
                return Some(line);
            }
            match self.listen() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => panic!("the process says nothing: {error}"),
            }
        }
    }

    /// What was said and not heard so far by an end that has gone.
    pub fn last_words(&mut self) -> String {
        self.socket.set_nonblocking(true).unwrap();
        while matches!(self.listen(), Ok(true)) {}
        String::from_utf8_lossy(&mem::take(&mut self.heard)).into_owned()
    }

    /// Waits until something comes, and keeps it; `false` at the end.
    pub fn listen(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 4096];
        loop {
            match (&self.socket).read(&mut bytes) {
                Ok(count) => {
                    self.heard.extend(bytes.iter().take(count));
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // It ended before it heard all that it was told.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// The next line of those that came whole.
    pub fn next_line(&mut self) -> Option<String> {
        let end = self.heard.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.heard.drain(..=end).collect();
        Some(str::from_utf8(&line).unwrap().trim_end().to_owned())
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Control {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl From<Control> for OwnedFd {
    fn from(control: Control) -> Self {
        control.socket.into()
    }
}
