//! The gateway as a process, backends in this one and in others, and clients.

mod connection;

use calc_ipc::service::{Handler, Reply, Server};
use calc_ipc::transport::{self, Address, ServerOptions, Side};
use calc_ipc_gateway::code;
use calc_ipc_gateway::proto::bytes_client::BytesClient;
use calc_ipc_gateway::proto::calculator_client::CalculatorClient;
use calc_ipc_gateway::proto::execute_response::Outcome;
use calc_ipc_gateway::proto::{ExecuteRequest, ExecuteResponse, Operation};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;
use std::{env, thread};
use tempfile::TempDir;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;

pub(crate) use connection::Connection;

/// Nothing here takes nearly as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What ends in time, or the test fails.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Ok(ended) = timeout(PATIENCE, future).await else {
        panic!("it hangs: {what}");
    };
    ended
}

/// A folder for sockets.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn url(&self, name: &str) -> String {
        self.url_of("unix", name)
    }

    /// That of a transport whose addresses are paths.
    pub(crate) fn url_of(&self, scheme: &str, name: &str) -> String {
        format!("{scheme}://{}", self.path(name))
    }

    /// One of each transport.
    pub(crate) fn urls(&self) -> Vec<String> {
        let schemes = ["unix", "seqpacket", "fifo", "shm"];
        let paths = schemes.map(|scheme| self.url_of(scheme, scheme));
        paths
            .into_iter()
            .chain(["tcp://127.0.0.1:0".to_owned()])
            .collect()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}

/// A server of the library in this process.
pub(crate) fn serve(url: &str, handler: Handler) -> Server {
    serve_with(url, handler, &ServerOptions::default())
}

pub(crate) fn serve_with(url: &str, handler: Handler, options: &ServerOptions) -> Server {
    serve_anywhere(url, handler, options).0
}

/// The same, and the URL as bound, with the port that the system chose.
pub(crate) fn serve_anywhere(
    url: &str,
    handler: Handler,
    options: &ServerOptions,
) -> (Server, String) {
    let address = Address::parse(url, Side::Server).unwrap();
    let bound = transport::bind(&address, options).unwrap();
    let server = Server::new(bound.endpoint, handler).unwrap();
    server.start().unwrap();
    (server, bound.address.to_string())
}

/// Answers a message backwards.
pub(crate) fn backwards() -> Handler {
    Handler::bytes(|message, room| {
        let answer = room.get_mut(..message.len())?;
        answer.copy_from_slice(message);
        answer.reverse();
        Some(message.len())
    })
}

/// A handler whose answers are the test's: it gets each request, and the right to answer it.
pub(crate) fn by_hand() -> (Handler, Requests) {
    let (came, requests) = mpsc::channel();
    let handler = Handler::deferred(move |reply, body| {
        // Requests of a probe are none of the test's.
        match body {
            b"ADD 0 0" => reply.send(b"OK 0").unwrap(),
            _ => came.send((reply, body.to_vec())).unwrap(),
        }
    });
    (handler, Requests(Mutex::new(requests)))
}

/// What came to such a handler.
pub(crate) struct Requests(Mutex<mpsc::Receiver<(Reply, Vec<u8>)>>);

impl Requests {
    pub(crate) fn next(&self) -> (Reply, Vec<u8>) {
        let requests = self.0.lock().unwrap();
        tokio::task::block_in_place(|| requests.recv_timeout(PATIENCE)).expect("a request")
    }

    /// Those that have come and were not looked at, to be answered.
    pub(crate) fn taken(&self) -> Vec<(Reply, Vec<u8>)> {
        self.0.lock().unwrap().try_iter().collect()
    }

    /// Whatever came and was not looked at.
    pub(crate) fn rest(&self) -> Vec<Vec<u8>> {
        let requests = self.0.lock().unwrap();
        requests.try_iter().map(|(_, body)| body).collect()
    }
}

/// A process that is killed when it is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    fn number(&self) -> Pid {
        Pid::from_raw(self.0.id().try_into().unwrap())
    }
}

/// The variable with the URL that a process serves.
const SERVES: &str = "CALC_IPC_TEST_SERVES";

/// What such a process says.
const SERVING: &str = "it serves";
const ASKED: &str = "it was asked";

/// A backend in a process of its own. It calculates, but never answers what has 1 for its first number, and says that it has
/// been asked.
pub(crate) struct Remote {
    process: Process,
    lines: Lines,
}

impl Remote {
    pub(crate) fn start(url: &str) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "support::serves_where_it_is_told", "--nocapture"]);
        command.env(SERVES, url).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = Lines::of(child.stdout.take().unwrap());
        let process = Process(child);
        lines.next_with(SERVING);
        Self { process, lines }
    }

    /// Waits until it has the request that it will not answer.
    pub(crate) fn wait_until_asked(&self) {
        self.lines.next_with(ASKED);
    }

    pub(crate) fn kill(mut self) {
        self.process.0.kill().unwrap();
        self.process.0.wait().unwrap();
    }
}

/// What a process that was told to plays, and nothing in any other. Its failure fails the test that waits for it.
#[test]
fn serves_where_it_is_told() {
    let Ok(url) = env::var(SERVES) else {
        return;
    };
    let _server = serve(
        &url,
        Handler::new(|request| {
            if request.arg1 == 1 {
                println!("{ASKED}");
                thread::park_timeout(PATIENCE * 2);
            }
            calc_ipc::calculator::execute(request)
        }),
    );
    println!("{SERVING}");
    // Until it is killed, or whoever started it has long gone.
    thread::sleep(PATIENCE * 2);
}

/// The lines that a process prints.
pub(crate) struct Lines(mpsc::Receiver<String>);

impl Lines {
    fn of(output: impl Read + Send + 'static) -> Self {
        let (read, lines) = mpsc::channel();
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.for_each(|line| drop(read.send(line)));
        });
        Self(lines)
    }

    /// What follows these words in the next line that has them, which comes soon.
    pub(crate) fn next_with(&self, words: &str) -> String {
        loop {
            let line = tokio::task::block_in_place(|| self.0.recv_timeout(PATIENCE));
            let line = line.expect("a process says what it does");
            if let Some((_, rest)) = line.split_once(words) {
                return rest.trim().to_owned();
            }
        }
    }
}

/// The gateway.
pub(crate) struct Gateway {
    process: Process,
    /// Where it listens.
    pub(crate) address: String,
    lines: Lines,
}

impl Gateway {
    /// One before these backends.
    pub(crate) fn before(backends: &[&str]) -> Self {
        Self::with(backends, &[])
    }

    /// One before these backends, with more arguments.
    pub(crate) fn with(backends: &[&str], more: &[&str]) -> Self {
        let mut args = vec!["--listen", "127.0.0.1:0"];
        for backend in backends {
            args.extend(["--backend", backend]);
        }
        args.extend(more);
        Self::start(&args)
    }

    /// One with these arguments.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::spawn(args, Stdio::inherit()).0
    }

    /// The same, and the lines of its log.
    pub(crate) fn heard(args: &[&str]) -> (Self, Lines) {
        let (gateway, log) = Self::spawn(args, Stdio::piped());
        (gateway, Lines::of(log.unwrap()))
    }

    fn spawn(args: &[&str], log: Stdio) -> (Self, Option<ChildStderr>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_calc-ipc-gateway"));
        command.args(args).stdout(Stdio::piped()).stderr(log);
        let mut child = command.env_remove("RUST_LOG").spawn().unwrap();
        let (output, log) = (child.stdout.take().unwrap(), child.stderr.take());
        let process = Process(child);
        let lines = Lines::of(output);
        let address = lines.next_with("listening on ");
        let gateway = Self {
            process,
            address,
            lines,
        };
        (gateway, log)
    }

    /// What follows these words in a line that it prints later.
    pub(crate) fn says(&self, words: &str) -> String {
        self.lines.next_with(words)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.process.number(), signal).unwrap();
    }

    /// Its exit status.
    pub(crate) fn wait(mut self) -> Option<i32> {
        let (ended, status) = mpsc::channel();
        let number = self.process.number();
        thread::spawn(move || {
            if status.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                let _ = kill(number, Signal::SIGKILL);
            }
        });
        let status = tokio::task::block_in_place(|| self.process.0.wait()).unwrap();
        let _: Result<(), _> = ended.send(());
        status.code()
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::to(&self.address).await
    }

    pub(crate) async fn calculator(&self) -> CalculatorClient<Connection> {
        CalculatorClient::new(self.connect().await)
    }

    pub(crate) async fn bytes(&self) -> BytesClient<Connection> {
        BytesClient::new(self.connect().await).max_decoding_message_size(64 << 20)
    }

    pub(crate) async fn health(&self) -> HealthClient<Connection> {
        HealthClient::new(self.connect().await)
    }

    /// What a unary method answers whose messages are alike.
    pub(crate) async fn unary<M>(&self, path: &str, message: M) -> Result<M, Status>
    where
        M: prost::Message + Default + 'static,
    {
        let mut grpc = Grpc::new(self.connect().await);
        soon("ready", grpc.ready()).await.unwrap();
        let codec = ProstCodec::<M, M>::default();
        let call = grpc.unary(Request::new(message), path.parse().unwrap(), codec);
        soon("a call", call).await.map(Response::into_inner)
    }
}

/// What the gateway prints and how it exits where it does not serve.
pub(crate) fn refused(args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_calc-ipc-gateway"));
    let command = command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let mut process = Process(command.stderr(Stdio::piped()).spawn().unwrap());
    let mut said = String::new();
    let mut errors = process.0.stderr.take().unwrap();
    errors.read_to_string(&mut said).unwrap();
    (process.0.wait().unwrap().code(), said)
}

pub(crate) fn ask(operation: Operation, arg1: i64, arg2: i64) -> ExecuteRequest {
    ExecuteRequest {
        operation: operation.into(),
        arg1,
        arg2,
    }
}

pub(crate) fn add(arg1: i64, arg2: i64) -> ExecuteRequest {
    ask(Operation::Add, arg1, arg2)
}

pub(crate) fn result(result: i64) -> ExecuteResponse {
    ExecuteResponse {
        outcome: Some(Outcome::Result(result)),
    }
}

/// A request that has to be answered in so many milliseconds.
pub(crate) fn within<T>(milliseconds: u32, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let timeout = format!("{milliseconds}m").parse().unwrap();
    request.metadata_mut().insert("grpc-timeout", timeout);
    request
}

/// The code of a failure, and its two trailers.
pub(crate) fn told(status: &Status) -> (Code, &str, &str) {
    let trailer = |name| {
        let value = status.metadata().get(name);
        value.map_or("", |value| value.to_str().unwrap())
    };
    (
        status.code(),
        trailer(code::STATUS),
        trailer(code::EXECUTED),
    )
}
