//! A unary method of the user's own .proto: a message's bytes are the body that the handler of bytes gets.

use super::bytes::call;
use super::raw::Raw;
use crate::pool::Pool;
use bytes::Bytes;
use http::Request;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::server::{Grpc, UnaryService};
use tonic::{Response, Status};
use tower_service::Service;

/// The path of a method, such as `/demo.values.v1.Values/Get`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(String);

impl Path {
    /// The path as it stands in a request.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the service, such as `demo.values.v1.Values`.
    pub fn service(&self) -> &str {
        let rest = self.0.get(1..).unwrap_or_default();
        rest.split_once('/').map_or(rest, |(service, _)| service)
    }

    /// The name of the method, such as `Get`.
    pub fn method(&self) -> &str {
        let parts = self.0.rsplit_once('/');
        parts.map_or("", |(_, method)| method)
    }
}

impl FromStr for Path {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_name = |name: &str| {
            let is_first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
            let is_part = |part: &str| {
                let mut bytes = part.bytes();
                bytes.next().is_some_and(is_first)
                    && bytes.all(|byte| is_first(byte) || byte.is_ascii_digit())
            };
            name.split('.').all(is_part)
        };
        let parts = text.strip_prefix('/').and_then(|rest| rest.split_once('/'));
        match parts {
            Some((service, method))
                if is_name(service) && is_name(method) && !method.contains('.') =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(format!(
                "'{text}' is no path of a method: write /package.Service/Method"
            )),
        }
    }
}

/// Answers the calls of one method.
#[derive(Clone)]
pub(super) struct Route {
    pool: Arc<Pool>,
    max_message: usize,
}

type Answering<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl Route {
    /// A method whose messages have `max_message` bytes at most.
    pub(super) fn new(pool: Arc<Pool>, max_message: usize) -> Self {
        Self { pool, max_message }
    }
}

impl UnaryService<Bytes> for Route {
    type Response = Bytes;
    type Future = Answering<Response<Bytes>, Status>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let pool = self.pool.clone();
        Box::pin(async move {
            let (_, extensions, message) = request.into_parts();
            call(&pool, &extensions, message).await.map(Response::new)
        })
    }
}

impl<B> Service<Request<B>> for Route
where
    B: tonic::codegen::Body + Send + 'static,
    B::Error: Into<tonic::codegen::StdError> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answering<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let route = self.clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(Raw).max_decoding_message_size(route.max_message);
            Ok(grpc.unary(route, request).await)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_service_and_a_method() {
        let path: Path = "/demo.values.v1.Values/Get".parse().unwrap();
        assert_eq!(path.service(), "demo.values.v1.Values");
        assert_eq!(path.method(), "Get");
        assert_eq!(path.as_str(), "/demo.values.v1.Values/Get");
        assert_eq!("/S/M".parse::<Path>().unwrap().service(), "S");
        for text in [
            "", "/", "S/M", "/S", "/S/", "//M", "/S/M/", "/S/M.N", "/a..b/M", "/1/M", "/{s}/M",
            "/S/*",
        ] {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
    }
}
