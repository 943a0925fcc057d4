//! Serves the metrics over HTTP/1.1.

use super::Metrics;
use crate::accept;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName};
use http::{Method, Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Who may ask at once; others wait.
const CONNECTIONS: usize = 16;

/// How long a connection may last, after which whoever asks connects anew: nobody holds a place for ever.
const LIFE: Duration = Duration::from_secs(60);

/// How long a request's headers may take.
const HEADERS: Duration = Duration::from_secs(5);

const PATH: &str = "/metrics";

/// Where metrics may be asked for.
pub struct Page {
    listener: TcpListener,
    metrics: Arc<Metrics>,
}

impl Page {
    /// Listens. Nobody is answered yet.
    pub async fn listen(address: SocketAddr, metrics: Arc<Metrics>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { listener, metrics })
    }

    /// What it tells of.
    pub fn metrics(&self) -> Arc<Metrics> {
        self.metrics.clone()
    }

    /// Its URL, with the port that the system chose.
    pub fn url(&self) -> io::Result<String> {
        let address = self.listener.local_addr()?;
        Ok(format!("http://{address}{PATH}"))
    }

    /// Answers, for ever.
    pub async fn serve(self) {
        let serve = |stream| {
            let metrics = self.metrics.clone();
            async move {
                let _ = timeout(LIFE, converse(stream, metrics)).await;
            }
        };
        accept::until(pending(), &self.listener, CONNECTIONS, serve).await;
    }
}

async fn converse(stream: TcpStream, metrics: Arc<Metrics>) {
    let answer = service_fn(move |request| {
        let response = respond(&request, &metrics);
        async move { Ok::<_, Infallible>(response) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection for metrics failed");
    }
}

fn respond<T>(request: &Request<T>, metrics: &Metrics) -> Response<String> {
    let say = |status, name: HeaderName, value: &'static str, body: String| {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(name, http::HeaderValue::from_static(value));
        response
    };
    if request.uri().path() != PATH {
        let body = format!("metrics are at {PATH}\n");
        return say(StatusCode::NOT_FOUND, CONTENT_TYPE, "text/plain", body);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let body = String::new();
        return say(StatusCode::METHOD_NOT_ALLOWED, ALLOW, "GET, HEAD", body);
    }
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    say(StatusCode::OK, CONTENT_TYPE, kind, metrics.text())
}
