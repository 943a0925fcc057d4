//! The gRPC server that answers.

use super::Target;
use crate::cli::Cli;
use crate::code;
use crate::ingress::{ENVELOPE, Path, Raw};
use crate::pool;
use crate::proto::bytes_client::BytesClient;
use crate::proto::calculator_client::CalculatorClient;
use crate::proto::execute_response::Outcome;
use crate::proto::{CallRequest, ExecuteRequest, ExecuteResponse, Operation};
use crate::reload::Reloaded;
use crate::tls;
use crate::tokens::Tokens;
use bytes::Bytes;
use calc_ipc::calculator::{self, ErrorText, frames, text};
use calc_ipc::error::{Error, Result, Status};
use calc_ipc::protocol::frame::PREFIX;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tonic::Request;
use tonic::client::Grpc;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// While calls run, a connection that says nothing for the first of these is asked, and given up after the second. Servers
/// take more questions than that for abuse.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));

/// The gRPC server that answers, over one connection, which is made when it is needed and made anew when it was lost.
pub struct Remote {
    asked: Asked,
    current: Reloaded<Dialled>,
}

/// What the command line says of it.
struct Asked {
    target: Target,
    files: Files,
    longest: Duration,
    /// Bytes of the longest message of gRPC.
    max_message: usize,
}

/// Where its credentials are.
struct Files {
    ca: Option<PathBuf>,
    identity: Option<(PathBuf, PathBuf)>,
    tokens: Option<PathBuf>,
}

/// What those files had when they were read last.
struct Dialled {
    channel: Channel,
    authorization: Option<MetadataValue<Ascii>>,
}

impl Remote {
    /// The server of the command line. It need not be there yet. Tasks of this runtime drive the connection.
    pub fn open(target: Target, cli: &Cli) -> std::result::Result<Arc<Self>, String> {
        let guard = &cli.guard;
        let identity = guard.tls_cert.clone().zip(guard.tls_key.clone());
        let asked = Asked {
            target,
            files: Files {
                ca: cli.tls_ca.clone(),
                identity,
                tokens: guard.token_file.clone(),
            },
            longest: cli.limits.max_timeout(),
            max_message: cli.limits.max_message as usize + ENVELOPE,
        };
        let current = Reloaded::new(asked.dial()?);
        Ok(Arc::new(Self { asked, current }))
    }

    /// Reads the files anew, for calls from now on. Of a file that is not good, all stays as it was.
    pub fn reload(&self) -> std::result::Result<(), String> {
        self.current.replace(self.asked.dial()?);
        Ok(())
    }

    /// What the server answers to this body.
    pub async fn ask(&self, body: Bytes) -> Result<Bytes> {
        let due = Instant::now() + self.asked.longest;
        let dialled = self.current.current();
        tokio::select! {
            // tonic has a clock too, which is not before this one, and would say CANCELLED.
            biased;
            () = sleep_until(due) => {
                let context = format!("no answer of {} in {:?}", self.asked.target.authority(), self.asked.longest);
                Err(Error::new(Status::TimedOut, context))
            }
            answer = self.ask_over(&dialled, body) => answer,
        }
    }

    async fn ask_over(&self, dialled: &Dialled, body: Bytes) -> Result<Bytes> {
        if let Some(method) = &self.asked.target.method {
            return self.method(dialled, method, body).await;
        }
        match text::parse_request(&body) {
            Ok(request) if pool::body(&request) == body => self.execute(dialled, &request).await,
            _ => self.call(dialled, body).await,
        }
    }

    /// A method of the user's own .proto, of which the body is the message.
    async fn method(&self, dialled: &Dialled, method: &Path, body: Bytes) -> Result<Bytes> {
        let mut grpc =
            Grpc::new(dialled.channel.clone()).max_decoding_message_size(self.asked.max_message);
        let ready = grpc.ready().await;
        ready.map_err(|error| code::from_grpc(&tonic::Status::from_error(Box::new(error))))?;
        let path = http::uri::PathAndQuery::try_from(method.as_str())
            .map_err(|error| Error::new(Status::Internal, error.to_string()))?;
        let answer = grpc.unary(self.request(dialled, body), path, Raw).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|grpc| code::from_grpc(&grpc))
    }

    /// A message of any kind.
    async fn call(&self, dialled: &Dialled, body: Bytes) -> Result<Bytes> {
        let mut client = BytesClient::new(dialled.channel.clone())
            .max_decoding_message_size(self.asked.max_message);
        let answer = client
            .call(self.request(dialled, CallRequest { body }))
            .await;
        answer
            .map(|answer| answer.into_inner().body)
            .map_err(|grpc| code::from_grpc(&grpc))
    }

    /// A request of the calculator.
    async fn execute(&self, dialled: &Dialled, request: &calculator::Request) -> Result<Bytes> {
        let mut client = CalculatorClient::new(dialled.channel.clone());
        let message = message(request);
        let answer = client.execute(self.request(dialled, message)).await;
        match answer {
            Ok(answer) => response(answer.into_inner()),
            Err(grpc) => Err(code::from_grpc(&grpc)),
        }
    }

    /// A request with its metadata.
    fn request<T>(&self, dialled: &Dialled, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.asked.longest);
        if let Some(authorization) = &dialled.authorization {
            let metadata = request.metadata_mut();
            metadata.insert("authorization", authorization.clone());
        }
        request
    }
}

impl Asked {
    fn dial(&self) -> std::result::Result<Dialled, String> {
        let scheme = match self.files.ca {
            Some(_) => "https",
            None => "http",
        };
        let failure = |error: tonic::transport::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            format!("--to: {}", cause.unwrap_or_else(|| error.to_string()))
        };
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{}", self.target.authority()))
            .map_err(failure)?
            .connect_timeout(CONNECT.min(self.longest))
            .http2_keep_alive_interval(KEEPALIVE.0)
            .keep_alive_timeout(KEEPALIVE.1);
        if let Some(tls) = self.files.tls()? {
            endpoint = endpoint.tls_config(tls).map_err(failure)?;
        }
        let authorization = self.files.authorization()?;
        Ok(Dialled {
            channel: endpoint.connect_lazy(),
            authorization,
        })
    }
}

impl Files {
    fn tls(&self) -> std::result::Result<Option<ClientTlsConfig>, String> {
        let Some(ca) = &self.ca else {
            return Ok(None);
        };
        let ca = Certificate::from_pem(read_certificates("--tls-ca", ca)?);
        let mut tls = ClientTlsConfig::new().ca_certificate(ca);
        if let Some((cert, key)) = &self.identity {
            let cert = read_certificates("--tls-cert", cert)?;
            tls = tls.identity(Identity::from_pem(cert, read("--tls-key", key)?));
        }
        Ok(Some(tls))
    }

    fn authorization(&self) -> std::result::Result<Option<MetadataValue<Ascii>>, String> {
        let Some(file) = &self.tokens else {
            return Ok(None);
        };
        let header = Tokens::read(file)?.header();
        let mut value: MetadataValue<Ascii> = header
            .parse()
            .map_err(|_| format!("--token-file {}: it cannot be sent", file.display()))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

fn read(flag: &str, file: &std::path::Path) -> std::result::Result<Vec<u8>, String> {
    fs::read(file).map_err(|cause| format!("{flag} {}: {cause}", file.display()))
}

/// The text of a file that has certificates, of which tonic would take none without a word.
fn read_certificates(flag: &str, file: &std::path::Path) -> std::result::Result<Vec<u8>, String> {
    tls::certificates(flag, file)?;
    read(flag, file)
}

fn message(request: &calculator::Request) -> ExecuteRequest {
    ExecuteRequest {
        operation: Operation::from(request.operation).into(),
        arg1: request.arg1,
        arg2: request.arg2,
    }
}

/// The body of a response.
fn response(response: ExecuteResponse) -> Result<Bytes> {
    let response = match response.outcome {
        Some(Outcome::Result(result)) => Ok(result),
        Some(Outcome::Error(error)) => Err(ErrorText::from(error.as_str())),
        None => {
            let context = "a response with neither a result nor an error";
            return Err(Error::new(Status::Malformed, context));
        }
    };
    let mut frame = Vec::with_capacity(frames::FRAME_MAX);
    frames::append_response(&mut frame, &response);
    Ok(Bytes::from(frame).split_off(PREFIX))
}
