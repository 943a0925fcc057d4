//! What the C interface promises about servers and clients that are alive.

#[path = "support/api.rs"]
mod api;
mod support;

use api::{APIS, Api, Handle, call, error_of, last_error};
use calc_ipc::ffi::{message::*, options::*, status::*};
use std::ffi::{c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::Mutex;
use std::thread;
use support::Address;

/// Runs a test over each transport.
fn over_each(test: fn(&Api, &Address)) {
    for api in &APIS {
        test(api, &Address::new());
    }
}

#[test]
fn a_server_starts_answers_and_stops() {
    over_each(|api, address| {
        let server = api.server(address, None, null_mut());
        assert_eq!((api.start)(server), CALC_IPC_STATUS_OK);
        assert_eq!((api.start)(server), CALC_IPC_STATUS_BUSY);
        let client = api.client(address);
        assert_eq!(api.ask(client, CALC_IPC_OPERATION_ADD), 30);
        assert_eq!(api.ask(client, CALC_IPC_OPERATION_MUL), 200);
        (api.destroy_client)(client);
        assert_eq!((api.stop)(server), CALC_IPC_STATUS_OK);
        assert_eq!((api.stop)(server), CALC_IPC_STATUS_OK);
        assert_eq!((api.run)(server), CALC_IPC_STATUS_STOPPED);
        (api.destroy_server)(server);
    });
}

#[test]
fn destroy_may_overlap_run() {
    over_each(|api, address| {
        let server = api.server(address, None, null_mut());
        thread::scope(|scope| {
            let run = scope.spawn(|| (api.run)(server));
            let client = api.client(address);
            assert_eq!(api.ask(client, CALC_IPC_OPERATION_SUB), -10);
            (api.destroy_server)(server);
            assert_eq!(run.join().unwrap(), CALC_IPC_STATUS_OK);
            (api.destroy_client)(client);
        });
    });
}

#[test]
fn a_stop_can_be_asked_for() {
    over_each(|api, address| {
        let server = api.server(address, None, null_mut());
        thread::scope(|scope| {
            let run = scope.spawn(|| (api.run)(server));
            (api.request_stop)(server);
            let status = run.join().unwrap();
            assert!(
                [CALC_IPC_STATUS_OK, CALC_IPC_STATUS_STOPPED].contains(&status),
                "{status}"
            );
        });
        (api.destroy_server)(server);
    });
}

#[test]
fn what_a_call_is_given_is_checked() {
    over_each(|api, address| {
        let server = api.server(address, None, null_mut());
        assert_eq!((api.start)(server), CALC_IPC_STATUS_OK);
        let client = api.client(address);
        let statuses = [
            call(
                |_, response| (api.call)(client, null(), response),
                CALC_IPC_OPERATION_ADD,
            )
            .0,
            call(
                |request, _| (api.call)(client, request, null_mut()),
                CALC_IPC_OPERATION_ADD,
            )
            .0,
            call(|request, response| (api.call)(client, request, response), 4).0,
            call(
                |request, response| (api.call)(client, request, response),
                -1,
            )
            .0,
        ];
        assert_eq!(statuses, [CALC_IPC_STATUS_INVALID_ARGUMENT; 4]);
        assert_eq!(
            api.ask(client, CALC_IPC_OPERATION_ADD),
            30,
            "nothing was sent"
        );
        (api.destroy_client)(client);
        (api.destroy_server)(server);
    });
}

#[test]
fn an_address_belongs_to_one_server() {
    over_each(|api, address| {
        let (status, client) = (api.create_client)(address);
        assert_eq!(status, CALC_IPC_STATUS_NOT_CONNECTED, "{}", api.name);
        assert!(client.0.is_null());
        assert!(names_the_address(address), "{}", last_error());

        let first = api.server(address, None, null_mut());
        let (status, second) = (api.create_server)(address, None, null_mut(), null());
        assert_eq!(status, CALC_IPC_STATUS_ADDRESS_IN_USE, "{}", api.name);
        assert!(second.0.is_null());
        assert!(names_the_address(address), "{}", last_error());
        (api.destroy_server)(first);
    });
}

/// Whether the last error says where, with the word of every path and name, or the host.
fn names_the_address(address: &Address) -> bool {
    let error = last_error();
    error.contains(&address.word) || error.contains(&address.host)
}

/// What callers of a later version have.
#[repr(C)]
struct Longer {
    options: calc_ipc_server_options,
    new: [u8; 24],
}

#[test]
fn options_as_init_leaves_them_suit_every_transport() {
    over_each(|api, address| {
        // In the first version, what came after the size was eight integers.
        let first = size_of::<usize>() + size_of::<[u32; 8]>();
        let now = size_of::<calc_ipc_server_options>();
        for size in [first, first + 4, now, size_of::<Longer>()] {
            // SAFETY: integers may be anything, and the size is within the struct's.
            let options = unsafe {
                let mut options: Longer = std::mem::transmute([0x55_u8; size_of::<Longer>()]);
                calc_ipc_server_options_init((&raw mut options).cast(), size);
                options
            };
            let given = (&raw const options).cast();
            let (status, server) = (api.create_server)(address, None, null_mut(), given);
            assert_eq!(status, CALC_IPC_STATUS_OK, "{}: {}", api.name, last_error());
            (api.destroy_server)(server);
        }
    });
}

/// Answers with what it was given, in every odd way that C can.
unsafe extern "C" fn odd(
    request: *const calc_ipc_request,
    response: *mut calc_ipc_response,
    user_data: *mut c_void,
) {
    // SAFETY: the library's structs, and the number that the test owns.
    let (request, response, number) =
        unsafe { (*request, &mut *response, *user_data.cast::<i64>()) };
    let is_zeroed = response.success.0 == 0 && response.result == 0;
    assert!(is_zeroed && response.error == [0; CALC_IPC_ERROR_CAPACITY]);
    if request.operation == CALC_IPC_OPERATION_ADD {
        response.success = calc_ipc_bool(0x80);
        response.result = request.arg1 + request.arg2 + number;
    } else {
        response.error = [c_char::try_from(b'x').expect("ASCII"); CALC_IPC_ERROR_CAPACITY];
    }
}

#[test]
fn a_handler_may_answer_in_odd_ways() {
    over_each(|api, address| {
        let mut number = 1000i64;
        let server = api.server(address, Some(odd), (&raw mut number).cast());
        assert_eq!((api.start)(server), CALC_IPC_STATUS_OK);
        let client = api.client(address);
        assert_eq!(api.ask(client, CALC_IPC_OPERATION_ADD), 1030);
        let (status, response) = call(
            |request, response| (api.call)(client, request, response),
            CALC_IPC_OPERATION_SUB,
        );
        assert_eq!((status, response.success.0), (CALC_IPC_STATUS_OK, 0));
        assert_eq!(error_of(&response), "x".repeat(255));
        (api.destroy_client)(client);
        (api.destroy_server)(server);
    });
}

/// A server that its own handler tries to stop and to destroy.
struct Inside {
    api: &'static Api,
    server: Mutex<Option<Handle>>,
}

unsafe extern "C" fn stop_and_destroy(
    _request: *const calc_ipc_request,
    response: *mut calc_ipc_response,
    user_data: *mut c_void,
) {
    // SAFETY: the library's struct, and the test's, which outlives the server.
    let (response, inside) = unsafe { (&mut *response, &*user_data.cast::<Inside>()) };
    let server = inside
        .server
        .lock()
        .ok()
        .and_then(|server| *server)
        .expect("the server is known");
    response.success = calc_ipc_bool(1);
    response.result = (inside.api.stop)(server).into();
    (inside.api.destroy_server)(server);
}

#[test]
fn a_handler_cannot_stop_or_destroy_its_server() {
    for api in &APIS {
        let address = Address::new();
        let mut inside = Inside {
            api,
            server: Mutex::new(None),
        };
        let user_data = (&raw mut inside).cast();
        let server = api.server(&address, Some(stop_and_destroy), user_data);
        // SAFETY: the handler has not run yet, and only reads.
        unsafe { &*user_data.cast::<Inside>() }
            .server
            .lock()
            .unwrap()
            .replace(server);
        assert_eq!((api.start)(server), CALC_IPC_STATUS_OK);
        let client = api.client(&address);
        for _ in 0..2 {
            let busy = i64::from(CALC_IPC_STATUS_BUSY);
            assert_eq!(
                api.ask(client, CALC_IPC_OPERATION_ADD),
                busy,
                "{}",
                api.name
            );
        }
        (api.destroy_client)(client);
        (api.destroy_server)(server);
    }
}
