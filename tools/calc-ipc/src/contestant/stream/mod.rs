//! Two ends of this system's, and how one waits at them.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;
#[cfg(unix)]
pub(super) use unix::Stream;
#[cfg(windows)]
pub(super) use windows::Stream;

impl Stream {
    /// Fills the room.
    pub(super) fn read_all(&mut self, mut room: &mut [u8]) -> io::Result<()> {
        while !room.is_empty() {
            let count = self.read(room)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            room = room.get_mut(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Gives back all that comes, whole messages at a time, until the other side has gone.
    pub(super) fn echo(&mut self, message: usize) -> io::Result<()> {
        // As much as a pipe holds by default, so that many small messages are read at once.
        let mut buffer = vec![0; message.max(65536)];
        let mut filled = 0;
        loop {
            let count = self.read(buffer.get_mut(filled..).unwrap_or_default())?;
            if count == 0 {
                return Ok(());
            }
            filled += count;
            let whole = filled - filled % message;
            if whole > 0 {
                self.write_all(buffer.get(..whole).unwrap_or_default())?;
                buffer.copy_within(whole..filled, 0);
                filled -= whole;
            }
        }
    }
}
