//! Options as C sees them: structs that know their own size, so that they can grow.

use super::extensible::{self, Extensible};
use super::observe::{self, calc_ipc_observer};
use crate::error::Result;
use crate::service::Observer;
use crate::transport::{ClientOptions, ServerOptions, ServerUser};
use std::ffi::c_void;
use std::mem::offset_of;
use std::ptr;
use std::time::Duration;

/// For `server_uid`: the server has to run as the same user as the client, or as root.
pub const CALC_IPC_SERVER_UID_OWN: u32 = 0xFFFF_FFFFu32;
/// For `server_uid`: the server may run as any user.
pub const CALC_IPC_SERVER_UID_ANY: u32 = 0xFFFF_FFFEu32;

/// How a server treats its clients. calc_ipc_server_options_init() fills in the defaults.
///
/// Any value but 0 sets a flag. A field that a later version adds keeps the behaviour of earlier
/// versions while it is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct calc_ipc_server_options {
    /// sizeof(calc_ipc_server_options), as the program was compiled.
    pub size: usize,
    /// The most clients at once; further ones are REFUSED. 0: 1024, or 128 over shared memory. The
    /// limit of open files (RLIMIT_NOFILE) bounds it. Default: 0.
    pub max_clients: u32,
    /// The longest body taken, in bytes, from 259 to 67108864. Default: 65536.
    pub max_message: u32,
    /// Threads that serve, 1024 at most. A handler of yours runs in all of them at once. 0: for the
    /// calculator a thread for each CPU, 8 at most; for a handler of yours one. Default: 0.
    pub workers: u32,
    /// Permission bits of what the server creates in the file system, from 0001 to 0777. With bits for
    /// the group or for others, a client need not run as the same user. Default: 0600.
    pub mode: u32,
    /// A client that sends no request for this many milliseconds is dropped; 0: never. Default: 0.
    pub idle_timeout_ms: u32,
    /// How many microseconds a thread spins, looking for the next request, before it sleeps in the
    /// kernel; 1000 at most, 0: it never spins. Spinning keeps a core busy for that long after each
    /// request, and saves the next request the tens of microseconds that waking a thread takes. A
    /// thread that finds nothing by spinning spins less and less. Over shared memory it spins longer by a
    /// microsecond for each 16 KiB of the longest request before, which takes the client as long to copy; 1000
    /// in all at most. Default: 50.
    pub spin_us: u32,
    /// Flag: run returns once clients have come and the last one has gone. Default: 0.
    pub stop_when_idle: u32,
    /// Flag: addresses beyond this machine may be served. Default: 0.
    pub allow_remote: u32,
    /// Flag: over shared memory, a calc_ipc_bytes_handler is given requests of more than 52 bytes where they lie,
    /// which saves a copy. Then a client that writes on while it waits can change what the handler has looked at, and
    /// nothing else: copy what is checked before it is used. `mode` has to be 0600. Default: 0.
    pub in_place: u32,
    /// A client that has sent the beginning of a message has to send the rest within this many
    /// milliseconds, plus 1000 for each MiB of the message, or is dropped; 0: 5000. Default: 0.
    pub stall_timeout_ms: u32,
    /// What is told of clients that come and go; NULL: nobody. Default: NULL.
    pub observer: calc_ipc_observer,
    /// Passed to `observer`. Default: NULL.
    pub observer_data: *mut c_void,
}

/// How a client treats its server. calc_ipc_client_options_init() fills in the defaults.
///
/// A field that a later version adds keeps the behaviour of earlier versions while it is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct calc_ipc_client_options {
    /// sizeof(calc_ipc_client_options), as the program was compiled.
    pub size: usize,
    /// How many milliseconds the server may take to accept; 0: without limit. Default: 5000.
    pub connect_timeout_ms: u32,
    /// How many milliseconds a call may take; 0: without limit. Default: 30000.
    pub call_timeout_ms: u32,
    /// The longest body sent or taken, in bytes, from 259 to 67108864. Default: 65536.
    pub max_message: u32,
    /// How many microseconds a call spins, looking for its answer, before it sleeps in the kernel; 1000
    /// at most, 0: it never spins. While both sides spin, each keeps a core busy, and a call takes about
    /// a microsecond instead of the tens that waking takes. A client that finds nothing by spinning
    /// spins less and less. Over shared memory it spins longer by a microsecond for each 16 KiB of its
    /// request, which takes the server as long to copy; not for one that reads in place, or never spins.
    /// 1000 in all at most. Default: 50.
    pub spin_us: u32,
    /// The user that the server has to run as: CALC_IPC_SERVER_UID_OWN, CALC_IPC_SERVER_UID_ANY, or a
    /// user's id. Default: CALC_IPC_SERVER_UID_OWN.
    pub server_uid: u32,
    /// How many connections the client may have, 1024 at most, so that as many calls go on at once, whatever
    /// threads make them. Each is opened when a call needs it, counts in the server's `max_clients`, and takes
    /// descriptors of both. A call waits within its time for one that is free. One that the server refuses is
    /// done without. exec: has one. 0: there is one, and a call that finds it taken is BUSY. Default: 0.
    pub connections: u32,
    /// Flag: a connection that was lost is made anew by the next call, and the create needs no server. No
    /// request is sent twice. UNSUPPORTED by exec:. Default: 0.
    pub reconnect: u32,
    /// Has to be 0.
    pub reserved: u32,
}

/// Sets each field to its default, and fields that this version does not know to 0.
///
/// @param options  The struct; NULL does nothing.
/// @param size     sizeof(calc_ipc_server_options): exactly as many bytes are written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calc_ipc_server_options_init(
    options: *mut calc_ipc_server_options,
    size: usize,
) {
    // SAFETY: the caller gives `size` bytes, or NULL.
    unsafe { extensible::init(options, size) }
}

/// Sets each field to its default, and fields that this version does not know to 0.
///
/// @param options  The struct; NULL does nothing.
/// @param size     sizeof(calc_ipc_client_options): exactly as many bytes are written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calc_ipc_client_options_init(
    options: *mut calc_ipc_client_options,
    size: usize,
) {
    // SAFETY: the caller gives `size` bytes, or NULL.
    unsafe { extensible::init(options, size) }
}

/// The options at `options`, the defaults if it is NULL, and the observer that they name.
///
/// # Safety
///
/// `options` is NULL or points to as many bytes as its field `size` says.
pub(super) unsafe fn server_options(
    options: *const calc_ipc_server_options,
) -> Result<(ServerOptions, Option<Box<Observer>>)> {
    // SAFETY: the caller's promise is the same.
    match unsafe { extensible::read(options) }? {
        None => Ok((ServerOptions::default(), None)),
        Some(options) => Ok((options.into(), options.observer())),
    }
}

impl calc_ipc_server_options {
    /// The observer. A part of a pointer is none.
    fn observer(&self) -> Option<Box<Observer>> {
        let has = |end: usize| self.size >= end;
        let function = self
            .observer
            .filter(|_| has(offset_of!(Self, observer_data)));
        let data = match has(offset_of!(Self, observer_data) + size_of::<*mut c_void>()) {
            true => self.observer_data,
            false => ptr::null_mut(),
        };
        observe::observer(function, data)
    }
}

/// The options at `options`, the defaults if it is NULL.
///
/// # Safety
///
/// `options` is NULL or points to as many bytes as its field `size` says.
pub(super) unsafe fn client_options(
    options: *const calc_ipc_client_options,
) -> Result<ClientOptions> {
    // SAFETY: the caller's promise is the same.
    match unsafe { extensible::read(options) }? {
        None => Ok(ClientOptions::default()),
        Some(options) if options.reserved != 0 => Err(extensible::unknown_field()),
        Some(options) => Ok(options.into()),
    }
}

impl Extensible for calc_ipc_server_options {
    const FIRST_SIZE: usize = size_of::<usize>() + 8 * 4;

    fn defaults(size: usize) -> Self {
        let defaults = ServerOptions::default();
        Self {
            size,
            max_clients: defaults.max_clients.unwrap_or(0),
            max_message: defaults.max_message,
            workers: defaults.workers,
            mode: defaults.mode,
            idle_timeout_ms: milliseconds(defaults.idle_timeout),
            spin_us: microseconds(defaults.spin),
            stop_when_idle: defaults.stop_when_idle.into(),
            allow_remote: defaults.allow_remote.into(),
            in_place: defaults.in_place.into(),
            stall_timeout_ms: 0,
            observer: None,
            observer_data: ptr::null_mut(),
        }
    }
}

impl From<calc_ipc_server_options> for ServerOptions {
    fn from(options: calc_ipc_server_options) -> Self {
        Self {
            max_clients: (options.max_clients != 0).then_some(options.max_clients),
            max_message: options.max_message,
            workers: options.workers,
            mode: options.mode,
            idle_timeout: Duration::from_millis(options.idle_timeout_ms.into()),
            stall_timeout: timeout(options.stall_timeout_ms)
                .unwrap_or_else(|| Self::default().stall_timeout),
            spin: Duration::from_micros(options.spin_us.into()),
            stop_when_idle: options.stop_when_idle != 0,
            allow_remote: options.allow_remote != 0,
            in_place: options.in_place != 0,
        }
    }
}

impl Extensible for calc_ipc_client_options {
    const FIRST_SIZE: usize = size_of::<usize>() + 6 * 4;

    fn defaults(size: usize) -> Self {
        let defaults = ClientOptions::default();
        Self {
            size,
            connect_timeout_ms: defaults.connect_timeout.map_or(0, milliseconds),
            call_timeout_ms: defaults.call_timeout.map_or(0, milliseconds),
            max_message: defaults.max_message,
            spin_us: microseconds(defaults.spin),
            server_uid: match defaults.server_user {
                ServerUser::Own => CALC_IPC_SERVER_UID_OWN,
                ServerUser::Any => CALC_IPC_SERVER_UID_ANY,
                ServerUser::Uid(uid) => uid,
            },
            connections: defaults.connections,
            reconnect: defaults.reconnect.into(),
            reserved: 0,
        }
    }
}

impl From<calc_ipc_client_options> for ClientOptions {
    fn from(options: calc_ipc_client_options) -> Self {
        Self {
            connect_timeout: timeout(options.connect_timeout_ms),
            call_timeout: timeout(options.call_timeout_ms),
            max_message: options.max_message,
            spin: Duration::from_micros(options.spin_us.into()),
            server_user: match options.server_uid {
                CALC_IPC_SERVER_UID_OWN => ServerUser::Own,
                CALC_IPC_SERVER_UID_ANY => ServerUser::Any,
                uid => ServerUser::Uid(uid),
            },
            connections: options.connections,
            reconnect: options.reconnect != 0,
        }
    }
}

fn timeout(milliseconds: u32) -> Option<Duration> {
    (milliseconds != 0).then(|| Duration::from_millis(milliseconds.into()))
}

const SHORT: &str = "no default is as long as 32 bits count";

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).expect(SHORT)
}

fn microseconds(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).expect(SHORT)
}

// Padding would be bytes that a caller cannot set to 0.
const _: () = assert!(size_of::<calc_ipc_server_options>() == 3 * size_of::<usize>() + 10 * 4);
const _: () = assert!(size_of::<calc_ipc_client_options>() == size_of::<usize>() + 8 * 4);

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: usize = size_of::<calc_ipc_server_options>();
    const CLIENT: usize = size_of::<calc_ipc_client_options>();

    #[test]
    fn the_defaults_are_the_transports() {
        let server = ServerOptions::from(calc_ipc_server_options::defaults(SERVER));
        let expected = ServerOptions::default();
        assert_eq!(format!("{server:?}"), format!("{expected:?}"));

        let client = ClientOptions::from(calc_ipc_client_options::defaults(CLIENT));
        let expected = ClientOptions::default();
        assert_eq!(format!("{client:?}"), format!("{expected:?}"));
    }

    #[test]
    fn null_and_init_give_the_same() {
        let mut filled = calc_ipc_server_options::defaults(0);
        // SAFETY: a whole struct, and NULL.
        let [null, init] = unsafe {
            calc_ipc_server_options_init(&raw mut filled, SERVER);
            [std::ptr::null(), &raw const filled].map(|options| server_options(options).unwrap().0)
        };
        assert_eq!(format!("{null:?}"), format!("{init:?}"));
        assert_eq!(null.max_clients, None); // What suits the transport.

        let mut filled = calc_ipc_client_options::defaults(0);
        // SAFETY: a whole struct, and NULL.
        let [null, init] = unsafe {
            calc_ipc_client_options_init(&raw mut filled, CLIENT);
            [std::ptr::null(), &raw const filled].map(|options| client_options(options).unwrap())
        };
        assert_eq!(format!("{null:?}"), format!("{init:?}"));
    }

    #[test]
    fn zero_is_no_limit_and_any_other_flag_is_set() {
        let server = ServerOptions::from(calc_ipc_server_options {
            stop_when_idle: 2,
            allow_remote: u32::MAX,
            ..calc_ipc_server_options::defaults(SERVER)
        });
        assert!(server.stop_when_idle && server.allow_remote);

        let client = ClientOptions::from(calc_ipc_client_options {
            connect_timeout_ms: 0,
            call_timeout_ms: 0,
            ..calc_ipc_client_options::defaults(CLIENT)
        });
        assert_eq!((client.connect_timeout, client.call_timeout), (None, None));
    }

    #[test]
    fn a_servers_user_is_one_of_three_kinds() {
        for (server_uid, expected) in [
            (CALC_IPC_SERVER_UID_OWN, ServerUser::Own),
            (CALC_IPC_SERVER_UID_ANY, ServerUser::Any),
            (0, ServerUser::Uid(0)),
            (65534, ServerUser::Uid(65534)),
        ] {
            let options = calc_ipc_client_options {
                server_uid,
                ..calc_ipc_client_options::defaults(CLIENT)
            };
            assert_eq!(ClientOptions::from(options).server_user, expected);
        }
    }

    #[test]
    fn fields_to_come_are_checked() {
        let options = calc_ipc_client_options {
            reserved: 1,
            ..calc_ipc_client_options::defaults(CLIENT)
        };
        // SAFETY: a whole struct of the size that it says.
        let error = unsafe { client_options(&raw const options) }.unwrap_err();
        assert_eq!(error.status(), crate::error::Status::Unsupported);
    }
}
