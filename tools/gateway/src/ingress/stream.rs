//! A stream of requests, answered in order.
//!
//! As many requests are read as the connection carries; then the reader waits for the writer, which waits for HTTP/2's window.

use super::calculator::{message, response};
use super::deadline::Deadline;
use crate::code::{self, Executed};
use crate::pool::{Call, Lane};
use crate::proto::{ExecuteRequest, ExecuteResponse};
use calc_ipc::service::IN_FLIGHT_MAX;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::timeout_at;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Status, Streaming};

/// The answers of a stream.
pub(super) type Answers = Pin<Box<dyn Stream<Item = Result<ExecuteResponse, Status>> + Send>>;

/// A call that was asked for, or why the stream ends.
type Asked = Result<Call, Status>;

/// The answers to what comes from `requests`, all over one connection.
pub(super) fn answers(
    requests: Streaming<ExecuteRequest>,
    lane: Arc<Lane>,
    deadline: Deadline,
) -> Answers {
    let (asked, calls) = mpsc::channel(IN_FLIGHT_MAX);
    tokio::spawn(read(requests, lane, deadline, asked));
    // tonic takes nothing after the first failure, and dropping the calls calls them off.
    Box::pin(ReceiverStream::new(calls).then(answer))
}

async fn answer(asked: Asked) -> Result<ExecuteResponse, Status> {
    let answer = asked?.answer().await;
    let response = answer.and_then(|body| response(&body));
    response.map_err(|error| code::to_grpc(&error))
}

/// Asks for what comes, until the stream ends or nobody takes the answers.
async fn read(
    mut requests: Streaming<ExecuteRequest>,
    lane: Arc<Lane>,
    deadline: Deadline,
    asked: mpsc::Sender<Asked>,
) {
    while let Ok(place) = asked.reserve().await {
        let call = tokio::select! {
            call = ask_next(&mut requests, &lane, &deadline) => call,
            () = asked.closed() => return,
        };
        let Some(call) = call else { return };
        let is_last = call.is_err();
        place.send(call);
        if is_last {
            return;
        }
    }
}

/// Asks for the next request; `None`: there are no more.
async fn ask_next(
    requests: &mut Streaming<ExecuteRequest>,
    lane: &Arc<Lane>,
    deadline: &Deadline,
) -> Option<Asked> {
    match next(requests, deadline).await {
        Ok(Some(message)) => Some(Ok(lane.ask_in_turn(message, deadline.due_now()).await)),
        Ok(None) => None,
        Err(status) => Some(Err(status)),
    }
}

/// The body of the next request; `None`: there are no more.
async fn next(
    requests: &mut Streaming<ExecuteRequest>,
    deadline: &Deadline,
) -> Result<Option<bytes::Bytes>, Status> {
    let came = match deadline.end() {
        Some(end) => timeout_at(end, requests.message()).await,
        None => Ok(requests.message().await),
    };
    let came = came.map_err(|_| code::to_grpc(&crate::pool::expired()))?;
    let request = came.map_err(|mut status| {
        let why = code::status(status.code());
        code::note(status.metadata_mut(), why, Executed::No);
        status
    })?;
    let message = request.as_ref().map(message).transpose();
    message.map_err(|error| code::to_grpc(&error))
}
