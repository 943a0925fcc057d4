//! Clients of the library, the gateway between, and a gRPC server of the test's own.

use crate::support::{Gateway, Lines, PATIENCE};
use calc_ipc::error::Status;
use calc_ipc::service::Client;
use calc_ipc::transport::{Address, ClientOptions, Side};
use calc_ipc_gateway::proto::bytes_server::{Bytes, BytesServer};
use calc_ipc_gateway::proto::{CallRequest, CallResponse};
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::task::block_in_place;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Response};

/// Transports that clients of the library come over.
pub(super) const SCHEMES: [&str; 2] = ["unix", "shm"];

pub(super) fn connect(url: &str) -> Client {
    let address = Address::parse(url, Side::Client).unwrap();
    let options = ClientOptions {
        call_timeout: Some(PATIENCE),
        reconnect: true,
        ..ClientOptions::default()
    };
    Client::connect(&address, &options).unwrap()
}

pub(super) fn call(client: &Client, message: &[u8]) -> calc_ipc::error::Result<Vec<u8>> {
    let mut room = vec![0; 65536];
    let length = block_in_place(|| client.call_bytes(message, &mut room))?;
    room.truncate(length);
    Ok(room)
}

/// What is answered to a message while this thread does something.
pub(super) fn call_while<T>(
    client: &Client,
    message: &[u8],
    meanwhile: impl FnOnce() -> T,
) -> (calc_ipc::error::Result<Vec<u8>>, T) {
    thread::scope(|scope| {
        let asks = scope.spawn(|| call(client, message));
        let done = meanwhile();
        (block_in_place(|| asks.join().unwrap()), done)
    })
}

/// What a failed call is told.
pub(super) fn failure(client: &Client, message: &[u8]) -> Status {
    call(client, message).unwrap_err().status()
}

pub(super) fn egress(url: &str, to: &str, more: &[&str]) -> Gateway {
    let args = [&["--serve", url, "--to", to], more].concat();
    let gateway = Gateway::start(&args);
    assert_eq!(gateway.address, url);
    gateway
}

/// The same, and what it logs.
pub(super) fn egress_heard(url: &str, to: &str, more: &[&str]) -> (Gateway, Lines) {
    Gateway::heard(&[&["--serve", url, "--to", to], more].concat())
}

/// A gRPC server of the test's own, which has `Bytes` alone.
pub(super) struct Remote {
    pub(super) address: SocketAddr,
    asked: mpsc::Receiver<()>,
    /// All of it ends with this, connections too.
    runtime: Option<Runtime>,
}

impl Drop for Remote {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Answers with what it was asked, unless that says something else.
struct Says(mpsc::Sender<()>);

#[tonic::async_trait]
impl Bytes for Says {
    async fn call(
        &self,
        request: tonic::Request<CallRequest>,
    ) -> Result<Response<CallResponse>, tonic::Status> {
        let timeout = request.metadata().get("grpc-timeout").cloned();
        let body = request.into_inner().body;
        if let Some(number) = body.strip_prefix(b"code ") {
            let number: i32 = std::str::from_utf8(number).unwrap().parse().unwrap();
            let message = format!("the remote said {number}");
            return Err(tonic::Status::new(Code::from_i32(number), message));
        }
        let body = match &body[..] {
            b"timeout" => timeout.unwrap().as_encoded_bytes().to_vec().into(),
            b"long" => vec![b'l'; 100_000].into(),
            b"hang" => {
                self.0.send(()).unwrap();
                std::future::pending().await
            }
            _ => body,
        };
        Ok(Response::new(CallResponse { body }))
    }
}

impl Remote {
    pub(super) async fn start() -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into()).await
    }

    pub(super) async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, was_asked) = mpsc::channel();
        let server = tonic::transport::Server::builder().add_service(BytesServer::new(Says(asked)));
        let listener = listener.into_std().unwrap();
        let mut builder = runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            server
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
        });
        Self {
            address,
            asked: was_asked,
            runtime: Some(runtime),
        }
    }

    pub(super) fn wait_until_asked(&self) {
        block_in_place(|| self.asked.recv_timeout(PATIENCE)).unwrap();
    }
}
