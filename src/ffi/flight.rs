//! Calls that are not waited for.

use super::client::calc_ipc_client;
use super::extensible::{self, Filled};
use super::guard::{guard, guard_call, guard_quick};
use super::handle::{self, Handle as _};
use super::message::{calc_ipc_request, load_request};
use super::pointer::{self, Out};
use super::status::{CALC_IPC_STATUS_OK, calc_ipc_status};
use super::timeout;
use crate::error::{Error, Status};
use crate::service::{Answered, Client, Completion, Next};
use crate::sys::known;
use std::ffi::c_int;

/// Calls of one connection that may be under way, or not taken, at once.
pub const CALC_IPC_IN_FLIGHT_MAX: u32 = 64;

/// In `flags` of a completion that is no OK: no handler was or will be given the request.
pub const CALC_IPC_COMPLETION_NOT_EXECUTED: u32 = 1;

/// What a call that nobody waited for came to.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct calc_ipc_completion {
    /// sizeof(calc_ipc_completion), set by the caller: as many bytes are written.
    pub size: u32,
    /// What the call came to; of what is no OK, calc_ipc_last_error() tells more.
    pub status: i32,
    /// CALC_IPC_COMPLETION_NOT_EXECUTED, or 0. Bits that are added later are to be ignored.
    pub flags: u32,
    /// 0.
    pub reserved: u32,
    /// Bytes of the answer.
    pub length: u64,
    /// What calc_ipc_client_submit() was given.
    pub tag: u64,
    /// The number that calc_ipc_client_submit() gave.
    pub id: u64,
}

impl Filled for calc_ipc_completion {
    const FIRST_SIZE: usize = Self::SIZE as usize;
}

const _: () = assert!(size_of::<calc_ipc_completion>() == calc_ipc_completion::FIRST_SIZE);

/// Sends a message of your own without waiting for its answer. It never waits, and copies the message.
///
/// Exactly one completion will come, from calc_ipc_client_next(). What the system did not take at once
/// is sent by that, too: call it more often than the server's stall_timeout_ms. Any threads may submit,
/// take completions and cancel at once.
///
/// Over a stream a request is sent at once, unless the client is known to come back: its
/// calc_ipc_client_fd() was asked for, and is readable then, or a thread spins in calc_ipc_client_next().
/// Then some hundred bytes of requests may wait for that, to go together, while the server has earlier
/// ones to answer. If the last two times eight and more were submitted before completions were taken,
/// the next as many go in two halves, and fewer as the client comes back. Over shared memory one
/// request, or one batch, is under way at a time: those behind it go when answers are taken, or once
/// some hundred bytes of them wait. What waits when the client is destroyed is never sent.
///
/// @param client      The client.
/// @param timeout_ms  How many milliseconds the call may take from here on, or
///                    CALC_IPC_TIMEOUT_DEFAULT, or CALC_IPC_TIMEOUT_NONE; not 0.
/// @param message     The message; may be NULL if it is empty.
/// @param length      Bytes at `message`, `max_message` of the client's options at most.
/// @param tag         Anything; the completion has it.
/// @param id          Takes the call's number, which begins at 1 and is never used again; may be NULL.
/// @return OK; BUSY: for each connection, CALC_IPC_IN_FLIGHT_MAX calls are under way, not taken, or still
///     owed an answer, or more than max_message and 64 KiB wait to be sent, or a call that is waited for
///     has the only connection of a client without `connections`; TOO_LARGE; CLOSED or PEER_DIED: the last
///     connection is gone; REFUSED: the server is full; NOT_CONNECTED: no server, to a client that
///     reconnects; CANCELLED: calc_ipc_client_request_stop(); FORKED; SYSTEM. After what is no OK, nothing
///     was sent.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_submit(
    client: *const calc_ipc_client,
    timeout_ms: u32,
    message: *const u8,
    length: usize,
    tag: u64,
    id: *mut u64,
) -> calc_ipc_status {
    // SAFETY: the caller promises a live handle, and pointers that are NULL or valid (header, Arguments).
    let arguments = || unsafe {
        let message = pointer::array(message, length, "message")?;
        Ok((handle::get(client)?, timeout::limit(timeout_ms)?, message))
    };
    guard_call(arguments, |(client, limit, message)| {
        let number = client.submit(limit, message, tag)?;
        // SAFETY: it is NULL or has room for a number.
        unsafe { pointer::write_unless_null(id, number) };
        Ok(())
    })
}

/// As calc_ipc_client_submit(), with a request. CALC_IPC_FRAME_MAX bytes have room for any answer to it,
/// which calc_ipc_response_parse() reads.
///
/// @param client      The client.
/// @param timeout_ms  As there.
/// @param request     The request.
/// @param tag         As there.
/// @param id          As there; may be NULL.
/// @return As there; INVALID_ARGUMENT: also an unknown operation.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_submit_request(
    client: *const calc_ipc_client,
    timeout_ms: u32,
    request: *const calc_ipc_request,
    tag: u64,
    id: *mut u64,
) -> calc_ipc_status {
    // SAFETY: it is NULL or has room for a number.
    let tell = |number| unsafe { pointer::write_unless_null(id, number) };
    // SAFETY: the caller promises a live handle, and pointers that are NULL or valid (header, Arguments).
    let quickly = || unsafe {
        let request = load_request(request, "request").ok()?.to_request().ok()?;
        let limit = timeout::limit_of(timeout_ms)?;
        handle::look(client)?
            .inside()
            .gather_request(limit, &request, tag)
    };
    // SAFETY: as before.
    let arguments = || unsafe {
        let request = load_request(request, "request")?.to_request()?;
        Ok((handle::get(client)?, timeout::limit(timeout_ms)?, request))
    };
    let ask = |(client, limit, request): (&Client, _, _)| {
        tell(client.submit_request(limit, &request, tag)?);
        Ok(())
    };
    guard_quick(
        || quickly().map(tell).is_some(),
        || guard_call(arguments, ask),
    )
}

/// Takes the completion of a call that was submitted, and waits for one.
///
/// It waits whether or not a call is under way, since another thread may submit one. Answers over one
/// connection come in the order in which their calls were submitted, those over several as they come; a
/// call whose time is over, or that was cancelled, completes then, and its late answer is dropped.
///
/// @param client      The client.
/// @param timeout_ms  How many milliseconds to wait; 0: only look; or CALC_IPC_TIMEOUT_NONE.
/// @param answer      Takes the answer; may be NULL if there is no room for one.
/// @param capacity    Bytes at `answer`.
/// @param out         Takes the completion; its `size` is set by the caller.
/// @return OK: a completion came, and `out->status` says what the call came to; TIMED_OUT: none came;
///     BUFFER_TOO_SMALL: `out->length` says what the answer needs, and the completion stays the first;
///     INVALID_ARGUMENT: also CALC_IPC_TIMEOUT_DEFAULT, and a `size` that no version has; CANCELLED: after
///     calc_ipc_client_request_stop(), once all completions were taken; FORKED; SYSTEM.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_next(
    client: *const calc_ipc_client,
    timeout_ms: u32,
    answer: *mut u8,
    capacity: usize,
    out: *mut calc_ipc_completion,
) -> calc_ipc_status {
    // SAFETY: the caller promises a live handle, and pointers that are NULL or valid (header, Arguments).
    let quickly = || unsafe {
        let answer = pointer::array_mut(answer, capacity, "answer").ok()?;
        let is_usual = timeout_ms != timeout::CALC_IPC_TIMEOUT_DEFAULT;
        let out = extensible::usual(out).filter(|_| is_usual)?;
        let answered = handle::look(client)?.inside().take_arrived(answer)?;
        out.write(answered.into());
        Some(())
    };
    // SAFETY: as before.
    let arguments = || unsafe {
        let client = handle::get(client)?;
        let answer = pointer::array_mut(answer, capacity, "answer")?;
        let size = extensible::size_of_filled(out, "out")?;
        Ok((client, timeout::wait(timeout_ms)?, answer, size))
    };
    let take = |(client, wait, answer, size): (&Client, _, _, _)| {
        let (filled, result) = match client.next(wait, answer)? {
            Next::Completion(completion) => (told(completion), Ok(())),
            Next::NoRoom(length) => {
                let context = format!("an answer of {length} bytes, and room for {capacity}");
                let error = Error::new(Status::BufferTooSmall, context);
                (calc_ipc_completion::of(length), Err(error))
            }
        };
        // SAFETY: it has room for `size` bytes, as its own field said.
        unsafe { extensible::fill(out, size, filled) };
        result
    };
    guard_quick(|| quickly().is_some(), || guard_call(arguments, take))
}

/// Ends a call that was submitted. Its completion says CANCELLED, unless the call was over before.
///
/// The server is not told; a request of which nothing was sent yet is never sent.
///
/// @param client  The client.
/// @param id      The call's number.
/// @return OK; INVALID_ARGUMENT: no call was ever given this number; FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_cancel(
    client: *const calc_ipc_client,
    id: u64,
) -> calc_ipc_status {
    // SAFETY: the caller promises a live handle (header, Arguments).
    guard(|| unsafe { handle::get(client) }?.cancel(id))
}

/// Ends all calls that are under way or submitted, with CANCELLED, and every later one at once.
///
/// A call that is waited for ends within 50 ms, one that connects or waits for a connection too. Each call that
/// was submitted completes; calc_ipc_client_next() gives these completions, then CANCELLED. Any thread may ask
/// for it, a signal handler too; it never waits. Join the threads that use the client, then destroy it. In a
/// forked child it does nothing.
///
/// @param client  The client; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calc_ipc_client_request_stop(client: *const calc_ipc_client) {
    // SAFETY: the caller promises a live handle, or NULL (header, Arguments).
    if let Some(client) = unsafe { handle::look(client) } {
        client.inside().request_stop();
    }
}

/// Gives a descriptor to watch for reading in an event loop of your own.
///
/// It is readable at the latest when calc_ipc_client_next() would give a completion without waiting. It
/// may be so without one; once calc_ipc_client_next() with a timeout of 0 has given TIMED_OUT, it is
/// not, until something happens. So take completions until TIMED_OUT, then return to the loop, which may
/// be level- or edge-triggered. The number stays the same for the client's life. Never read, write or
/// close it, nor set its flags, and take it out of your loop before calc_ipc_client_destroy(), which
/// closes it. Descriptors of event loops may be watched by others in turn: at most four above this one.
///
/// @param client  The client.
/// @param fd      Takes the descriptor.
/// @return OK; FORKED; SYSTEM: no descriptors; UNSUPPORTED: not on Windows, where
///     calc_ipc_client_wait_handle() gives a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_fd(
    client: *const calc_ipc_client,
    fd: *mut c_int,
) -> calc_ipc_status {
    // SAFETY: the caller promises a live handle, and a place for a number (header, Arguments).
    guard(|| unsafe {
        let mut fd = Out::new(fd, "fd")?;
        let client = handle::get(client)?;
        let number = known::NUMBER.ok_or_else(no_descriptor)?;
        fd.write(number(client.source()?));
        Ok(())
    })
}

/// Gives a handle to wait for, on Windows, in an event loop of your own (WaitForMultipleObjects), which
/// then takes completions: a manual-reset event, which follows the rule of calc_ipc_client_fd().
///
/// It is signalled at the latest when calc_ipc_client_next() would give a completion, and once that has
/// given TIMED_OUT with a timeout of 0, it is not, until something happens. So take completions until
/// TIMED_OUT, then wait again. The handle stays the same for the client's life. Never set, reset or close
/// it, and wait for it no more before calc_ipc_client_destroy(), which closes it.
///
/// @param client  The client.
/// @param out     Takes the handle.
/// @return OK; SYSTEM: no handles; UNSUPPORTED: not on this system, where calc_ipc_client_fd() gives a
///     descriptor.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_wait_handle(
    client: *const calc_ipc_client,
    out: *mut *mut std::ffi::c_void,
) -> calc_ipc_status {
    // SAFETY: the caller promises a live handle, and a place for a pointer (header, Arguments).
    guard(|| unsafe {
        let mut out = Out::new(out, "handle")?;
        let client = handle::get(client)?;
        let wait_handle = known::WAIT_HANDLE.ok_or_else(no_wait_handle)?;
        let handle = wait_handle(client.source()?);
        out.write(handle.map_err(|error| Error::os("a handle to wait for", &error))?);
        Ok(())
    })
}

/// The completion as C has it. Of one that failed, the thread's last error tells more.
fn told(completion: Completion) -> calc_ipc_completion {
    let Completion { id, tag, outcome } = completion;
    let (status, flags, length) = match outcome {
        Ok(length) => (CALC_IPC_STATUS_OK, 0, length),
        Err(error) => {
            super::last_error::set_of_call(&error);
            let flags = match error.is_not_executed() {
                true => CALC_IPC_COMPLETION_NOT_EXECUTED,
                false => 0,
            };
            (error.status() as calc_ipc_status, flags, 0)
        }
    };
    calc_ipc_completion {
        status,
        flags,
        tag,
        id,
        ..calc_ipc_completion::of(length)
    }
}

impl From<Answered> for calc_ipc_completion {
    #[inline]
    fn from(Answered { id, tag, length }: Answered) -> Self {
        Self {
            tag,
            id,
            ..Self::of(length)
        }
    }
}

impl calc_ipc_completion {
    const SIZE: u32 = 40;

    /// One that tells nothing but the length of an answer.
    #[inline]
    fn of(length: usize) -> Self {
        Self {
            size: Self::SIZE,
            status: CALC_IPC_STATUS_OK,
            flags: 0,
            reserved: 0,
            length: length as u64,
            tag: 0,
            id: 0,
        }
    }
}

/// The failure to give a descriptor where there are none.
fn no_descriptor() -> Error {
    let context = "descriptors are not for this system; calc_ipc_client_wait_handle gives a handle";
    Error::new(Status::Unsupported, context)
}

/// The failure to give a handle where there are none.
fn no_wait_handle() -> Error {
    let context = "handles to wait for are for Windows; calc_ipc_client_fd gives a descriptor";
    Error::new(Status::Unsupported, context)
}
