//! Observers: what happens to the clients of a server.

use super::handler::UserData;
use super::message::CALC_IPC_ERROR_CAPACITY;
use super::peer::calc_ipc_peer;
use super::status::calc_ipc_status;
use crate::protocol::ErrorText;
use crate::service::{Event, Observer};
use crate::transport::Visit;
use std::ffi::{c_char, c_void};

/// A client came.
pub const CALC_IPC_EVENT_CAME: i32 = 1;
/// A client that came has gone; `status` is STOPPED if it was there until serving ended, else OK.
pub const CALC_IPC_EVENT_LEFT: i32 = 2;
/// A client was not let in; `text` says why, and `status` is REFUSED, PERMISSION_DENIED or SYSTEM.
pub const CALC_IPC_EVENT_REFUSED: i32 = 3;
/// The server ended a client's connection; `text` says why, and `status` is TIMED_OUT, TOO_LARGE,
/// MALFORMED or SYSTEM.
pub const CALC_IPC_EVENT_DROPPED: i32 = 4;
/// The handler failed on a client's request; `text` is what it said, `status` is HANDLER_FAILED.
pub const CALC_IPC_EVENT_HANDLER_FAILED: i32 = 5;

/// What happened to a client.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct calc_ipc_event {
    /// Bytes of the struct, set by the library: read no further.
    pub size: u32,
    /// CALC_IPC_EVENT_CAME, or another. Ignore those that you do not know.
    pub kind: i32,
    /// What kind of failure it is; OK: none.
    pub status: i32,
    /// 0.
    pub reserved: u32,
    /// Who it happened to; not NULL, and gone when the call returns.
    pub peer: *const calc_ipc_peer,
    /// What happened, for people; not NULL, and gone when the call returns.
    pub text: *const c_char,
}

// Pointers are the last fields, so that nothing is padding.
const _: () = assert!(size_of::<calc_ipc_event>() == 4 * 4 + 2 * size_of::<usize>());

/// A function that is told what happens to the clients of a server.
///
/// Each CALC_IPC_EVENT_CAME is followed by exactly one CALC_IPC_EVENT_LEFT or CALC_IPC_EVENT_DROPPED of
/// the same connection. It is called inside run, in the threads that start makes, and inside
/// calc_ipc_server_dispatch(); where that is used, inside stop and destroy, too. It is called in several
/// threads at once, but not for one connection. It must not wait, since clients do meanwhile, and has to
/// return: no exception and no longjmp may leave it. It may call calc_ipc_server_request_stop(),
/// calc_ipc_server_stats() and calc_ipc_current_peer(); stopping its server gives BUSY, and destroying it
/// does nothing. `observer_data` is that of the options, and has to live until destroy returns.
pub type calc_ipc_observer =
    Option<unsafe extern "C" fn(event: *const calc_ipc_event, observer_data: *mut c_void)>;

/// The observer that calls `function` with `data`.
pub(super) fn observer(function: calc_ipc_observer, data: *mut c_void) -> Option<Box<Observer>> {
    let (function, data) = (function?, UserData(data));
    Some(Box::new(move |event| {
        let (peer, text) = (event.visitor().into(), terminated(event.text()));
        let told = calc_ipc_event {
            size: SIZE,
            kind: kind(event),
            status: event.status() as calc_ipc_status,
            reserved: 0,
            peer: &raw const peer,
            text: text.as_ptr(),
        };
        // SAFETY: all of it lives until the call returns, and the function is one that the caller said may be called
        // like this.
        unsafe { function(&raw const told, data.get()) };
    }))
}

#[expect(clippy::cast_possible_truncation, reason = "it is 32 at most")]
const SIZE: u32 = size_of::<calc_ipc_event>() as u32;

fn kind(event: &Event<'_>) -> i32 {
    match event {
        Event::Visit(_, Visit::Came) => CALC_IPC_EVENT_CAME,
        Event::Visit(_, Visit::Left | Visit::Ended) => CALC_IPC_EVENT_LEFT,
        Event::Visit(_, Visit::Refused(_)) => CALC_IPC_EVENT_REFUSED,
        Event::Visit(_, Visit::Dropped(_)) => CALC_IPC_EVENT_DROPPED,
        Event::HandlerFailed(..) => CALC_IPC_EVENT_HANDLER_FAILED,
    }
}

/// The text as C has it, as long as an error's may be.
fn terminated(text: &str) -> [c_char; CALC_IPC_ERROR_CAPACITY] {
    let mut room = [0; CALC_IPC_ERROR_CAPACITY];
    let text = ErrorText::from(text);
    for (to, from) in room.iter_mut().zip(text.as_bytes()) {
        *to = c_char::from_ne_bytes([*from]);
    }
    room
}
