//! What is served over gRPC.
//!
//! A request meets, in this order: [`Ingress::answer`], which takes note of how it ends, looks at its token, reads its deadline and sees to the
//! trailers of failures; the
//! router; the service of its path. A service picks a connection of its [`Pool`] and asks.

mod bytes;
mod calculator;
mod deadline;
mod health;
mod observed;
mod raw;
mod route;
mod stream;

pub use deadline::Deadline;
pub use health::Health;
pub use observed::Observer;
pub use route::Path;

pub(crate) use raw::Raw;

use crate::code::{self, Executed};
use crate::guard::Guard;
use crate::pool::Pool;
use crate::proto::bytes_server::BytesServer;
use crate::proto::calculator_server::CalculatorServer;
use http::{Request, Response};
use hyper::body::Incoming;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower_service::Service;

/// Room in a message of gRPC beside a body: the field's tag and its length.
pub(crate) const ENVELOPE: usize = 16;

/// All services, and what each request meets before them.
#[derive(Clone)]
pub struct Ingress {
    routes: Routes,
    guard: Arc<Guard>,
    /// How long a call may take, whatever its caller says.
    max_timeout: Duration,
    observer: Arc<Observer>,
}

impl Ingress {
    /// Services that are added to `routes`, whose calls may take `max_timeout`, for those whom `guard` lets in.
    pub fn new(routes: Routes, guard: Arc<Guard>, max_timeout: Duration) -> Self {
        Self {
            routes: routes.prepare(),
            guard,
            max_timeout,
            observer: Arc::default(),
        }
    }

    /// Has `observer` told of every call.
    pub fn observed_by(self, observer: Arc<Observer>) -> Self {
        Self { observer, ..self }
    }

    /// Answers a request, and sees to it that its end is told.
    pub async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let call = self.observer.begin(&request);
        Ok(call.until_end(self.respond(request).await?))
    }

    async fn respond(
        mut self,
        mut request: Request<Incoming>,
    ) -> Result<Response<Body>, Infallible> {
        if let Err(refusal) = self.guard.check(&request) {
            return Ok(refusal.into_http());
        }
        let deadline = match Deadline::read(request.headers(), self.max_timeout) {
            Ok(deadline) => deadline,
            Err(error) => return Ok(code::to_grpc(&error).into_http()),
        };
        request.extensions_mut().insert(deadline.clone());
        let answered = deadline.bound(self.routes.call(request)).await;
        let mut response = match answered {
            Ok(answered) => answered?,
            Err(error) => code::to_grpc(&error).into_http(),
        };
        see_to_trailers(&mut response);
        Ok(response)
    }
}

/// Adds the trailers to a failure before any service had the request, such as an unknown path.
fn see_to_trailers(response: &mut Response<Body>) {
    let headers = response.headers_mut();
    let Some(status) = Status::from_header_map(headers) else {
        return;
    };
    if status.code() == Code::Ok || headers.contains_key(code::EXECUTED) {
        return;
    }
    let mut trailers = MetadataMap::new();
    code::note(&mut trailers, code::status(status.code()), Executed::No);
    headers.extend(trailers.into_headers());
}

/// The gateway's own two services over these backends, whose messages have bodies of up to `max_message` bytes.
pub fn own_services(routes: Routes, pool: &Arc<Pool>, max_message: u32) -> Routes {
    let calculator = CalculatorServer::new(calculator::Calculator(pool.clone()));
    let bytes = BytesServer::new(bytes::Bytes(pool.clone()));
    let limit = max_message as usize + ENVELOPE;
    routes
        .add_service(calculator.max_decoding_message_size(calculator::LONGEST))
        .add_service(bytes.max_decoding_message_size(limit))
}

/// A method of the user's own .proto over these backends.
pub fn typed_route(routes: Routes, path: &Path, pool: Arc<Pool>, max_message: u32) -> Routes {
    let route = route::Route::new(pool, max_message as usize);
    let router = routes.into_axum_router();
    router.route_service(path.as_str(), route).into()
}
