//! What the two sides do, and how they tell of it.

use crate::support::processes::{Census, Control};
use crate::support::{Address, add, request};
use crate::sys::Board;
use crate::transport::Transport;
use calc_ipc::calculator::Operation;
use calc_ipc::error::{Error, Result, Status};
use calc_ipc::service::Client;
use std::sync::atomic::Ordering;

/// An actor's end of its conversation with the supervisor.
pub struct Voice<'a> {
    control: Control,
    board: &'a Board,
}

/// What an actor says: a word, and perhaps more.
pub mod word {
    /// The server's address is live.
    pub const LIVE: &str = "live";
    /// The library failed, which it may.
    pub const ERROR: &str = "error";
    /// What must not be.
    pub const WRONG: &str = "wrong";
    /// A new client did not get its answer.
    pub const UNRECOVERED: &str = "unrecovered";
    /// It is over.
    pub const END: &str = "end";
}

impl<'a> Voice<'a> {
    pub fn new(control: Control, board: &'a Board) -> Self {
        Self { control, board }
    }

    pub fn say(&self, word: &str, more: &str) {
        // One whose supervisor has gone has nobody to tell.
        let _ = (self.control).try_to_say(&format!("{word} {}", more.replace('\n', " ")));
    }

    /// Waits for a line of the supervisor's, or its end.
    fn hear(&mut self) {
        self.control.hear();
    }

    /// Does something in which the library's system calls count.
    pub fn in_library<T>(&self, work: impl FnOnce() -> T) -> T {
        self.board.in_library.store(true, Ordering::SeqCst);
        let result = work();
        self.board.in_library.store(false, Ordering::SeqCst);
        result
    }

    /// Tells of a failure, and whether it is one that says what, and is nobody's bug.
    fn failed(&self, what: &str, error: &Error) {
        self.say(word::ERROR, &format!("{what}: {error}"));
        let is_clear = !matches!(error.status(), Status::Ok | Status::Internal);
        if !is_clear || error.context().is_empty() {
            self.say(word::WRONG, &format!("{what} failed by {error}"));
        }
    }

    fn expect<T: PartialEq + std::fmt::Debug + ?Sized>(&self, what: &str, got: &T, right: &T) {
        if got != right {
            let mut text = format!("{what} gave {got:?}, not {right:?}");
            text.truncate(300);
            self.say(word::WRONG, &text);
        }
    }
}

/// Says what this process has that it had not before.
fn look_for_leaks(before: &Census, voice: &Voice<'_>) {
    voice.expect("looking for leaks", &before.await_again(), before);
}

/// Serves until the supervisor says that it is enough.
pub fn serve(transport: &Transport, address: &Address, voice: &mut Voice<'_>) {
    let before = Census::own();
    match voice.in_library(|| transport.serve(address)) {
        Err(error) => voice.failed("create and start", &error),
        Ok(server) => {
            voice.say(word::LIVE, "");
            voice.hear();
            if let Err(error) = voice.in_library(|| server.stop()) {
                voice.failed("stop", &error);
            }
            voice.in_library(|| drop(server));
        }
    }
    look_for_leaks(&before, voice);
    voice.say(word::END, "");
}

/// Calls in every way; then, with nothing failing any more, once more with a new client.
pub fn call(transport: &Transport, address: &Address, voice: &mut Voice<'_>) {
    let before = Census::own();
    match voice.in_library(|| transport.connect(address)) {
        Err(error) => voice.failed("connect", &error),
        Ok(client) => {
            ask(transport, &client, voice);
            voice.in_library(|| drop(client));
        }
    }
    look_for_leaks(&before, voice);
    let again = || {
        let client = transport.connect(address)?;
        transport.ask_once(&client)
    };
    // On the server's side the fault may fall on the first of these; the second has none.
    if let Err(error) = again() {
        voice.failed("a second client", &error);
        if let Err(error) = again() {
            voice.say(word::UNRECOVERED, &error.to_string());
        }
    }
    look_for_leaks(&before, voice);
    voice.say(word::END, "");
}

/// Serves at an address where another did before, and is its own client.
pub fn serve_again(transport: &Transport, address: &Address, voice: &mut Voice<'_>) {
    let served = transport.serve(address).and_then(|server| {
        let client = transport.connect(address)?;
        transport.ask_once(&client)?;
        drop(client);
        server.stop()
    });
    if let Err(error) = served {
        voice.say(word::WRONG, &error.to_string());
    }
    voice.say(word::END, "");
}

/// Requests in a batch: more than fit into a few reads.
const BATCH: i64 = 40;
/// Bytes of a message larger than what a pipe holds.
const LARGE: usize = 100_000;

/// One way to call.
type Step<'a> = Box<dyn Fn() -> Result<()> + 'a>;

fn ask(transport: &Transport, client: &Client, voice: &Voice<'_>) {
    let mut steps: Vec<(&str, Step<'_>)> = Vec::new();
    if transport.calculates {
        steps.push((
            "call",
            Box::new(|| {
                let response = voice.in_library(|| client.call(&add(10, 20)))?;
                voice.expect("call", &response, &Ok(30));
                Ok(())
            }),
        ));
        steps.push((
            "a call without a result",
            Box::new(|| {
                let nothing = request(Operation::Div, 1, 0);
                let response = voice.in_library(|| client.call(&nothing))?;
                voice.expect("a call without a result", &response.is_err(), &true);
                Ok(())
            }),
        ));
        steps.push(("call_many", Box::new(|| many(client, voice))));
    }
    steps.push(("call_bytes", Box::new(|| bytes(transport, client, voice))));
    let mut failures = 0;
    for (what, step) in steps.iter().chain(&steps[..1]) {
        if let Err(error) = step() {
            voice.failed(what, &error);
            failures += 1;
        }
        // What is called after a failure must be right, or fail as clearly. Once shows it.
        if failures == 2 {
            return;
        }
    }
}

fn many(client: &Client, voice: &Voice<'_>) -> Result<()> {
    let requests: Vec<_> = (0..BATCH).map(|number| add(number, 1000)).collect();
    let mut responses = Vec::with_capacity(requests.len());
    let result =
        voice.in_library(|| client.call_many(&requests, |response| responses.push(response)));
    let right: Vec<_> = (0..BATCH).map(|number| Ok(number + 1000)).collect();
    voice.expect("call_many", &responses[..], &right[..responses.len()]);
    if result.is_ok() {
        voice.expect("call_many", &responses.len(), &right.len());
    }
    result
}

fn bytes(transport: &Transport, client: &Client, voice: &Voice<'_>) -> Result<()> {
    let message: Vec<u8> = (0..LARGE).map(|place| (place * 7 % 251) as u8).collect();
    let mut answer = vec![0; LARGE];
    let length = voice.in_library(|| client.call_bytes(&message, &mut answer))?;
    voice.expect("call_bytes' length", &length, &LARGE);
    let right = transport.echo(&message);
    voice.expect("call_bytes", &(answer == right), &true);
    Ok(())
}
