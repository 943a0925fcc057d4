//! Two ends of Windows, which block.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::net::TcpStream;
use std::os::windows::io::{AsHandle, BorrowedHandle};
use std::time::Duration;

/// A connection over anything that is read and written. Nothing of Windows looks whether something has come without asking the
/// system as much as reading would, so that a raw one sleeps at once.
pub(in crate::contestant) struct Stream {
    input: Box<dyn Read + Send>,
    output: Box<dyn Write + Send>,
}

impl Stream {
    fn new(input: impl Read + Send + 'static, output: impl Write + Send + 'static) -> Self {
        Self {
            input: Box::new(input),
            output: Box::new(output),
        }
    }

    pub(in crate::contestant) fn over_pipes(
        input: PipeReader,
        output: PipeWriter,
        _: Duration,
    ) -> io::Result<Self> {
        Ok(Self::new(input, output))
    }

    /// This program's standard input and output.
    pub(in crate::contestant) fn stdio(_: Duration) -> io::Result<Self> {
        let (input, output) = (io::stdin(), io::stdout());
        Ok(Self::new(own(input.as_handle())?, own(output.as_handle())?))
    }

    pub(in crate::contestant) fn over_tcp(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        Ok(Self::new(socket.try_clone()?, socket))
    }

    /// One file for both ways.
    pub(in crate::contestant) fn over_file(file: File) -> io::Result<Self> {
        Ok(Self::new(file.try_clone()?, file))
    }

    /// A pipe of Windows has the room that it was made with.
    pub(in crate::contestant) fn widen(&self, _: usize) {}

    /// Reads what is there, 0 at the end.
    pub(in crate::contestant) fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self.input.read(room) {
            // The other end of a pipe has gone.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
            result => result,
        }
    }

    pub(in crate::contestant) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.write_all(bytes)
    }
}

/// A standard handle without the buffer that the standard library puts in front of it.
fn own(handle: BorrowedHandle<'_>) -> io::Result<File> {
    handle.try_clone_to_owned().map(File::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    #[test]
    fn messages_come_back_whole() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut server = Stream::over_tcp(listener.accept().unwrap().0).unwrap();
        let mut client = Stream::over_tcp(client).unwrap();
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
