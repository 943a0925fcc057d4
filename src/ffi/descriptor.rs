//! Frames and bytes over descriptors of the caller's own.

use super::guard::guard;
use super::pointer::{self, Out};
use super::status::calc_ipc_status;
use crate::error::{Error, Result, Status};
use crate::protocol::frame::{self, PREFIX};
use crate::sys::Source;
use crate::sys::blocking::{numbered, read_exact, write_all};
use std::ffi::{c_int, c_void};

/// Sends one frame, all of it, over a pipe, socket or file.
///
/// Blocks until that is done, also where the descriptor does not, and never raises SIGPIPE.
///
/// @param fd      The descriptor to write to.
/// @param frame   One whole frame, prefix included, with any body.
/// @param length  Bytes at `frame`.
/// @return OK; MALFORMED: the prefix is not the length of what follows, and nothing is sent;
///     CLOSED: no one reads any more; UNSUPPORTED; SYSTEM.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_message_send(
    fd: c_int,
    frame: *const u8,
    length: usize,
) -> calc_ipc_status {
    // SAFETY: the caller promises an open descriptor, and a pointer that is NULL or valid (header, Arguments).
    guard(|| unsafe {
        let frame = pointer::bytes(frame, length, "frame")?;
        if frame::body(frame).is_none() {
            let context = "the prefix is not the length of what follows";
            return Err(Error::new(Status::Malformed, context));
        }
        write(descriptor(fd)?, frame)
    })
}

/// Receives one frame, whatever its body. Blocks until all of it is there.
///
/// @param fd        The descriptor to read from.
/// @param buffer    Takes the frame, prefix included.
/// @param capacity  Bytes at `buffer`.
/// @param length    Takes the bytes received.
/// @return OK; TOO_LARGE: the frame is over `capacity`, and only its prefix was read, so close the
///     descriptor; CLOSED: the bytes ended, between frames or within one; UNSUPPORTED; SYSTEM. On an
///     error, `buffer` may hold a part of the frame.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_message_recv(
    fd: c_int,
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> calc_ipc_status {
    // SAFETY: the caller promises an open descriptor, and pointers that are NULL or valid (header, Arguments).
    guard(|| unsafe {
        let mut length = Out::new(length, "length")?;
        let buffer = pointer::bytes_mut(buffer, capacity, "buffer")?;
        length.write(receive(descriptor(fd)?, buffer)?);
        Ok(())
    })
}

/// Reads exactly as many bytes as asked for. Blocks until they are there.
///
/// @param fd      The descriptor to read from.
/// @param buffer  Takes the bytes.
/// @param length  How many.
/// @return OK; CLOSED: the bytes ended before; UNSUPPORTED; SYSTEM. On an error, `buffer` may
///     hold some bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_fd_read_exact(
    fd: c_int,
    buffer: *mut c_void,
    length: usize,
) -> calc_ipc_status {
    // SAFETY: the caller promises an open descriptor, and a pointer that is NULL or valid (header, Arguments).
    guard(|| unsafe {
        let buffer = pointer::bytes_mut(buffer.cast(), length, "buffer")?;
        read(descriptor(fd)?, buffer)
    })
}

/// Writes exactly these bytes. Blocks until they are written, and never raises SIGPIPE.
///
/// @param fd      The descriptor to write to.
/// @param buffer  The bytes.
/// @param length  How many.
/// @return OK; CLOSED: no one reads any more; UNSUPPORTED; SYSTEM.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_fd_write_exact(
    fd: c_int,
    buffer: *const c_void,
    length: usize,
) -> calc_ipc_status {
    // SAFETY: the caller promises an open descriptor, and a pointer that is NULL or valid (header, Arguments).
    guard(|| unsafe {
        let buffer = pointer::bytes(buffer.cast(), length, "buffer")?;
        write(descriptor(fd)?, buffer)
    })
}

/// The caller's descriptor, for one call.
///
/// # Safety
///
/// Nothing else uses the descriptor's number for something of its own while `'a` lasts.
pub(super) unsafe fn descriptor<'a>(fd: c_int) -> Result<Source<'a>> {
    // SAFETY: as the caller says.
    unsafe { numbered(fd) }.map_err(|error| Error::os(&format!("descriptor {fd}"), &error))
}

/// Reads one frame into the beginning of `buffer` and says how long it is.
fn receive(from: Source<'_>, buffer: &mut [u8]) -> Result<usize> {
    let mut prefix = [0; PREFIX];
    read(from, &mut prefix)?;
    let (start, rest) = buffer
        .split_first_chunk_mut::<PREFIX>()
        .ok_or_else(|| too_large(prefix))?;
    let room = usize::try_from(u32::from_le_bytes(prefix)).ok();
    let body = room
        .and_then(|length| rest.get_mut(..length))
        .ok_or_else(|| too_large(prefix))?;
    read(from, body)?;
    *start = prefix;
    Ok(PREFIX + body.len())
}

fn too_large(prefix: [u8; PREFIX]) -> Error {
    let length = u32::from_le_bytes(prefix);
    let context = format!("a body of {length} bytes is over the buffer's capacity");
    Error::new(Status::TooLarge, context)
}

fn read(from: Source<'_>, buffer: &mut [u8]) -> Result<()> {
    read_exact(from, buffer).map_err(|error| Error::os("reading", &error))
}

fn write(to: Source<'_>, bytes: &[u8]) -> Result<()> {
    write_all(to, bytes).map_err(|error| Error::os("writing", &error))
}
