//! Servers in the host's own event loop.

use super::guard::guard;
use super::handle;
use super::pointer::Out;
use super::server::calc_ipc_server;
use super::status::calc_ipc_status;
use super::timeout;
use crate::error::{Error, Status};
use crate::sys::known;
use std::ffi::{c_int, c_void};

/// Gives a descriptor to watch for reading in an event loop of your own, which then drives the server:
/// by calc_ipc_server_dispatch(), in place of run and start.
///
/// It is readable at the latest when calc_ipc_server_dispatch() would do something, the dropping of
/// clients that are too slow included. It may be so without; once calc_ipc_server_dispatch() with a
/// timeout of 0 has given TIMED_OUT, it is not, until something happens. A turn that leaves work leaves
/// it readable: so one call for each time that the loop wakes up is enough where the loop is
/// level-triggered, and an edge-triggered one calls until TIMED_OUT. The number stays the same for the
/// server's life. Never read, write or close it, nor set its flags. After STOPPED it stays readable:
/// take it out of your loop, at the latest before calc_ipc_server_destroy(), which closes it.
/// Descriptors of event loops may be watched by others in turn: at most four above this one.
///
/// The first of these calls, or of calc_ipc_server_dispatch(), is what the beginning of
/// calc_ipc_server_run() is.
///
/// @param server  The server.
/// @param fd      Takes the descriptor.
/// @return OK; BUSY: it was run or started, or another thread makes the first of these calls;
///     INVALID_ARGUMENT: also `workers` over 1; STOPPED; FORKED; PERMISSION_DENIED: as run; SYSTEM;
///     UNSUPPORTED: a server at stdio:, and not on Windows, where calc_ipc_server_wait_handle() gives
///     a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_server_fd(
    server: *const calc_ipc_server,
    fd: *mut c_int,
) -> calc_ipc_status {
    // SAFETY: the caller promises a live handle, and a place for a number (header, Arguments).
    guard(|| unsafe {
        let mut fd = Out::new(fd, "fd")?;
        let server = handle::get(server)?;
        let number = known::NUMBER.ok_or_else(no_descriptor)?;
        fd.write(number(server.source()?));
        Ok(())
    })
}

/// Gives a handle to wait for, on Windows, in an event loop of your own (WaitForMultipleObjects), which
/// then drives the server by calc_ipc_server_dispatch(): a manual-reset event, which follows the rule of
/// calc_ipc_server_fd().
///
/// It is signalled at the latest when calc_ipc_server_dispatch() would do something, and once that has
/// given TIMED_OUT with a timeout of 0, it is not, until something happens. A turn that leaves work
/// leaves it signalled, and so does STOPPED. The handle stays the same for the server's life. Never set,
/// reset or close it, and wait for it no more before calc_ipc_server_destroy(), which closes it.
///
/// @param server  The server.
/// @param out     Takes the handle.
/// @return OK; BUSY, INVALID_ARGUMENT, STOPPED and PERMISSION_DENIED as calc_ipc_server_fd(); SYSTEM;
///     UNSUPPORTED: a server at stdio:, and not on this system, where calc_ipc_server_fd() gives a
///     descriptor.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_server_wait_handle(
    server: *const calc_ipc_server,
    out: *mut *mut c_void,
) -> calc_ipc_status {
    // SAFETY: the caller promises a live handle, and a place for a pointer (header, Arguments).
    guard(|| unsafe {
        let mut out = Out::new(out, "handle")?;
        let server = handle::get(server)?;
        let wait_handle = known::WAIT_HANDLE.ok_or_else(no_wait_handle)?;
        let handle = wait_handle(server.source()?);
        out.write(handle.map_err(|error| Error::os("a handle to wait for", &error))?);
        Ok(())
    })
}

/// One turn of a server in this thread: lets clients in, reads what they ask, runs handlers, answers.
/// Handlers and the observer run in it, and nowhere else but in the stop.
///
/// The first of these calls is what the beginning of calc_ipc_server_run() is: from then on the server
/// has no thread but those that call this, one at a time, and run and start give BUSY for good, as this
/// does after them. `stop_when_idle` is ignored, and `workers` is 1 or 0. calc_ipc_server_stop() and
/// calc_ipc_server_destroy() may be called in any thread: they wait for a call that is under way, and
/// close everything themselves; calc_ipc_server_request_stop() leaves that to the next call.
///
/// @param server      The server.
/// @param timeout_ms  How many milliseconds to wait for something to do; 0: only look; or
///                    CALC_IPC_TIMEOUT_NONE.
/// @return OK: something was done; TIMED_OUT: there was nothing to do; STOPPED; BUSY: another call is
///     under way, or this one comes from the server's handler, or it was run or started;
///     INVALID_ARGUMENT: also CALC_IPC_TIMEOUT_DEFAULT, and `workers` over 1; FORKED;
///     PERMISSION_DENIED: as run; UNSUPPORTED: a server at stdio:; or why serving failed.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_server_dispatch(
    server: *const calc_ipc_server,
    timeout_ms: u32,
) -> calc_ipc_status {
    // SAFETY: the handle is live; destroy may overlap this and waits for it.
    guard(|| unsafe {
        let server = handle::hold(server)?;
        let wait = timeout::wait(timeout_ms)?;
        match handle::Handle::inside(&*server).dispatch(wait)? {
            true => Ok(()),
            false => Err(Error::new(Status::TimedOut, "nothing to do")),
        }
    })
}

/// The failure to give a descriptor where there are none.
fn no_descriptor() -> Error {
    let context = "descriptors are not for this system; calc_ipc_server_wait_handle gives a handle";
    Error::new(Status::Unsupported, context)
}

/// The failure to give a handle where there are none.
fn no_wait_handle() -> Error {
    let context = "handles to wait for are for Windows; calc_ipc_server_fd gives a descriptor";
    Error::new(Status::Unsupported, context)
}
