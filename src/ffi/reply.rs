//! Answers that come later.
//!
//! A reply is a counted reference to what its connection keeps, so that none is allocated for a request; the lowest bits of
//! the pointer say which of the connection's requests it is for. So a reply that was ended is told from the next one of
//! its connection.

use super::guard::guard;
use super::handle;
use super::handler::UserData;
use super::message::{calc_ipc_response, load};
use super::options::calc_ipc_server_options;
use super::pointer;
use super::server::{calc_ipc_server, server};
use super::status::{CALC_IPC_STATUS_OK, calc_ipc_status};
use crate::error::{Error, Result, Status};
use crate::service::{Handler, Reply};
use crate::transport::{Deferral, NO_TRANSPORTS, unsupported};
use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::{mem, ptr, slice};

/// The right to answer one request, once: by calc_ipc_reply_send(), calc_ipc_reply_send_response() or
/// calc_ipc_reply_fail(), which end it. It is not to be used after that.
pub struct calc_ipc_reply {
    _opaque: (),
}

/// A function that has messages of your own answered, now or later.
///
/// It ends `reply`, or keeps it for any thread to end it at any later time. Until then the connection is parked: no
/// further request of it is read, and no timeout of the server's runs for it. So calls that one connection has under way
/// wait for each other; a client with the option `connections` has several. The `length` bytes at `request`, which is not
/// NULL even if the message is empty, are valid until the function returns, and begin at a multiple of
/// CALC_IPC_ALIGNMENT. Everything else is as for calc_ipc_handler.
pub type calc_ipc_deferred_handler = Option<
    unsafe extern "C" fn(
        reply: *mut calc_ipc_reply,
        request: *const u8,
        length: usize,
        user_data: *mut c_void,
    ),
>;

/// Creates a server of messages of your own whose answers may come later, as calc_ipc_server_create_bytes() does.
///
/// calc_ipc_server_stop() and calc_ipc_server_destroy() do not wait for replies that are out: their clients get CLOSED. Such
/// replies still have to be ended, and give STOPPED. So has one whose client has gone, which leaves its place to another
/// client: who keeps many replies asks calc_ipc_reply_check() now and then.
///
/// @param url        The address, of any transport but exec:, as the opening comment says.
/// @param handler    What answers; not NULL.
/// @param user_data  Passed to `handler`; has to live until destroy returns.
/// @param options    NULL: the defaults. `max_message` bounds requests and answers, `max_clients` the replies that are out
///                   to clients that are there.
/// @param out        Takes the server, to be destroyed; NULL on failure.
/// @return As calc_ipc_server_create().
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_server_create_deferred(
    url: *const c_char,
    handler: calc_ipc_deferred_handler,
    user_data: *mut c_void,
    options: *const calc_ipc_server_options,
    out: *mut *mut calc_ipc_server,
) -> calc_ipc_status {
    let handler = || deferred_handler(handler, user_data);
    // SAFETY: the caller promises pointers that are NULL or valid (header, Arguments).
    guard(|| unsafe { handle::create(out, || server(url, handler, options)) })
}

/// Answers the request, and ends the reply, whatever it returns. It never waits, and any thread may call it.
///
/// @param reply   The reply.
/// @param answer  The answer, which is copied; may be NULL if it is empty.
/// @param length  Bytes at `answer`.
/// @return OK: it was taken, which does not say that it arrives; CLOSED: the client has gone; STOPPED: the server was
///     stopped; FORKED: the reply is the parent's, for which nothing happens; TOO_LARGE: over `max_message`, SYSTEM: no
///     memory for it, or INVALID_ARGUMENT: NULL with a length, after which the client gets HANDLER_FAILED;
///     INVALID_ARGUMENT: also a reply that was ended before, where that can be told.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_reply_send(
    reply: *mut calc_ipc_reply,
    answer: *const u8,
    length: usize,
) -> calc_ipc_status {
    // SAFETY: the caller promises a reply that was not ended, and pointers that are NULL or valid (header, Arguments).
    if unsafe { send_inside(reply, answer, length) } {
        return CALC_IPC_STATUS_OK;
    }
    // SAFETY: as above.
    guard(|| unsafe {
        let reply = take(reply)?;
        match pointer::array(answer, length, "answer") {
            Ok(answer) => reply.send(answer),
            Err(refusal) => Err(failed(reply, refusal.into())),
        }
    })
}

/// As calc_ipc_reply_send(), with the answer that a calculator would give: calc_ipc_client_call() reads it.
///
/// @param reply     The reply.
/// @param response  The answer; not NULL.
/// @return As there.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_reply_send_response(
    reply: *mut calc_ipc_reply,
    response: *const calc_ipc_response,
) -> calc_ipc_status {
    // SAFETY: the caller promises a reply that was not ended, and pointers that are NULL or valid (header, Arguments).
    guard(|| unsafe {
        let reply = take(reply)?;
        match load(response, "response") {
            Ok(response) => reply.send_response(&response),
            Err(refusal) => Err(failed(reply, refusal.into())),
        }
    })
}

/// Gives the client HANDLER_FAILED, and ends the reply. Any thread may call it.
///
/// @param reply  The reply; NULL does nothing.
/// @param text   Why, for the server's side alone. NULL: what calc_ipc_current_failure() was told in the handler that this
///               thread is inside of, if it was.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_reply_fail(
    reply: *mut calc_ipc_reply,
    text: *const c_char,
) {
    // SAFETY: the caller promises a reply that was not ended, and a pointer that is NULL or valid (header, Arguments).
    guard(|| unsafe {
        let reply = take(reply)?;
        match pointer::c_string(text, "text") {
            Ok(text) => reply.fail(text.to_bytes()),
            Err(_) => reply.fail_as_said(b"it did not say why"),
        }
        Ok(())
    });
}

/// Whether somebody waits for the answer, as far as is known: to find out before long work, or now and then.
///
/// A caller whose time is over still looks like one who waits. Over TCP, and if the client has closed its side for writing
/// only, its end shows when the answer is sent.
///
/// @param reply  The reply, which stays as it is.
/// @return OK; CLOSED: the client has gone; STOPPED; FORKED; INVALID_ARGUMENT: also a reply that was ended, where that can
///     be told. The reply has to be ended in any case.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_reply_check(
    reply: *const calc_ipc_reply,
) -> calc_ipc_status {
    // SAFETY: the caller promises a reply that was not ended (header, Arguments).
    guard(|| unsafe {
        let (deferral, tag) = look(reply)?;
        deferral.check(deferral.number(tag))
    })
}

/// The handler that calls `function`, which has to be there, with `user_data`.
fn deferred_handler(
    function: calc_ipc_deferred_handler,
    user_data: *mut c_void,
) -> Result<Handler> {
    let function =
        function.ok_or_else(|| Error::new(Status::InvalidArgument, "handler is NULL"))?;
    let user_data = UserData(user_data);
    Ok(Handler::deferred(move |reply, request| {
        // SAFETY: the slice lives until the call returns, and the function is one that the caller said may be called
        // like this.
        unsafe {
            function(
                give(reply),
                request.as_ptr(),
                request.len(),
                user_data.get(),
            )
        };
    }))
}

/// The bits of a pointer that say which request of a connection it is about: the lowest of its number.
const TAG: usize = u8::MAX as usize;
const _: () = assert!(align_of::<Deferral>() > TAG);

/// The reply for C, which ends it.
fn give(reply: Reply) -> *mut calc_ipc_reply {
    let Some((deferral, number)) = reply.into_parts() else {
        return ptr::null_mut();
    };
    let start = Arc::into_raw(deferral).cast_mut();
    start.map_addr(|start| start | number as usize & TAG).cast()
}

/// The pointer that [`give`] made a reply of.
fn start(reply: *const calc_ipc_reply) -> *const Deferral {
    reply.map_addr(|address| address & !TAG).cast()
}

/// What a reply is about, and its tag.
///
/// # Safety
///
/// `reply` is NULL, or came from [`give`] and was not ended.
unsafe fn look<'a>(reply: *const calc_ipc_reply) -> Result<(&'a Deferral, u8)> {
    if let Some(lack) = NO_TRANSPORTS.filter(|_| !reply.is_null()) {
        return Err(unsupported(lack));
    }
    // SAFETY: if not NULL, the reply's own reference keeps it alive.
    let deferral = unsafe { start(reply).as_ref() };
    let deferral =
        deferral.ok_or_else(|| Error::new(Status::InvalidArgument, "the reply is NULL"))?;
    let [tag, ..] = reply.addr().to_le_bytes();
    Ok((deferral, tag))
}

/// Answers inside of the reply's own handler, which no cancellation reaches, and where nothing here can fail; `false`: it
/// is not there, or what it is given has to be looked at.
///
/// # Safety
///
/// As for [`look`], and `answer` is NULL or points to `length` bytes.
#[inline]
unsafe fn send_inside(reply: *mut calc_ipc_reply, answer: *const u8, length: usize) -> bool {
    if reply.is_null() || answer.is_null() || length > isize::MAX as usize {
        return false;
    }
    // SAFETY: the caller's promise is the same, and the bytes are there.
    let (found, answer) = unsafe { (look(reply), slice::from_raw_parts(answer, length)) };
    let Ok((deferral, tag)) = found else {
        return false;
    };
    let number = deferral.number(tag);
    // SAFETY: what is written was out, so this is the reference that `give` gave away, taken back once; else it is let be.
    let sent = unsafe { Arc::from_raw(start(reply)) }.write(number, answer);
    sent.map_err(mem::forget).is_ok()
}

/// The reply that C ends.
///
/// # Safety
///
/// As for [`look`].
unsafe fn take(reply: *mut calc_ipc_reply) -> Result<Reply> {
    // SAFETY: the caller's promise is the same.
    let (deferral, tag) = unsafe { look(reply) }?;
    let number = deferral.number(tag);
    deferral.check_is_out(number)?;
    // SAFETY: it is out, so this is the reference that `give` gave away, taken back once.
    let deferral = unsafe { Arc::from_raw(start(reply)) };
    Ok(Reply::from_parts(deferral, number))
}

/// Ends the reply for this failure, which is the caller's to tell.
fn failed(reply: Reply, failure: Error) -> Error {
    reply.fail(failure.context().as_bytes());
    failure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::status::CALC_IPC_STATUS_INVALID_ARGUMENT;
    use crate::transport::parked;

    fn send(reply: *mut calc_ipc_reply) -> calc_ipc_status {
        // SAFETY: the tests keep what it is about, so that one that was ended can be told.
        unsafe { calc_ipc_reply_send(reply, c"x".as_ptr().cast(), 1) }
    }

    #[test]
    fn a_reply_is_ended_once_and_told_from_another() {
        let (connection, deferral, number) = parked();
        let kept = Arc::clone(&deferral);
        let reply = give(Reply::from_parts(deferral, number));
        assert_eq!(Arc::strong_count(&kept), 3);
        let other = reply.map_addr(|address| address ^ 1);
        assert_eq!(send(other), CALC_IPC_STATUS_INVALID_ARGUMENT);
        // SAFETY: as above.
        let checked = unsafe { calc_ipc_reply_check(reply) };
        assert_eq!(checked, CALC_IPC_STATUS_OK);
        assert_eq!(send(reply), CALC_IPC_STATUS_OK);
        assert_eq!(send(reply), CALC_IPC_STATUS_INVALID_ARGUMENT);
        assert_eq!(Arc::strong_count(&kept), 2);
        drop(connection);
        assert_eq!(Arc::strong_count(&kept), 1);
    }

    #[test]
    fn the_last_reply_frees_what_its_connection_left() {
        let (connection, deferral, number) = parked();
        let left = Arc::downgrade(&deferral);
        let reply = give(Reply::from_parts(deferral, number));
        drop(connection);
        // SAFETY: as above.
        unsafe { calc_ipc_reply_fail(reply, ptr::null()) };
        assert_eq!(left.strong_count(), 0);
    }
}
