//! What the C interface promises about options: how they are filled in, and which are refused.

use calc_ipc::ffi::{client::*, named_pipe::*, server::*, tcp::*};
use calc_ipc::ffi::{fifo::*, options::*, pipe::*, seqpacket::*, shm::*, status::*, uds::*};
use std::ffi::{c_char, c_void};
use std::ptr::{dangling_mut, null, null_mut};

/// An address that no options get as far as.
const NAME: *const c_char = c"/calc_ipc_test_of_options".as_ptr();

/// The sizes that the structs had in the first version, which every later one takes: 40 and 32, on 32 bits
/// 36 and 28.
const FIRST_SERVER_SIZE: usize = size_of::<usize>() + size_of::<[u32; 8]>();
const FIRST_CLIENT_SIZE: usize = size_of::<usize>() + size_of::<[u32; 6]>();

/// A struct of options in a larger room, as a caller of a later version has it.
#[repr(C)]
struct Room<T> {
    options: T,
    more: [u8; 24],
}

fn server_room(size: usize, more: [u8; 24]) -> Room<calc_ipc_server_options> {
    let mut room = Room {
        // SAFETY: integers may be 0.
        options: unsafe { std::mem::zeroed() },
        more,
    };
    // SAFETY: a local of this size.
    unsafe { calc_ipc_server_options_init(&raw mut room.options, size_of_val(&room.options)) };
    room.options.size = size;
    room
}

fn client_room(size: usize, more: [u8; 24]) -> Room<calc_ipc_client_options> {
    let mut room = Room {
        // SAFETY: integers may be 0.
        options: unsafe { std::mem::zeroed() },
        more,
    };
    // SAFETY: a local of this size.
    unsafe { calc_ipc_client_options_init(&raw mut room.options, size_of_val(&room.options)) };
    room.options.size = size;
    room
}

const URL: *const c_char = c"unix:///calc_ipc_test_of_options".as_ptr();

/// What a create gives, and whether it left NULL.
fn outcome<T>(create: impl FnOnce(*mut *mut T) -> calc_ipc_status) -> (calc_ipc_status, bool) {
    let mut out = dangling_mut();
    (create(&raw mut out), out.is_null())
}

/// The outcome of every create that takes options of a server.
fn create_servers(options: &Room<calc_ipc_server_options>) -> [(calc_ipc_status, bool); 8] {
    let options = (&raw const *options).cast();
    let data = null_mut();
    // SAFETY: strings, locals, and options of a size that is there or refused.
    unsafe {
        [
            outcome(|out| calc_ipc_fifo_server_create(NAME, NAME, None, data, options, out)),
            outcome(|out| calc_ipc_shm_server_create(NAME, None, data, options, out)),
            outcome(|out| calc_ipc_uds_server_create(NAME, None, data, options, out)),
            outcome(|out| calc_ipc_seqpacket_server_create(NAME, None, data, options, out)),
            outcome(|out| calc_ipc_tcp_server_create(NAME, 1, None, data, options, out)),
            outcome(|out| calc_ipc_named_pipe_server_create(NAME, None, data, options, out)),
            outcome(|out| calc_ipc_server_create(URL, None, data, options, out)),
            outcome(|out| calc_ipc_server_create_bytes(URL, Some(mute), data, options, out)),
        ]
    }
}

/// A handler that is never called.
unsafe extern "C" fn mute(_: *const u8, _: usize, _: *mut u8, _: usize, _: *mut c_void) -> usize {
    0
}

/// The outcome of every create that takes options of a client.
fn create_clients(options: &Room<calc_ipc_client_options>) -> [(calc_ipc_status, bool); 9] {
    let options = (&raw const *options).cast();
    let argv = [c"/bin/true".as_ptr(), null()];
    // SAFETY: strings, locals, and options of a size that is there or refused.
    unsafe {
        [
            outcome(|out| calc_ipc_fifo_client_create(NAME, NAME, options, out)),
            outcome(|out| calc_ipc_shm_client_create(NAME, options, out)),
            outcome(|out| calc_ipc_uds_client_create(NAME, options, out)),
            outcome(|out| calc_ipc_seqpacket_client_create(NAME, options, out)),
            outcome(|out| calc_ipc_tcp_client_create(NAME, 1, options, out)),
            outcome(|out| calc_ipc_named_pipe_client_create(NAME, options, out)),
            outcome(|out| calc_ipc_client_create(URL, options, out)),
            outcome(|out| calc_ipc_pipe_create(None, null_mut(), options, out)),
            outcome(|out| calc_ipc_pipe_spawn(argv.as_ptr(), options, out)),
        ]
    }
}

#[test]
fn init_writes_exactly_what_it_is_told_to() {
    let check = |init: &dyn Fn(*mut u8, usize), known: usize| {
        let mut whole = [0x55; 96];
        init(whole.as_mut_ptr(), 96);
        assert!(whole[known..].iter().all(|byte| *byte == 0));
        for size in 0..=96 {
            let mut buffer = [0x55; 96];
            init(buffer.as_mut_ptr(), size);
            let mut expected = whole;
            expected[..size_of::<usize>()].copy_from_slice(&size.to_ne_bytes());
            expected[size..].fill(0x55);
            assert_eq!(buffer, expected, "{size}");
        }
    };
    // SAFETY: 96 bytes are there, and no size is over that.
    let server = |start: *mut u8, size| unsafe { calc_ipc_server_options_init(start.cast(), size) };
    check(&server, size_of::<calc_ipc_server_options>());
    // SAFETY: as above.
    let client = |start: *mut u8, size| unsafe { calc_ipc_client_options_init(start.cast(), size) };
    check(&client, size_of::<calc_ipc_client_options>());
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let server = server_room(0, [0; 24]).options;
    assert_eq!(
        [
            server.max_clients,
            server.max_message,
            server.workers,
            server.mode
        ],
        [0, 65536, 0, 0o600]
    );
    assert_eq!(
        [
            server.idle_timeout_ms,
            server.spin_us,
            server.stop_when_idle,
            server.allow_remote
        ],
        [0, 50, 0, 0]
    );
    assert_eq!([server.in_place, server.stall_timeout_ms], [0, 0]);
    let client = client_room(0, [0; 24]).options;
    assert_eq!(
        [client.connect_timeout_ms, client.call_timeout_ms],
        [5000, 30000]
    );
    assert_eq!(
        [
            client.max_message,
            client.spin_us,
            client.server_uid,
            client.reserved
        ],
        [65536, 50, CALC_IPC_SERVER_UID_OWN, 0]
    );
    assert_eq!([client.connections, client.reconnect], [0, 0]);
}

#[test]
fn a_size_that_was_never_set_is_an_invalid_argument() {
    let refused = (CALC_IPC_STATUS_INVALID_ARGUMENT, true);
    let (server, client) = (FIRST_SERVER_SIZE, FIRST_CLIENT_SIZE);
    for size in [0, 1, server - 1, 4097, usize::MAX] {
        assert_eq!(
            create_servers(&server_room(size, [0; 24])),
            [refused; 8],
            "{size}"
        );
    }
    for size in [0, 1, client - 1, 4097, usize::MAX] {
        assert_eq!(
            create_clients(&client_room(size, [0; 24])),
            [refused; 9],
            "{size}"
        );
    }
}

#[test]
fn requests_are_read_in_place_for_one_user_alone() {
    let mut open = server_room(size_of::<calc_ipc_server_options>(), [0; 24]);
    open.options.in_place = 1;
    open.options.mode = 0o660;
    let (unsupported, here): (Vec<_>, Vec<_>) = create_servers(&open)
        .into_iter()
        .partition(|created| *created == (CALC_IPC_STATUS_UNSUPPORTED, true));
    // No system has all.
    assert!(!unsupported.is_empty() && !here.is_empty());
    let refused = (CALC_IPC_STATUS_INVALID_ARGUMENT, true);
    assert!(here.iter().all(|created| *created == refused), "{here:?}");
}

#[test]
fn what_this_version_does_not_know_has_to_be_0() {
    let refused = (CALC_IPC_STATUS_UNSUPPORTED, true);
    for at in [0, 11, 23] {
        let mut more = [0; 24];
        more[at] = 1;
        let server = size_of::<calc_ipc_server_options>() + 24;
        assert_eq!(
            create_servers(&server_room(server, more)),
            [refused; 8],
            "{at}"
        );
        let client = size_of::<calc_ipc_client_options>() + 24;
        assert_eq!(
            create_clients(&client_room(client, more)),
            [refused; 9],
            "{at}"
        );
    }
    let mut reserved = client_room(size_of::<calc_ipc_client_options>(), [0; 24]);
    reserved.options.reserved = 1;
    assert_eq!(create_clients(&reserved), [refused; 9]);
}
