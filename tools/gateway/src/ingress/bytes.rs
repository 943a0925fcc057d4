//! `calc_ipc.v1.Bytes`: a message of any kind, in an envelope.

use super::deadline::Deadline;
use crate::code;
use crate::pool::Pool;
use crate::proto::{CallRequest, CallResponse, bytes_server};
use http::Extensions;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// The service, over these backends.
pub(super) struct Bytes(pub(super) Arc<Pool>);

#[tonic::async_trait]
impl bytes_server::Bytes for Bytes {
    async fn call(&self, request: Request<CallRequest>) -> Result<Response<CallResponse>, Status> {
        let (_, extensions, CallRequest { body }) = request.into_parts();
        let body = call(&self.0, &extensions, body).await?;
        Ok(Response::new(CallResponse { body }))
    }
}

/// What a backend answers to `message`.
pub(super) async fn call(
    pool: &Pool,
    extensions: &Extensions,
    message: bytes::Bytes,
) -> Result<bytes::Bytes, Status> {
    let due = Deadline::take(extensions)?.due();
    let answer = pool.ask(message, due).await;
    answer.map_err(|error| code::to_grpc(&error))
}
