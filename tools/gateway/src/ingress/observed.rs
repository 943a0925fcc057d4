//! How each call ended: counted, and logged where it failed.

use crate::code;
use crate::metrics::Metrics;
use crate::trace::{Budget, Parent};
use http::{HeaderMap, Request, Response, Uri};
use hyper::body::{Body as Streamed, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};

/// Who is told of calls.
#[derive(Debug, Default)]
pub struct Observer {
    metrics: Option<Arc<Metrics>>,
    lines: Budget,
}

impl Observer {
    /// One that counts, if there is where, and logs.
    pub fn new(metrics: Option<Arc<Metrics>>) -> Arc<Self> {
        Arc::new(Self {
            metrics,
            lines: Budget::default(),
        })
    }

    /// Takes note of a call that begins.
    pub(super) fn begin<T>(self: &Arc<Self>, request: &Request<T>) -> Observed {
        if let Some(metrics) = &self.metrics {
            metrics.begin();
        }
        Observed {
            observer: self.clone(),
            uri: request.uri().clone(),
            parent: Parent::read(request.headers()),
            began: Instant::now(),
            is_over: false,
        }
    }

    /// Logs a failure, unless there were too many of late.
    fn log(&self, call: &Observed, status: &Status) {
        let Some(left_out) = self.lines.spend() else {
            return;
        };
        if left_out > 0 {
            tracing::warn!(left_out, "more calls failed than were logged");
        }
        let path = call.uri.path();
        let said = |name| {
            let value = status.metadata().get(name)?;
            value.to_str().ok()
        };
        let (named, executed) = (said(code::STATUS), said(code::EXECUTED));
        let trace = call.parent.map(|parent| parent.to_string());
        let took = call.began.elapsed();
        let (code, why) = (status.code(), status.message());
        match is_callers(code) {
            true => tracing::info!(
                ?code,
                status = named,
                executed,
                ?path,
                ?took,
                trace,
                why,
                "call failed"
            ),
            false => tracing::warn!(
                ?code,
                status = named,
                executed,
                ?path,
                ?took,
                trace,
                why,
                "call failed"
            ),
        }
    }
}

/// Whether a call fails so for what its caller asked or did, and nothing here or behind is amiss.
fn is_callers(code: Code) -> bool {
    matches!(
        code,
        Code::Cancelled
            | Code::InvalidArgument
            | Code::OutOfRange
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::Unimplemented
            | Code::NotFound
    )
}

/// A call that has begun. If it is dropped before its end, the caller has gone.
pub(super) struct Observed {
    observer: Arc<Observer>,
    uri: Uri,
    parent: Option<Parent>,
    began: Instant,
    is_over: bool,
}

impl Observed {
    /// Sees the call to its end: that is here, or with the trailers of its answer.
    pub(super) fn until_end(mut self, response: Response<Body>) -> Response<Body> {
        if let Some(status) = Status::from_header_map(response.headers()) {
            self.end(&status);
            return response;
        }
        response.map(|body| Body::new(Ending { body, call: self }))
    }

    fn end(&mut self, status: &Status) {
        if !self.count(status.code()) {
            return;
        }
        match status.code() {
            Code::Ok => self.note("call"),
            _ => self.observer.log(self, status),
        }
    }

    /// Counts the end, unless that was done.
    fn count(&mut self, code: Code) -> bool {
        let is_first = !std::mem::replace(&mut self.is_over, true);
        if let (true, Some(metrics)) = (is_first, &self.observer.metrics) {
            metrics.end(self.uri.path(), code, self.began.elapsed());
        }
        is_first
    }

    /// Tells of an end that is no failure.
    fn note(&self, what: &str) {
        let (path, took) = (self.uri.path(), self.began.elapsed());
        let trace = self.parent.map(tracing::field::display);
        tracing::debug!(?path, ?took, trace, "{what}");
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        if self.count(Code::Cancelled) {
            self.note("the caller has gone");
        }
    }
}

/// An answer whose trailers say how the call ended.
struct Ending {
    body: Body,
    call: Observed,
}

impl Streamed for Ending {
    type Data = bytes::Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        let came = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &came {
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    self.call.end(&told(trailers));
                }
            }
            Some(Err(status)) => self.call.end(status),
            None => {}
        }
        Poll::Ready(came)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn told(trailers: &HeaderMap) -> Status {
    let status = Status::from_header_map(trailers);
    status.unwrap_or_else(|| Status::unknown("the answer has no status"))
}
