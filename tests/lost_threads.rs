//! Threads that end before they have said so. Windows ends those of a process that exits before libraries' destructors run.
#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::ServerOptions;
use std::sync::{Arc, mpsc};
use support::{Address, PATIENCE, TRANSPORTS, add, status, within};
use windows_sys::Win32::System::Threading::ExitThread;

#[test]
fn stop_does_not_wait_for_a_thread_that_is_no_more() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let options = ServerOptions {
            workers: 1,
            ..ServerOptions::default()
        };
        // SAFETY: nothing of the thread's is needed any more.
        let handler = Handler::bytes(|_, _| unsafe { ExitThread(0) });
        let server = transport.serve(&address, handler, &options);
        let client = transport.client_with(&address, &within(100));
        assert_eq!(status(client.call(&add(1, 2))), Status::TimedOut);
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || tell.send(server.stop()).unwrap());
        told.recv_timeout(PATIENCE).unwrap().unwrap();
    }
}

#[test]
fn stop_does_not_wait_for_the_turn_of_a_thread_that_is_no_more() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        // SAFETY: nothing of the thread's is needed any more.
        let handler = Handler::bytes(|_, _| unsafe { ExitThread(0) });
        let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
        let server = Arc::new(Server::new(endpoint, handler).unwrap());
        let driven = Arc::clone(&server);
        let driver = std::thread::spawn(move || while driven.dispatch(None).is_ok() {});
        let client = transport.client_with(&address, &within(100));
        assert_eq!(status(client.call(&add(1, 2))), Status::TimedOut);
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            tell.send([status(server.stop()), status(server.stop())])
                .unwrap();
            drop(server);
        });
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), [Status::Ok; 2]);
        drop(driver);
    }
}
