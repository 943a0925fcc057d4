//! What the C interface promises about answers that come later.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "support/api.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod api;
#[path = "support/ear.rs"]
mod ear;
#[path = "support/pair.rs"]
mod pair;
mod support;

use api::{last_error, text};
use calc_ipc::ffi::{
    client::*, flight::*, handler::*, message::*, observe::*, reply::*, server::*, status::*,
};
use ear::Ear;
use pair::{Pair, url};
use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::slice;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
#[cfg(unix)]
use support::Process;
use support::{Address, PATIENCE, eventually};

/// A reply that any thread may end.
#[derive(Clone, Copy, PartialEq)]
struct Reply(*mut calc_ipc_reply);

// SAFETY: the header lets any thread have it.
unsafe impl Send for Reply {}

impl Reply {
    fn send(self, answer: &[u8]) -> calc_ipc_status {
        // SAFETY: the test keeps the connection, so that also one that was ended can be told.
        unsafe { calc_ipc_reply_send(self.0, answer.as_ptr(), answer.len()) }
    }

    fn check(self) -> calc_ipc_status {
        // SAFETY: as above.
        unsafe { calc_ipc_reply_check(self.0) }
    }
}

/// A server that leaves every reply to the test but one to an empty message, and a client.
struct Deferring {
    pair: Pair,
    kept: Receiver<Reply>,
    /// What the handler is given; dropped after the server.
    _keep: Box<Sender<Reply>>,
}

unsafe extern "C" fn keep(
    reply: *mut calc_ipc_reply,
    request: *const u8,
    length: usize,
    user_data: *mut c_void,
) {
    // SAFETY: the library gives the message, and the test its sender, which outlives the server.
    let (request, keep) = unsafe {
        let request = slice::from_raw_parts(request, length);
        (request, &*user_data.cast::<Sender<Reply>>())
    };
    assert!(request.as_ptr().addr().is_multiple_of(16));
    let reply = Reply(reply);
    if request.is_empty() {
        assert_eq!(reply.send(b"at once"), CALC_IPC_STATUS_OK);
        assert_eq!(reply.send(b"twice"), CALC_IPC_STATUS_INVALID_ARGUMENT);
    } else {
        keep.send(reply).unwrap();
    }
}

impl Deferring {
    fn new(address: &Address) -> Self {
        let (sender, kept) = channel();
        let sender = Box::new(sender);
        let data = (&raw const *sender).cast_mut().cast();
        let url = text(&url(address));
        // SAFETY: a string, and a handler with what it takes for its data.
        let pair = Pair::new(|out| unsafe {
            calc_ipc_server_create_deferred(url.as_ptr(), Some(keep), data, null(), out)
        });
        Self {
            pair,
            kept,
            _keep: sender,
        }
    }

    /// What a message comes to, and the answer, when the reply to it is ended by `end`.
    fn ask(&self, end: impl FnOnce(Reply)) -> (calc_ipc_status, Vec<u8>) {
        let kept = &self.kept;
        thread::scope(|scope| {
            let client = api::Handle(self.pair.client.cast());
            let asking = scope.spawn(move || call_bytes(client, b"later"));
            end(kept.recv_timeout(PATIENCE).unwrap());
            asking.join().unwrap()
        })
    }
}

fn call_bytes(client: api::Handle, message: &[u8]) -> (calc_ipc_status, Vec<u8>) {
    let mut answer = vec![0; 65_536];
    let mut length = 0;
    // SAFETY: a live client, and arrays with their lengths.
    let status = unsafe {
        calc_ipc_client_call_bytes(
            client.0.cast(),
            message.as_ptr(),
            message.len(),
            answer.as_mut_ptr(),
            answer.len(),
            &raw mut length,
        )
    };
    answer.truncate(length);
    (status, answer)
}

#[test]
fn a_reply_is_ended_in_the_handler_or_later_and_only_once() {
    let address = Address::new();
    let deferring = Deferring::new(&address);
    for _ in 0..3 {
        let client = api::Handle(deferring.pair.client.cast());
        let at_once = (CALC_IPC_STATUS_OK, b"at once".to_vec());
        assert_eq!(call_bytes(client, b""), at_once, "{}", last_error());
        let mut before = None;
        let later = deferring.ask(|reply| {
            assert_eq!(reply.check(), CALC_IPC_STATUS_OK);
            assert_eq!(reply.send(b"later"), CALC_IPC_STATUS_OK);
            assert_eq!(reply.send(b"twice"), CALC_IPC_STATUS_INVALID_ARGUMENT);
            before = Some(reply);
        });
        assert_eq!(later, (CALC_IPC_STATUS_OK, b"later".to_vec()));
        let before = before.unwrap();
        let next = deferring.ask(|reply| {
            assert!(reply != before);
            assert_eq!(before.send(b"stale"), CALC_IPC_STATUS_INVALID_ARGUMENT);
            assert_eq!(before.check(), CALC_IPC_STATUS_INVALID_ARGUMENT);
            assert_eq!(reply.send(b""), CALC_IPC_STATUS_OK);
        });
        assert_eq!(next, (CALC_IPC_STATUS_OK, Vec::new()));
    }
}

fn send_null(reply: Reply) -> calc_ipc_status {
    // SAFETY: the reply is out; NULL is what is tried.
    unsafe { calc_ipc_reply_send(reply.0, null(), 1) }
}

fn send_no_response(reply: Reply) -> calc_ipc_status {
    // SAFETY: as above.
    unsafe { calc_ipc_reply_send_response(reply.0, null()) }
}

fn fail(reply: Reply) -> calc_ipc_status {
    // SAFETY: the reply is out, and the text a string.
    unsafe { calc_ipc_reply_fail(reply.0, c"no".as_ptr()) };
    CALC_IPC_STATUS_OK
}

#[test]
fn what_is_no_answer_fails_and_ends_the_reply() {
    let address = Address::new();
    let deferring = Deferring::new(&address);
    type End = fn(Reply) -> calc_ipc_status;
    let ends: [(End, calc_ipc_status); 4] = [
        (|reply| reply.send(&[0; 65_537]), CALC_IPC_STATUS_TOO_LARGE),
        (send_null, CALC_IPC_STATUS_INVALID_ARGUMENT),
        (send_no_response, CALC_IPC_STATUS_INVALID_ARGUMENT),
        (fail, CALC_IPC_STATUS_OK),
    ];
    for (end, status) in ends {
        let (came_to, _) = deferring.ask(|reply| {
            assert_eq!(end(reply), status, "{}", last_error());
            assert_eq!(reply.send(b"again"), CALC_IPC_STATUS_INVALID_ARGUMENT);
        });
        assert_eq!(came_to, CALC_IPC_STATUS_HANDLER_FAILED);
    }
    // SAFETY: the reply is out, and no bytes need no address.
    let empty = deferring.ask(|reply| unsafe {
        assert_eq!(calc_ipc_reply_send(reply.0, null(), 0), CALC_IPC_STATUS_OK);
    });
    assert_eq!(empty, (CALC_IPC_STATUS_OK, Vec::new()));
}

/// Fails without a text, and says why before unless the message is empty.
unsafe extern "C" fn fail_as_said(
    reply: *mut calc_ipc_reply,
    _: *const u8,
    length: usize,
    _: *mut c_void,
) {
    // SAFETY: a string, and a reply that is out.
    unsafe {
        if length > 0 {
            let said = calc_ipc_current_failure(c"no cat".as_ptr());
            assert_eq!(said, CALC_IPC_STATUS_OK);
        }
        calc_ipc_reply_fail(reply, null());
    }
}

#[test]
fn a_reply_that_fails_without_a_text_fails_for_what_its_handler_has_said() {
    let address = Address::new();
    let ear = Ear::new();
    let (url, options) = (text(&url(&address)), ear.options(|_| ()));
    // SAFETY: a string, a handler that takes no data, and options.
    let pair = Pair::new(|out| unsafe {
        calc_ipc_server_create_deferred(
            url.as_ptr(),
            Some(fail_as_said),
            null_mut(),
            &raw const options,
            out,
        )
    });
    for message in [&b"why?"[..], b""] {
        let (status, _) = call_bytes(api::Handle(pair.client.cast()), message);
        assert_eq!(status, CALC_IPC_STATUS_HANDLER_FAILED);
    }
    eventually("both are told", || {
        ear.count(CALC_IPC_EVENT_HANDLER_FAILED) == 2
    });
    let told = ear.take();
    let failed = told
        .iter()
        .filter(|told| told.kind == CALC_IPC_EVENT_HANDLER_FAILED);
    let texts: Vec<_> = failed.map(|told| told.text.as_str()).collect();
    assert_eq!(texts, ["no cat", "it did not say why"]);
}

#[test]
fn a_response_has_the_text_that_a_calculator_gives() {
    let address = Address::new();
    let deferring = Deferring::new(&address);
    let mut response = calc_ipc_response {
        success: calc_ipc_bool(2), // Any byte but 0 is a success.
        result: -7,
        error: [1; CALC_IPC_ERROR_CAPACITY],
    };
    let answer = |response: &calc_ipc_response| {
        let response = *response;
        // SAFETY: the reply is out, and the response a local.
        deferring.ask(move |reply| unsafe {
            let status = calc_ipc_reply_send_response(reply.0, &raw const response);
            assert_eq!(status, CALC_IPC_STATUS_OK);
        })
    };
    assert_eq!(answer(&response), (CALC_IPC_STATUS_OK, b"OK -7".to_vec()));
    response.success = calc_ipc_bool(0);
    let (status, error) = answer(&response);
    assert_eq!(status, CALC_IPC_STATUS_OK);
    assert_eq!(error, format!("ERR {}", "?".repeat(255)).as_bytes());
}

#[test]
fn a_reply_outlives_its_client_and_its_server() {
    let address = Address::new();
    let Deferring { pair, kept, _keep } = Deferring::new(&address);
    let mut other = null_mut();
    let client = api::Handle(pair.client.cast());
    let asking = thread::spawn(move || call_bytes(client, b"until the stop"));
    let first = kept.recv_timeout(PATIENCE).unwrap();
    // SAFETY: a live server, and a local.
    unsafe {
        let url = calc_ipc_server_url(pair.server);
        assert_eq!(
            calc_ipc_client_create(url, null(), &raw mut other),
            CALC_IPC_STATUS_OK
        );
        let message = b"never taken";
        let status = calc_ipc_client_submit(
            other,
            60_000,
            message.as_ptr(),
            message.len(),
            0,
            null_mut(),
        );
        assert_eq!(status, CALC_IPC_STATUS_OK, "{}", last_error());
    }
    let second = kept.recv_timeout(PATIENCE).unwrap();
    // SAFETY: a live client that nobody uses.
    unsafe { calc_ipc_client_destroy(other) };
    eventually("the client's end shows", || {
        second.check() == CALC_IPC_STATUS_CLOSED
    });
    assert_eq!(second.send(b"too late"), CALC_IPC_STATUS_CLOSED);
    // SAFETY: a live server.
    let stopped = unsafe { calc_ipc_server_stop(pair.server) };
    assert_eq!(stopped, CALC_IPC_STATUS_OK);
    assert_eq!(asking.join().unwrap().0, CALC_IPC_STATUS_CLOSED);
    drop(pair);
    assert_eq!(first.check(), CALC_IPC_STATUS_STOPPED);
    assert_eq!(first.send(b"after all"), CALC_IPC_STATUS_STOPPED);
}

#[test]
#[cfg(unix)]
fn a_forked_child_has_no_reply_and_the_parent_keeps_it() {
    let address = Address::new();
    let deferring = Deferring::new(&address);
    let answer = deferring.ask(|reply| {
        let child = Process::fork(|| {
            assert_eq!(reply.check(), CALC_IPC_STATUS_FORKED);
            assert_eq!(reply.send(b"child"), CALC_IPC_STATUS_FORKED);
            assert_eq!(reply.send(b"child"), CALC_IPC_STATUS_INVALID_ARGUMENT);
        });
        assert!(child.succeeded());
        assert_eq!(reply.send(b"parent"), CALC_IPC_STATUS_OK);
    });
    assert_eq!(answer, (CALC_IPC_STATUS_OK, b"parent".to_vec()));
}
