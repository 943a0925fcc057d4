//! Connections of gRPC: accepted, bounded, and drained.

mod preface;
#[cfg(test)]
mod tests;

use crate::accept;
use crate::guard::Guard;
use crate::ingress::Ingress;
use crate::tls;
use crate::trace;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use preface::Prefaced;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Connections at once; others wait to be accepted.
const CONNECTIONS: usize = 1024;

/// Calls at once over one connection.
const STREAMS: u32 = 256;

/// Bytes that are taken before they are read, of a stream and of a connection. h2 bounds how many small frames it holds by half of
/// the second, and ends a connection with more of them: a stream of small requests that comes faster than it is answered is
/// stopped by the first before that.
const WINDOWS: (u32, u32) = (32 << 10, 16 << 20);

/// Bytes of all headers of a request.
const HEADERS: u32 = 16 << 10;

/// A connection that says nothing for the first of these is asked, and ended after the second.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(5));

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every call was answered.
    Drained,
    /// Some were not.
    Cut,
}

/// Connections that are told to end.
pub struct Draining(JoinSet<()>);

impl Draining {
    /// Waits until all calls are answered, at most so long.
    pub async fn drain(mut self, grace: Duration) -> Ended {
        let all = async { while self.0.join_next().await.is_some() {} };
        match timeout(grace, all).await {
            Ok(()) => Ended::Drained,
            Err(_) => Ended::Cut,
        }
    }
}

/// Serves until `begin_drain` is over. Then nobody is let in any more, and every connection ends once its calls have.
pub async fn until(
    listener: TcpListener,
    guard: Arc<Guard>,
    ingress: Ingress,
    begin_drain: impl Future<Output = ()>,
) -> Draining {
    let (draining, drains) = watch::channel(false);
    let serve = |stream| admit(stream, guard.clone(), ingress.clone(), drains.clone());
    let connections = accept::until(begin_drain, &listener, CONNECTIONS, serve).await;
    draining.send_replace(true);
    Draining(connections)
}

/// Takes one connection as the guard says, and serves it.
async fn admit(
    stream: TcpStream,
    guard: Arc<Guard>,
    ingress: Ingress,
    mut drains: watch::Receiver<bool>,
) {
    // Only answers come later without it.
    let _ = stream.set_nodelay(true);
    let peer = stream.peer_addr().ok();
    let stream: Box<dyn Wire> = match guard.acceptor() {
        None => Box::new(stream),
        Some(acceptor) => {
            let accepted = tokio::select! {
                accepted = tls::accept(acceptor, stream) => accepted,
                () = has_begun(&mut drains) => return,
            };
            match accepted {
                Ok(stream) => Box::new(stream),
                Err(error) => return trace::refused(peer, &error),
            }
        }
    };
    converse(stream, peer, ingress, drains).await;
}

/// A connection, encrypted or not. HTTP/2 is there once for both, which halves its code.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for S {}

/// Waits until connections are told to end.
async fn has_begun(drains: &mut watch::Receiver<bool>) {
    drop(drains.wait_for(|drains| *drains).await);
}

/// Serves one connection to its end.
async fn converse<S>(
    stream: S,
    peer: Option<SocketAddr>,
    ingress: Ingress,
    mut drains: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answer = service_fn(move |request| ingress.clone().answer(request));
    let (stream, greeting) = Prefaced::new(stream);
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEPALIVE.0)
        .keep_alive_timeout(KEEPALIVE.1)
        .initial_stream_window_size(WINDOWS.0)
        .initial_connection_window_size(WINDOWS.1)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADERS)
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        biased; // What has come is read before it ends.
        ended = connection.as_mut() => ended,
        () = has_begun(&mut drains) => {
            if !greeting.has_come() {
                return; // Nothing was asked, so that nobody waits for an answer.
            }
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        trace::refused(peer, &error);
    }
}
