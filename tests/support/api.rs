//! The C interface's transports as values, so that one suite runs over all of them.

use crate::support::{Address, PORT, TRANSPORTS};
#[cfg(windows)]
use calc_ipc::ffi::named_pipe::*;
use calc_ipc::ffi::{client::*, server::*, tcp::*};
#[cfg(unix)]
use calc_ipc::ffi::{fifo::*, seqpacket::*, uds::*};
use calc_ipc::ffi::{handler::*, message::*, options::*, shm::*, status::*};
use std::ffi::{CStr, CString, c_void};
use std::ptr::{dangling_mut, null};

/// A handle of any type: where types matter is `ffi_arguments.rs`.
#[derive(Clone, Copy)]
pub(crate) struct Handle(pub(crate) *mut c_void);

// SAFETY: the header lets any thread use a handle.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

pub(crate) type Options = *const calc_ipc_server_options;

/// The functions of one transport, the address apart.
pub(crate) struct Api {
    pub(crate) name: &'static str,
    pub(crate) create_server:
        fn(&Address, calc_ipc_handler, *mut c_void, Options) -> (calc_ipc_status, Handle),
    pub(crate) run: fn(Handle) -> calc_ipc_status,
    pub(crate) start: fn(Handle) -> calc_ipc_status,
    pub(crate) stop: fn(Handle) -> calc_ipc_status,
    pub(crate) request_stop: fn(Handle),
    pub(crate) destroy_server: fn(Handle),
    pub(crate) create_client: fn(&Address) -> (calc_ipc_status, Handle),
    pub(crate) call: fn(Handle, *const calc_ipc_request, *mut calc_ipc_response) -> calc_ipc_status,
    pub(crate) destroy_client: fn(Handle),
}

/// An [`Api`] of functions whose names follow the pattern.
macro_rules! api {
    (
        $name:ident, $address:ident => ($($argument:expr),*),
        $create_server:ident $run:ident $start:ident $stop:ident $request_stop:ident
        $destroy_server:ident $create_client:ident $call:ident $destroy_client:ident
    ) => {
        Api {
            name: stringify!($name),
            create_server: |$address, handler, user_data, options| {
                let mut out = dangling_mut();
                // SAFETY: strings and a local; the tests give handlers and options that are valid.
                let status = unsafe {
                    $create_server($($argument,)* handler, user_data, options, &raw mut out)
                };
                (status, Handle(out.cast()))
            },
            // SAFETY: the tests pass handles of this transport that are live.
            run: |server| unsafe { $run(server.0.cast()) },
            // SAFETY: as above.
            start: |server| unsafe { $start(server.0.cast()) },
            // SAFETY: as above.
            stop: |server| unsafe { $stop(server.0.cast()) },
            // SAFETY: as above.
            request_stop: |server| unsafe { $request_stop(server.0.cast()) },
            // SAFETY: as above.
            destroy_server: |server| unsafe { $destroy_server(server.0.cast()) },
            create_client: |$address| {
                let mut out = dangling_mut();
                // SAFETY: strings and a local.
                let status = unsafe { $create_client($($argument,)* null(), &raw mut out) };
                (status, Handle(out.cast()))
            },
            // SAFETY: as above, with messages that are locals.
            call: |client, request, response| unsafe { $call(client.0.cast(), request, response) },
            // SAFETY: as above.
            destroy_client: |client| unsafe { $destroy_client(client.0.cast()) },
        }
    };
}

#[cfg(unix)]
pub(crate) const APIS: [Api; 6] = [FIFO, SHM, UDS, SEQPACKET, TCP, URL];
#[cfg(windows)]
pub(crate) const APIS: [Api; 4] = [NAMED_PIPE, SHM, TCP, URL];

#[cfg(unix)]
const FIFO: Api = api!(fifo, address => (path(address, "q").as_ptr(), path(address, "a").as_ptr()),
    calc_ipc_fifo_server_create calc_ipc_fifo_server_run calc_ipc_fifo_server_start
    calc_ipc_fifo_server_stop calc_ipc_fifo_server_request_stop calc_ipc_fifo_server_destroy
    calc_ipc_fifo_client_create calc_ipc_fifo_client_call calc_ipc_fifo_client_destroy);

const SHM: Api = api!(shm, address => (text(&address.word).as_ptr()),
    calc_ipc_shm_server_create calc_ipc_shm_server_run calc_ipc_shm_server_start
    calc_ipc_shm_server_stop calc_ipc_shm_server_request_stop calc_ipc_shm_server_destroy
    calc_ipc_shm_client_create calc_ipc_shm_client_call calc_ipc_shm_client_destroy);

#[cfg(unix)]
const UDS: Api = api!(uds, address => (path(address, "sock").as_ptr()),
    calc_ipc_uds_server_create calc_ipc_uds_server_run calc_ipc_uds_server_start
    calc_ipc_uds_server_stop calc_ipc_uds_server_request_stop calc_ipc_uds_server_destroy
    calc_ipc_uds_client_create calc_ipc_uds_client_call calc_ipc_uds_client_destroy);

#[cfg(unix)]
const SEQPACKET: Api = api!(seqpacket, address => (path(address, "sock").as_ptr()),
    calc_ipc_seqpacket_server_create calc_ipc_seqpacket_server_run calc_ipc_seqpacket_server_start
    calc_ipc_seqpacket_server_stop calc_ipc_seqpacket_server_request_stop calc_ipc_seqpacket_server_destroy
    calc_ipc_seqpacket_client_create calc_ipc_seqpacket_client_call calc_ipc_seqpacket_client_destroy);

#[cfg(windows)]
const NAMED_PIPE: Api = api!(named_pipe, address => (text(&address.word).as_ptr()),
    calc_ipc_named_pipe_server_create calc_ipc_named_pipe_server_run calc_ipc_named_pipe_server_start
    calc_ipc_named_pipe_server_stop calc_ipc_named_pipe_server_request_stop calc_ipc_named_pipe_server_destroy
    calc_ipc_named_pipe_client_create calc_ipc_named_pipe_client_call calc_ipc_named_pipe_client_destroy);

const TCP: Api = api!(tcp, address => (text(&address.host).as_ptr(), PORT),
    calc_ipc_tcp_server_create calc_ipc_tcp_server_run calc_ipc_tcp_server_start
    calc_ipc_tcp_server_stop calc_ipc_tcp_server_request_stop calc_ipc_tcp_server_destroy
    calc_ipc_tcp_client_create calc_ipc_tcp_client_call calc_ipc_tcp_client_destroy);

const URL: Api = api!(url, address => (text(&(TRANSPORTS[0].url)(address)).as_ptr()),
    calc_ipc_server_create calc_ipc_server_run calc_ipc_server_start
    calc_ipc_server_stop calc_ipc_server_request_stop calc_ipc_server_destroy
    calc_ipc_client_create calc_ipc_client_call calc_ipc_client_destroy);

#[cfg(unix)]
fn path(address: &Address, name: &str) -> CString {
    text(&address.path(name))
}

pub(crate) fn text(text: &str) -> CString {
    CString::new(text).expect("no NUL")
}

impl Api {
    pub(crate) fn server(
        &self,
        address: &Address,
        handler: calc_ipc_handler,
        user_data: *mut c_void,
    ) -> Handle {
        let (status, server) = (self.create_server)(address, handler, user_data, null());
        assert_eq!(
            status,
            CALC_IPC_STATUS_OK,
            "{}: {}",
            self.name,
            last_error()
        );
        assert!(!server.0.is_null());
        server
    }

    pub(crate) fn client(&self, address: &Address) -> Handle {
        let (status, client) = (self.create_client)(address);
        assert_eq!(
            status,
            CALC_IPC_STATUS_OK,
            "{}: {}",
            self.name,
            last_error()
        );
        client
    }

    /// The result of an operation on 10 and 20, which there is.
    pub(crate) fn ask(&self, client: Handle, operation: i32) -> i64 {
        let (status, response) = call(
            |request, response| (self.call)(client, request, response),
            operation,
        );
        assert_eq!(
            status,
            CALC_IPC_STATUS_OK,
            "{}: {}",
            self.name,
            last_error()
        );
        assert_ne!(
            response.success.0,
            0,
            "{}: {}",
            self.name,
            error_of(&response)
        );
        response.result
    }
}

/// Asks for an operation on 10 and 20.
pub(crate) fn call(
    call: impl FnOnce(*const calc_ipc_request, *mut calc_ipc_response) -> calc_ipc_status,
    operation: i32,
) -> (calc_ipc_status, calc_ipc_response) {
    let request = calc_ipc_request {
        operation,
        arg1: 10,
        arg2: 20,
    };
    let mut response = calc_ipc_response {
        success: calc_ipc_bool(0),
        result: 99,
        error: [0; CALC_IPC_ERROR_CAPACITY],
    };
    (call(&raw const request, &raw mut response), response)
}

pub(crate) fn error_of(response: &calc_ipc_response) -> &str {
    // SAFETY: the library ends every error with a NUL.
    unsafe { CStr::from_ptr(response.error.as_ptr()) }
        .to_str()
        .expect("UTF-8")
}

pub(crate) fn last_error() -> String {
    // SAFETY: the library's string, read before this thread's next failure.
    let text = unsafe { CStr::from_ptr(calc_ipc_last_error()) };
    text.to_str().expect("UTF-8").to_owned()
}
