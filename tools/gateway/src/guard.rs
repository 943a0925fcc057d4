//! Who may call: TLS and tokens, as the files say, which are read anew when they are to be.

use crate::cli;
use crate::code::{self, Executed};
use crate::reload::Reloaded;
use crate::tls;
use crate::tokens::Tokens;
use calc_ipc::error::Status;
use http::Request;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tonic::{Code, Status as Grpc};

/// Whoever looks after the gateway asks how it is without a token.
const HEALTH: &str = "/grpc.health.v1.Health/";

/// Who may call.
pub struct Guard {
    asked: cli::Guard,
    current: Reloaded<Credentials>,
}

/// What the files had when they were read last.
struct Credentials {
    acceptor: Option<TlsAcceptor>,
    tokens: Option<Tokens>,
}

impl Credentials {
    fn read(asked: &cli::Guard) -> Result<Self, String> {
        let acceptor = tls::acceptor(asked)?;
        let tokens = asked.token_file.as_deref().map(Tokens::read);
        Ok(Self {
            acceptor,
            tokens: tokens.transpose()?,
        })
    }
}

impl Guard {
    /// Reads the files of the command line.
    pub fn open(asked: &cli::Guard) -> Result<Arc<Self>, String> {
        Ok(Arc::new(Self {
            asked: asked.clone(),
            current: Reloaded::new(Credentials::read(asked)?),
        }))
    }

    /// Reads them anew. Connections that were let in stay; of a file that is not good, all stays as it was.
    pub fn reload(&self) -> Result<(), String> {
        self.current.replace(Credentials::read(&self.asked)?);
        Ok(())
    }

    /// What takes the next connection; `None`: it is not encrypted.
    pub fn acceptor(&self) -> Option<TlsAcceptor> {
        self.current.current().acceptor.clone()
    }

    /// Refuses a request without a token that is right now.
    pub fn check<T>(&self, request: &Request<T>) -> Result<(), Grpc> {
        if self.asked.token_file.is_none() || request.uri().path().starts_with(HEALTH) {
            return Ok(());
        }
        match &self.current.current().tokens {
            Some(tokens) if !tokens.are_shown(request.headers()) => Err(unauthenticated()),
            _ => Ok(()),
        }
    }
}

fn unauthenticated() -> Grpc {
    let message = "no token, or none that is right: send one as 'authorization: Bearer TOKEN'";
    let mut grpc = Grpc::new(Code::Unauthenticated, message);
    code::note(grpc.metadata_mut(), Status::PermissionDenied, Executed::No);
    grpc
}
