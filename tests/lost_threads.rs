//! Threads that end before they have said so. Windows ends those of a process that exits before libraries' destructors run.
#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler, Limit, Server};
use calc_ipc::transport::ServerOptions;
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;
use support::{Address, PATIENCE, TRANSPORTS, add, eventually, status};
use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
use windows_sys::Win32::System::Threading::{
    ExitThread, GetCurrentThreadId, OpenThread, THREAD_SYNCHRONIZE, WaitForSingleObject,
};

const LOOK: Option<Duration> = Some(Duration::ZERO);
const FOREVER: Limit = Limit::Own(None);

/// A handler that ends its thread, and what tells which one that is.
fn ends_its_thread() -> (Handler, Receiver<OwnedHandle>) {
    let (tell, told) = mpsc::channel();
    let handler = Handler::bytes(move |_, _| {
        // SAFETY: takes no pointer; it is asked for this thread, which lives.
        let this = unsafe { OpenThread(THREAD_SYNCHRONIZE, 0, GetCurrentThreadId()) };
        assert!(!this.is_null());
        // SAFETY: it was just made, and nobody else has it.
        tell.send(unsafe { OwnedHandle::from_raw_handle(this) })
            .unwrap();
        // SAFETY: nothing of the thread's is needed any more.
        unsafe { ExitThread(0) }
    });
    (handler, told)
}

/// Asks, and waits until the thread that is asked is no more.
fn ask_and_await_end(client: &Client, told: &Receiver<OwnedHandle>) {
    let _ = client.submit_request(FOREVER, &add(1, 2), 0).unwrap();
    let mut thread = None;
    eventually("it is asked", || {
        // What the client could not send at once, it sends here.
        let answer = client.next(LOOK, &mut []);
        assert_eq!(status(answer), Status::TimedOut);
        thread = told.try_recv().ok();
        thread.is_some()
    });
    let thread = thread.unwrap();
    let patience = PATIENCE.as_millis().try_into().unwrap();
    // SAFETY: the handle is open.
    let found = unsafe { WaitForSingleObject(thread.as_raw_handle(), patience) };
    assert_eq!(found, WAIT_OBJECT_0);
}

/// What comes of stopping a server so often, each within [`PATIENCE`].
fn stop<const TIMES: usize>(server: Arc<Server>) -> [Status; TIMES] {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        tell.send([(); TIMES].map(|()| status(server.stop())))
            .unwrap();
        drop(server);
    });
    told.recv_timeout(PATIENCE).unwrap()
}

#[test]
fn stop_does_not_wait_for_a_thread_that_is_no_more() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let options = ServerOptions {
            workers: 1,
            ..ServerOptions::default()
        };
        let (handler, told) = ends_its_thread();
        let server = transport.serve(&address, handler, &options);
        let client = transport.client(&address);
        ask_and_await_end(&client, &told);
        assert_eq!(stop(Arc::new(server)), [Status::Ok]);
    }
}

#[test]
fn stop_does_not_wait_for_the_turn_of_a_thread_that_is_no_more() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let (handler, told) = ends_its_thread();
        let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
        let server = Arc::new(Server::new(endpoint, handler).unwrap());
        let driven = Arc::clone(&server);
        let driver = std::thread::spawn(move || while driven.dispatch(None).is_ok() {});
        let client = transport.client(&address);
        ask_and_await_end(&client, &told);
        assert_eq!(stop(server), [Status::Ok; 2]);
        // What the turn left half done stays, and with it the address (docs/windows.md).
        let again = (transport.bind)(&address, &ServerOptions::default());
        assert_eq!(status(again), Status::AddressInUse, "{}", transport.name);
        drop(driver);
    }
}
