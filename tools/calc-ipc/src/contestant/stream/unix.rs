//! Two descriptors, and how one waits at them.

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{read, write};
use std::hint;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// Looks between two readings of the clock.
const LOOKS: u32 = 8;

/// A connection over any descriptors that are read and written.
pub(in crate::contestant) struct Stream {
    input: OwnedFd,
    output: OwnedFd,
    /// How long to look before sleeping; zero: not at all, the descriptors block.
    budget: Duration,
    /// The most bytes that are written at once.
    most: usize,
}

impl Stream {
    pub(in crate::contestant) fn new(
        input: OwnedFd,
        output: OwnedFd,
        budget: Duration,
    ) -> io::Result<Self> {
        if !budget.is_zero() {
            for fd in [&input, &output] {
                let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
                fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
            }
        }
        Ok(Self {
            input,
            output,
            budget,
            most: usize::MAX,
        })
    }

    /// One descriptor for both ways.
    pub(in crate::contestant) fn two_way(both: OwnedFd, budget: Duration) -> io::Result<Self> {
        Self::new(both.try_clone()?, both, budget)
    }

    /// The same, which writes no more than so many bytes at once.
    pub(in crate::contestant) fn in_records_of(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// Lets both pipes hold a message of this length, as far as the system allows it.
    pub(in crate::contestant) fn widen(&self, size: usize) {
        let Ok(size) = i32::try_from(size) else {
            return;
        };
        for fd in [&self.input, &self.output] {
            let _ = fcntl(fd, FcntlArg::F_SETPIPE_SZ(size));
        }
    }

    /// Reads what is there, 0 at the end.
    pub(in crate::contestant) fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut start = None;
        loop {
            for _ in 0..LOOKS {
                match read(&self.input, room) {
                    Err(Errno::EAGAIN) => hint::spin_loop(),
                    Err(Errno::EINTR) => {}
                    result => return Ok(result?),
                }
            }
            if start.get_or_insert_with(Instant::now).elapsed() > self.budget {
                wait(&self.input, PollFlags::POLLIN)?;
            }
        }
    }

    pub(in crate::contestant) fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let record = bytes.get(..self.most).unwrap_or(bytes);
            match write(&self.output, record) {
                Err(Errno::EAGAIN) => wait(&self.output, PollFlags::POLLOUT)?,
                Err(Errno::EINTR) => {}
                result => bytes = bytes.get(result?..).unwrap_or_default(),
            }
        }
        Ok(())
    }

    pub(in crate::contestant) fn over_pipes(
        input: PipeReader,
        output: PipeWriter,
        budget: Duration,
    ) -> io::Result<Self> {
        Self::new(input.into(), output.into(), budget)
    }

    /// This program's standard input and output.
    pub(in crate::contestant) fn stdio(budget: Duration) -> io::Result<Self> {
        let input = io::stdin().as_fd().try_clone_to_owned()?;
        let output = io::stdout().as_fd().try_clone_to_owned()?;
        Self::new(input, output, budget)
    }
}

fn wait(fd: &OwnedFd, what: PollFlags) -> io::Result<()> {
    let mut fds = [PollFd::new(fd.as_fd(), what)];
    match poll(&mut fds, PollTimeout::NONE) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::seqpacket;
    use super::*;
    use std::os::unix::net::UnixStream;
    use std::thread;

    #[test]
    fn messages_come_back_whole() {
        for budget in [Duration::ZERO, Duration::from_micros(50)] {
            let (client, server) = UnixStream::pair().unwrap();
            let stream = |end: UnixStream| Stream::two_way(end.into(), budget).unwrap();
            let (mut client, mut server) = (stream(client), stream(server));
            let echo = thread::spawn(move || server.echo(100_000));
            let message: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
            let mut answer = vec![0; 100_000];
            for half in message.chunks(100_000) {
                client.write_all(half).unwrap();
                client.read_all(&mut answer).unwrap();
                assert!(answer == half);
            }
            drop(client);
            echo.join().unwrap().unwrap();
        }
    }

    #[test]
    fn messages_longer_than_a_record_come_back_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listening = seqpacket::listen_at(&path).unwrap();
        let stream = |end| {
            let stream = Stream::two_way(end, Duration::ZERO).unwrap();
            stream.in_records_of(seqpacket::RECORD)
        };
        let mut client = stream(seqpacket::connect_to(&path).unwrap());
        let mut server = stream(listening.accept().unwrap().0.into());
        let echo = thread::spawn(move || server.echo(1 << 20));
        let asked = thread::spawn(move || {
            let (message, mut answer) = (vec![7; 1 << 20], vec![0; 1 << 20]);
            client.write_all(&message).unwrap();
            client.read_all(&mut answer).unwrap();
            assert!(answer == message);
        });
        asked.join().unwrap();
        echo.join().unwrap().unwrap();
    }
}
