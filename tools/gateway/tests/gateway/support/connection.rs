//! A connection of HTTP/2, by which the tests call.

use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::body::Body;
use tower_service::Service;

/// A connection of HTTP/2. tonic's own ends calls by a clock of its own, and what the gateway says would come second.
#[derive(Clone)]
pub(crate) struct Connection {
    requests: http2::SendRequest<Body>,
    authority: String,
}

impl Connection {
    pub(super) async fn to(address: &str) -> Self {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        // Else a call waits 40 ms for an acknowledgement of its headers.
        stream.set_nodelay(true).unwrap();
        Self::over(stream, address).await.unwrap()
    }

    /// One over what is connected already.
    pub(crate) async fn over<S>(stream: S, authority: &str) -> hyper::Result<Self>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let io = TokioIo::new(stream);
        let (requests, connection) = http2::handshake(TokioExecutor::new(), io).await?;
        tokio::spawn(connection);
        Ok(Self {
            requests,
            authority: authority.to_owned(),
        })
    }
}

impl Service<http::Request<Body>> for Connection {
    type Response = http::Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = hyper::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.requests.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let path = request.uri().path_and_query().cloned().unwrap();
        let uri = http::Uri::builder()
            .scheme("http")
            .authority(&*self.authority);
        *request.uri_mut() = uri.path_and_query(path).build().unwrap();
        Box::pin(self.requests.send_request(request))
    }
}
