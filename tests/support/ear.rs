//! An observer of the C interface that keeps what it is told, and servers that tell it.

#![allow(dead_code, reason = "each test file uses its part")]

use crate::support::{Address, Transport};
use calc_ipc::error::Result;
use calc_ipc::ffi::{handler::*, observe::*, options::*, peer::*, server::*, stats::*, status::*};
use calc_ipc::service::Client;
use calc_ipc::transport::{self, ClientOptions, Side};
use std::ffi::{CStr, CString, c_void};
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, Ordering};

/// What was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) kind: i32,
    pub(crate) status: calc_ipc_status,
    pub(crate) text: String,
    pub(crate) uid: u32,
    pub(crate) pid: u32,
    pub(crate) connection: u64,
}

#[derive(Default)]
struct Heard {
    told: Mutex<Vec<Told>>,
    /// A server that is asked to stop, stopped and destroyed inside of the observer, and what stop gave.
    server: AtomicPtr<calc_ipc_server>,
    meddled: Mutex<Vec<calc_ipc_status>>,
}

/// Keeps what it is told, in a place of its own.
pub(crate) struct Ear(Box<Heard>);

unsafe extern "C" fn hear(event: *const calc_ipc_event, data: *mut c_void) {
    // SAFETY: the library's event, the test's ear.
    let (event, heard) = unsafe { (&*event, &*data.cast::<Heard>()) };
    // SAFETY: neither is NULL.
    let (peer, text) = unsafe { (*event.peer, CStr::from_ptr(event.text)) };
    assert_eq!(event.size as usize, size_of::<calc_ipc_event>());
    assert_eq!(peer.size as usize, size_of::<calc_ipc_peer>());
    let mut current = calc_ipc_peer {
        size: peer.size,
        ..peer
    };
    current.connection = 0;
    // SAFETY: a local of its size.
    let status = unsafe { calc_ipc_current_peer(&raw mut current) };
    assert_eq!(status, CALC_IPC_STATUS_OK);
    assert_eq!(format!("{current:?}"), format!("{peer:?}"));
    let server = heard.server.swap(null_mut(), Ordering::SeqCst);
    if !server.is_null() {
        // SAFETY: it is live, and stays so: nothing destroys a server inside of its observer.
        unsafe {
            let mut stats = no_stats();
            let status = calc_ipc_server_stats(server, &raw mut stats);
            assert_eq!((status, stats.came), (CALC_IPC_STATUS_OK, 1));
            calc_ipc_server_request_stop(server);
            heard
                .meddled
                .lock()
                .unwrap()
                .push(calc_ipc_server_stop(server));
            calc_ipc_server_destroy(server);
        }
    }
    heard.told.lock().unwrap().push(Told {
        kind: event.kind,
        status: event.status,
        text: text.to_str().unwrap().to_owned(),
        uid: peer.uid,
        pid: peer.pid,
        connection: peer.connection,
    });
}

/// A request whose answer is of so many bytes, which no connection takes unless its client reads.
pub(crate) const MUCH: (&[u8], usize) = (b"much", 8 << 20);

/// Gives each message back but [`MUCH`], and fails with the rest of one that begins with "fail: ".
unsafe extern "C" fn echo_or_fail(
    request: *const u8,
    length: usize,
    response: *mut u8,
    capacity: usize,
    _: *mut c_void,
) -> usize {
    // SAFETY: as long as it says.
    let request = unsafe { std::slice::from_raw_parts(request, length) };
    if let Some(why) = request.strip_prefix(b"fail: ") {
        let why = CString::new(why).unwrap();
        // SAFETY: a string.
        unsafe { calc_ipc_current_failure(why.as_ptr()) };
        return capacity + 1;
    }
    if request == MUCH.0 {
        // SAFETY: there is room for so much.
        unsafe { response.write_bytes(7, MUCH.1.min(capacity)) };
        return MUCH.1;
    }
    // SAFETY: there is room for any message.
    unsafe { response.copy_from_nonoverlapping(request.as_ptr(), length) };
    length
}

impl Ear {
    pub(crate) fn new() -> Self {
        Self(Box::default())
    }

    /// Options with this observer.
    pub(crate) fn options(
        &self,
        set: impl FnOnce(&mut calc_ipc_server_options),
    ) -> calc_ipc_server_options {
        let mut options = MaybeUninit::<calc_ipc_server_options>::uninit();
        let size = size_of_val(&options);
        // SAFETY: a local of that size, all of which is written.
        let mut options = unsafe {
            calc_ipc_server_options_init(options.as_mut_ptr(), size);
            options.assume_init()
        };
        options.observer = Some(hear);
        options.observer_data = (&raw const *self.0).cast_mut().cast();
        set(&mut options);
        options
    }

    /// A server that serves and tells this ear.
    pub(crate) fn serve(
        &self,
        transport: &Transport,
        address: &Address,
        set: impl FnOnce(&mut calc_ipc_server_options),
    ) -> Watched {
        let server = self.create(transport, address, set);
        // SAFETY: it is live.
        let status = unsafe { calc_ipc_server_start(server.0) };
        assert_eq!(status, CALC_IPC_STATUS_OK);
        server
    }

    /// One that does not serve yet.
    pub(crate) fn create(
        &self,
        transport: &Transport,
        address: &Address,
        set: impl FnOnce(&mut calc_ipc_server_options),
    ) -> Watched {
        let url = CString::new((transport.url)(address)).unwrap();
        let options = self.options(set);
        let mut server = null_mut();
        // SAFETY: a string and locals.
        let status = unsafe {
            calc_ipc_server_create_bytes(
                url.as_ptr(),
                Some(echo_or_fail),
                null_mut(),
                &raw const options,
                &raw mut server,
            )
        };
        assert_eq!(status, CALC_IPC_STATUS_OK);
        Watched(server)
    }

    /// The observer asks this server for all that it may not do, when it is told something next.
    pub(crate) fn meddle_with(&self, server: &Watched) {
        self.0.server.store(server.0, Ordering::SeqCst);
    }

    pub(crate) fn meddled(&self) -> Vec<calc_ipc_status> {
        self.0.meddled.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, kind: i32) -> usize {
        let told = self.0.told.lock().unwrap();
        told.iter().filter(|told| told.kind == kind).count()
    }

    /// What was told since the last time.
    pub(crate) fn take(&self) -> Vec<Told> {
        std::mem::take(&mut *self.0.told.lock().unwrap())
    }
}

/// Stats that are to be filled.
pub(crate) fn no_stats() -> calc_ipc_stats {
    // SAFETY: integers may be 0.
    let stats: calc_ipc_stats = unsafe { std::mem::zeroed() };
    calc_ipc_stats { size: 72, ..stats }
}

/// A server, gone when it is dropped.
pub(crate) struct Watched(pub(crate) *mut calc_ipc_server);

impl Watched {
    pub(crate) fn url(&self) -> transport::Address {
        // SAFETY: it is live, and its URL lives as long.
        let url = unsafe { CStr::from_ptr(calc_ipc_server_url(self.0)) };
        transport::Address::parse(url.to_str().unwrap(), Side::Client).unwrap()
    }

    pub(crate) fn try_client(&self, options: &ClientOptions) -> Result<Client> {
        let channel = transport::connect(&self.url(), options)?;
        Ok(Client::new(channel, options))
    }

    pub(crate) fn client(&self) -> Client {
        self.try_client(&ClientOptions::default()).unwrap()
    }

    pub(crate) fn stats(&self) -> calc_ipc_stats {
        let mut stats = no_stats();
        // SAFETY: a live handle, and a local of the size that it says.
        let status = unsafe { calc_ipc_server_stats(self.0, &raw mut stats) };
        assert_eq!(status, CALC_IPC_STATUS_OK);
        stats
    }

    pub(crate) fn stop(&self) {
        // SAFETY: it is live.
        let status = unsafe { calc_ipc_server_stop(self.0) };
        assert_eq!(status, CALC_IPC_STATUS_OK);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // SAFETY: it is live, and not used again.
        unsafe { calc_ipc_server_destroy(self.0) };
    }
}

// SAFETY: the header lets any thread use a handle.
unsafe impl Sync for Watched {}
