//! `calc_ipc.v1.Calculator`: requests as messages of the .proto, text to the backend.

use super::deadline::Deadline;
use super::stream::{self, Answers};
use crate::code::{self, Executed};
use crate::pool::{Pool, body};
use crate::proto::execute_response::Outcome;
use crate::proto::{
    ExecuteBatchRequest, ExecuteBatchResponse, ExecuteRequest, ExecuteResponse, Operation,
    calculator_server,
};
use calc_ipc::calculator::{self, text};
use calc_ipc::error::{Error, Result, Status};
use std::sync::Arc;
use tonic::{Request, Response, Streaming};

/// Requests of a batch, as many as a client of the library sends at once.
const BATCH: usize = 4096;

/// The longest message, in bytes: a batch of the longest requests, each an operation, two numbers, and its envelope.
pub(super) const LONGEST: usize = BATCH * 32;

/// The service, over these backends.
pub(super) struct Calculator(pub(super) Arc<Pool>);

type Answered<T> = std::result::Result<Response<T>, tonic::Status>;

#[tonic::async_trait]
impl calculator_server::Calculator for Calculator {
    async fn execute(&self, request: Request<ExecuteRequest>) -> Answered<ExecuteResponse> {
        let due = Deadline::take(request.extensions())?.due();
        let message = message(request.get_ref()).map_err(|error| code::to_grpc(&error))?;
        let answer = self.0.ask(message, due).await;
        let answer = answer.and_then(|body| response(&body));
        answer
            .map(Response::new)
            .map_err(|error| code::to_grpc(&error))
    }

    async fn execute_batch(
        &self,
        request: Request<ExecuteBatchRequest>,
    ) -> Answered<ExecuteBatchResponse> {
        let deadline = Deadline::take(request.extensions())?;
        let (responses, ended) = self.batch(&request.get_ref().requests, &deadline).await;
        let is_empty = responses.is_empty();
        let mut response = Response::new(ExecuteBatchResponse { responses });
        match ended {
            Ok(()) => {}
            Err(error) if is_empty => return Err(code::to_grpc(&error)),
            Err(error) => code::note(
                response.metadata_mut(),
                error.status(),
                Executed::of(&error),
            ),
        }
        Ok(response)
    }

    type ExecuteStreamStream = Answers;

    async fn execute_stream(
        &self,
        request: Request<Streaming<ExecuteRequest>>,
    ) -> Answered<Answers> {
        let deadline = Deadline::take(request.extensions())?;
        let lane = self.0.pick().clone();
        let answers = stream::answers(request.into_inner(), lane, deadline);
        Ok(Response::new(answers))
    }
}

impl Calculator {
    /// The answers to `requests`, up to the first that fails, and why that did. All go over one connection, in order.
    async fn batch(
        &self,
        requests: &[ExecuteRequest],
        deadline: &Deadline,
    ) -> (Vec<ExecuteResponse>, Result<()>) {
        match known(requests) {
            Ok(requests) => {
                let lane = self.0.pick();
                lane.ask_all(&requests, deadline.due(), response).await
            }
            Err(error) => (Vec::new(), Err(error)),
        }
    }
}

/// All requests, each of which has to be one before any is sent.
fn known(requests: &[ExecuteRequest]) -> Result<Vec<calculator::Request>> {
    if requests.len() > BATCH {
        let context = format!(
            "a batch of {} requests; {BATCH} are the most",
            requests.len()
        );
        return Err(Error::new(Status::TooLarge, context).not_executed());
    }
    requests.iter().map(one).collect()
}

/// The body of a request.
pub(super) fn message(request: &ExecuteRequest) -> Result<bytes::Bytes> {
    Ok(body(&one(request)?))
}

/// A request, if its operation is one.
fn one(request: &ExecuteRequest) -> Result<calculator::Request> {
    let operation = Operation::try_from(request.operation).ok();
    let operation = operation.and_then(Operation::known).ok_or_else(|| {
        let context = format!("operation {} is none", request.operation);
        Error::new(Status::InvalidArgument, context).not_executed()
    })?;
    Ok(calculator::Request {
        operation,
        arg1: request.arg1,
        arg2: request.arg2,
    })
}

/// The response with this body.
pub(super) fn response(body: &[u8]) -> Result<ExecuteResponse> {
    let response = text::parse_response(body).ok_or_else(|| {
        let context = "the backend's answer is no response of a calculator; \
            a backend of messages of its own is asked by Bytes.Call or a route";
        Error::new(Status::Malformed, context)
    })?;
    let outcome = match response {
        Ok(result) => Outcome::Result(result),
        Err(error) => Outcome::Error(error.to_string()),
    };
    Ok(ExecuteResponse {
        outcome: Some(outcome),
    })
}
