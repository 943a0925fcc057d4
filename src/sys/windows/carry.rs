//! Handles that go along with what is sent over a pipe: DuplicateHandle into the process at the other end, which learns
//! their numbers at the end of the message.

use super::plain::Plain;
use super::rights;
use super::stream::Stream;
use crate::sys::{Handle, Source};
use std::io::{self, ErrorKind};
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;
use windows_sys::Win32::Foundation::{
    DUPLICATE_CLOSE_SOURCE, DUPLICATE_SAME_ACCESS, DuplicateHandle, FALSE, HANDLE,
};
use windows_sys::Win32::System::Pipes::{GetNamedPipeClientProcessId, PeekNamedPipe};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcess, PROCESS_DUP_HANDLE};

/// Handles that one message may carry.
const MOST: usize = 4;

/// The bytes of a handle's number.
const NUMBER: usize = 8;

/// The bytes at the end of what is sent with handles that tell of these: the number of each, 0 for none.
pub(crate) const HANDLES_IN_BAND: usize = MOST * NUMBER;

/// Handles that were put into another process, and are closed there unless it learns of them.
pub(super) struct Carried {
    process: OwnedHandle,
    numbers: Vec<HANDLE>,
}

impl Carried {
    /// Puts copies of these handles, which allow the same, into the process that has the client's end of a pipe.
    pub(super) fn to_client_of(
        pipe: BorrowedHandle<'_>,
        handles: &[BorrowedHandle<'_>],
    ) -> io::Result<Self> {
        let mut carried = Self {
            process: client_of(pipe)?,
            numbers: Vec::new(),
        };
        for handle in handles.iter().take(MOST) {
            carried.put(*handle)?;
        }
        Ok(carried)
    }

    fn put(&mut self, handle: BorrowedHandle<'_>) -> io::Result<()> {
        let mut number = null_mut();
        // SAFETY: all three are open, and there is a place for the number.
        let is_put = unsafe {
            DuplicateHandle(
                GetCurrentProcess(),
                handle.as_raw_handle(),
                self.process.as_raw_handle(),
                &raw mut number,
                0,
                FALSE,
                DUPLICATE_SAME_ACCESS,
            )
        };
        if is_put == 0 {
            return Err(io::Error::last_os_error());
        }
        self.numbers.push(number);
        Ok(())
    }

    /// The message, whose end tells of them.
    pub(super) fn told_by(&self, message: &[u8]) -> io::Result<Vec<u8>> {
        let mut told = message.to_vec();
        let start = told
            .len()
            .checked_sub(HANDLES_IN_BAND)
            .ok_or(ErrorKind::InvalidInput)?;
        let places = told.get_mut(start..).unwrap_or_default();
        places.fill(0);
        for (place, number) in places.chunks_exact_mut(NUMBER).zip(&self.numbers) {
            place.copy_from_slice(&(number.addr() as u64).to_le_bytes());
        }
        Ok(told)
    }

    /// They are the other process's, which has learned of them.
    pub(super) fn leave(mut self) {
        self.numbers.clear();
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        for number in &self.numbers {
            // SAFETY: it was put there, and that process does not know of it. Without a target it is only closed.
            unsafe {
                DuplicateHandle(
                    self.process.as_raw_handle(),
                    *number,
                    null_mut(),
                    null_mut(),
                    0,
                    FALSE,
                    DUPLICATE_CLOSE_SOURCE,
                );
            }
        }
    }
}

/// The process that has the client's end of a pipe, so that handles can be put into it.
///
/// It is the one that opened that end, which no client of this library lets another process inherit. A client that does, and ends,
/// may have handles put into a process that got its number: into one of its own user's, where it could put them itself.
fn client_of(pipe: BorrowedHandle<'_>) -> io::Result<OwnedHandle> {
    let pipe = pipe.as_raw_handle();
    let mut number = 0;
    // SAFETY: it is open, and there is a place for the number.
    if unsafe { GetNamedPipeClientProcessId(pipe, &raw mut number) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: takes numbers and touches nothing of the caller's.
    let process = unsafe { OpenProcess(PROCESS_DUP_HANDLE, FALSE, number) };
    if process.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just made, and nobody else has it.
    let process = unsafe { OwnedHandle::from_raw_handle(process) };
    // A number is given to another process once its own has ended, and the pipe has ended by then.
    // SAFETY: it is open, and nothing is asked for but whether it fails.
    let is_connected =
        unsafe { PeekNamedPipe(pipe, null_mut(), 0, null_mut(), null_mut(), null_mut()) };
    match is_connected {
        0 => Err(ErrorKind::BrokenPipe.into()),
        _ => Ok(process),
    }
}

/// Sends a message with copies of these handles; its end is overwritten by their numbers.
pub(crate) fn send_with_handles(
    pipe: Source<'_>,
    message: &[u8],
    handles: &[Source<'_>],
) -> io::Result<usize> {
    let stream = Stream::of(pipe)?;
    if handles.is_empty() {
        return stream.write(message, &[]);
    }
    let handles = handles.iter().map(|handle| Plain::of(handle));
    let handles = handles.collect::<io::Result<Vec<_>>>()?;
    let carried = Carried::to_client_of(stream.as_handle(), &handles)?;
    let count = stream.write(&carried.told_by(message)?, &[])?;
    if count == message.len() {
        carried.leave();
    }
    Ok(count)
}

/// Receives once what is there; handles are told of by the end of a message, see [`handles_in_band`].
pub(crate) fn recv_with_handles(
    pipe: Source<'_>,
    buffer: &mut [u8],
) -> io::Result<(usize, Vec<Handle>)> {
    Ok((Stream::of(pipe)?.read(buffer)?, Vec::new()))
}

/// The handles that the end of a received message tells of.
///
/// Whoever sent it could put them into this process, and so do with it what it likes: it is of this process's user, or may do
/// anything. A client asks that of a server before it listens to it.
pub(crate) fn handles_in_band(message: &[u8]) -> Vec<Handle> {
    let start = message.len().saturating_sub(HANDLES_IN_BAND);
    let numbers = message.get(start..).unwrap_or_default();
    let numbers = numbers.as_chunks::<NUMBER>().0.iter();
    numbers
        .map(|number| u64::from_le_bytes(*number))
        .filter(|number| *number != 0)
        .filter_map(|number| usize::try_from(number).ok())
        .map(|number| Plain::handle(rights::received(number)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;
    use crate::sys::AsSource as _;
    use crate::sys::memory::{self, Access, Mapping};
    use crate::sys::windows::stream::tests::pair;

    const MESSAGE: [u8; 8 + HANDLES_IN_BAND] = [7; 8 + HANDLES_IN_BAND];

    #[test]
    fn handles_go_along_with_what_they_allow() {
        let [server, client] = &pair()[0];
        let (read, own) = memory::create(4096, Access::Read).unwrap();
        let (write, _) = memory::create(4096, Access::Write).unwrap();
        own.write(0, b"shared");
        let handles = [read.as_source(), write.as_source()];
        let sent = send_with_handles(server.as_source(), &MESSAGE, &handles).unwrap();
        assert_eq!(sent, MESSAGE.len());
        drop((read, write));
        let mut received = [0; MESSAGE.len()];
        let (count, _) = recv_with_handles(client.as_source(), &mut received).unwrap();
        assert_eq!((count, &received[..8]), (MESSAGE.len(), &[7; 8][..]));
        let [read, write] = <[Handle; 2]>::try_from(handles_in_band(&received)).unwrap();
        let mut copy = [0; 6];
        let mapping = Mapping::from_peer(read.as_source(), 4096, Access::Read).unwrap();
        mapping.read(0, &mut copy);
        assert_eq!(copy, *b"shared");
        assert!(Mapping::from_peer(read.as_source(), 4096, Access::Write).is_err());
        assert!(Mapping::from_peer(write.as_source(), 4096, Access::Write).is_ok());
    }

    #[test]
    fn a_message_without_handles_stays_as_it_is() {
        let [server, client] = &pair()[0];
        let short = [0; 24];
        assert_eq!(
            send_with_handles(server.as_source(), &short, &[]).unwrap(),
            24
        );
        let mut received = [1; 24];
        let (count, handles) = recv_with_handles(client.as_source(), &mut received).unwrap();
        assert!((count, received) == (24, short) && handles.is_empty());
        assert!(handles_in_band(&[0; HANDLES_IN_BAND]).is_empty());
    }

    #[test]
    fn nobody_is_given_handles_who_has_gone() {
        let [[server, client], _] = pair();
        drop(client);
        let (handle, _) = memory::create(4096, Access::Read).unwrap();
        let error = send_with_handles(server.as_source(), &MESSAGE, &[handle.as_source()]);
        assert_eq!(error.unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}
