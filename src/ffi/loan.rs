//! Large messages without copies.

use super::client::calc_ipc_client;
use super::guard::{guard, guard_call};
use super::handle::{self, Handle as _};
use super::pointer::Out;
use super::status::calc_ipc_status;
use super::timeout;
use crate::error::{Error, Result, Status};
use crate::service::Place;
use std::ptr;

/// Lends memory for a message, where the transport will read it.
///
/// Over shared memory that is memory which the server reads; elsewhere it is private memory, with the same
/// result, only slower. A loan occupies one connection until calc_ipc_client_give_back(): calls go over the
/// others, or get BUSY, or wait, as if a call were under way. calc_ipc_client_destroy() ends it, too. In a
/// forked child the memory must not be touched.
///
/// @param client   The client.
/// @param length   The most bytes that the message will have, `max_message` of the client's options at most.
/// @param message  Takes the address of memory for at least so many bytes, a multiple of 64; NULL on failure.
///                 What stands there means nothing.
/// @return OK; TOO_LARGE: over this client's `max_message`; a server's lower limit shows at
///     calc_ipc_client_call_loaned(); BUSY, TIMED_OUT, CLOSED, PEER_DIED, REFUSED, CANCELLED, NOT_CONNECTED,
///     FORKED and SYSTEM as calc_ipc_client_call(), for which it may wait as long: for a connection, for what
///     the server shares, for a late answer. Nothing was sent.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_loan(
    client: *const calc_ipc_client,
    length: usize,
    message: *mut *mut u8,
) -> calc_ipc_status {
    // SAFETY: the caller promises a live handle, and pointers that are NULL or valid (header, Arguments).
    let arguments = || unsafe {
        let mut message = Out::new(message, "message")?;
        message.write(ptr::null_mut());
        Ok((handle::get(client)?, message))
    };
    guard_call(arguments, |(client, mut message)| {
        message.write(client.loan(length)?.as_ptr());
        Ok(())
    })
}

/// Sends a message that lies in a loan, and waits for the answer, which is read where it lies.
///
/// A loan serves any number of calls, one after another. The answer stays as it is until the next
/// calc_ipc_client_call_loaned() with this loan, or until that is given back. It is at an address that is a
/// multiple of 16. Over shared memory a client whose `server_uid` is CALC_IPC_SERVER_UID_OWN reads large answers where the
/// server wrote them, and trusts it not to change them; any other is given a copy.
///
/// @param client         The client.
/// @param timeout_ms     How many milliseconds the call may take, or CALC_IPC_TIMEOUT_DEFAULT, or
///                       CALC_IPC_TIMEOUT_NONE; not 0.
/// @param message        What calc_ipc_client_loan() gave.
/// @param length         Bytes of the message, as many as were asked for at most.
/// @param answer         Takes the address of the answer; NULL on failure.
/// @param answer_length  Takes the length of the answer; 0 on failure.
/// @return OK; INVALID_ARGUMENT: also a message that is no loan of this client's, or longer than that, or
///     whose loan is spent; BUSY: another call with this loan is under way; TOO_LARGE: the message is over the
///     server's `max_message`, which closes the connection, or the answer is over this client's, and was
///     dropped; HANDLER_FAILED; TIMED_OUT, CLOSED, PEER_DIED, REFUSED, CANCELLED, FORKED and SYSTEM as
///     calc_ipc_client_call(). After TIMED_OUT, CLOSED, PEER_DIED or CANCELLED, if the message may have been
///     sent (calc_ipc_last_not_executed()), the loan is spent: do not write to it, and give it back.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_call_loaned(
    client: *const calc_ipc_client,
    timeout_ms: u32,
    message: *mut u8,
    length: usize,
    answer: *mut *const u8,
    answer_length: *mut usize,
) -> calc_ipc_status {
    // SAFETY: the caller promises a live handle, and pointers that are NULL or valid (header, Arguments).
    let arguments = || unsafe {
        let mut answer = Out::new(answer, "answer")?;
        answer.write(ptr::null());
        let mut answer_length = Out::new(answer_length, "answer_length")?;
        answer_length.write(0);
        let message = place(message)?;
        Ok((handle::get(client)?, message, answer, answer_length))
    };
    guard_call(arguments, |(client, message, mut answer, mut taken)| {
        let limit = timeout::limit(timeout_ms).map_err(Error::not_executed)?;
        let found = client.call_loaned(limit, message, length)?;
        answer.write(found.place.as_ptr().cast_const());
        taken.write(found.length);
        Ok(())
    })
}

/// Ends a loan: its memory, and the last answer, must not be used again.
///
/// @param client   The client; NULL does nothing.
/// @param message  What calc_ipc_client_loan() gave. NULL, what is no loan of this client's, and one with
///                 which a call is under way are ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_give_back(
    client: *const calc_ipc_client,
    message: *const u8,
) {
    guard(|| {
        // SAFETY: the caller promises a live handle, or NULL (header, Arguments).
        let client = unsafe { handle::look(client) };
        if let (Some(client), Some(message)) = (client, Place::of_host(message)) {
            client.inside().give_back(message);
        }
        Ok(())
    });
}

fn place(message: *const u8) -> Result<Place> {
    let why = || Error::new(Status::InvalidArgument, "message is NULL");
    Place::of_host(message).ok_or_else(why)
}
