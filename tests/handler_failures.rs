//! What a handler says when it fails stays on the server's side: with the observer and the server.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::ffi::handler::calc_ipc_current_failure;
use calc_ipc::ffi::status::{CALC_IPC_STATUS_INVALID_ARGUMENT, CALC_IPC_STATUS_OK};
use calc_ipc::service::{Client, Event, Handler, Server, current_failure};
use calc_ipc::transport::ServerOptions;
use std::ffi::CString;
use std::ptr::null;
use std::sync::{Arc, Mutex};
use support::over_each;

/// Says the message, and fails with it but where it begins with "not".
fn says_what_it_gets() -> Handler {
    Handler::bytes(|message, _| {
        let text = CString::new(message).unwrap();
        if !message.is_empty() {
            // SAFETY: a string.
            let status = unsafe { calc_ipc_current_failure(text.as_ptr()) };
            assert_eq!(status, CALC_IPC_STATUS_OK);
        }
        message.starts_with(b"not").then_some(0)
    })
}

fn fail(client: &Client, message: &str) {
    let error = client.call_bytes(message.as_bytes(), &mut []).unwrap_err();
    assert_eq!(error.status(), Status::HandlerFailed);
    let is_told = !message.is_empty() && error.to_string().contains(message);
    assert!(!is_told, "{error}");
}

#[test]
fn the_observer_and_the_server_have_what_the_handler_said() {
    over_each(|transport, address| {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let observer = move |event: &Event<'_>| {
            if let Event::HandlerFailed(_, text) = event {
                ear.lock().unwrap().push(text.as_str().to_owned());
            }
        };
        let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
        let server = Server::observed(endpoint, says_what_it_gets(), Box::new(observer)).unwrap();
        server.start().unwrap();
        let client = transport.client(address);
        assert_eq!(server.last_failure(), None);

        fail(&client, "the file is gone");
        let last = server.last_failure().unwrap();
        assert_eq!(last.as_str(), "the file is gone");
        // What was said of a message that is answered after all is not said of the next.
        assert_eq!(client.call_bytes(b"not failing", &mut []).unwrap(), 0);
        fail(&client, "");
        fail(&client, "a bell\u{7}");
        fail(&client, &"é".repeat(200));
        server.stop().unwrap();

        let heard = heard.lock().unwrap().clone();
        let long = "é".repeat(127);
        let expected = ["the file is gone", "it did not say why", "a bell?", &long];
        assert_eq!(heard, expected, "{}", transport.name);
        assert_eq!(server.last_failure().unwrap().as_str(), long);
    });
}

#[test]
fn a_handler_alone_can_say_why_it_fails() {
    let error = current_failure(b"outside").unwrap_err();
    assert_eq!(error.status(), Status::InvalidArgument);
    // SAFETY: a string, and NULL, which is looked at.
    let statuses = unsafe {
        [
            calc_ipc_current_failure(c"outside".as_ptr()),
            calc_ipc_current_failure(null()),
        ]
    };
    assert_eq!(statuses, [CALC_IPC_STATUS_INVALID_ARGUMENT; 2]);
}

#[test]
fn a_panic_is_a_failure_without_a_word() {
    over_each(|transport, address| {
        let handler = Handler::bytes(|_, _| panic!("on purpose"));
        let server = transport.serve(address, handler, &ServerOptions::default());
        let client = transport.client(address);
        fail(&client, "message");
        let last = server.last_failure().unwrap();
        assert_eq!(last.as_str(), "it did not say why");
    });
}
