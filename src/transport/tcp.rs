//! TCP.

use super::{Channel, ClientOptions, Endpoint, ServerOptions};
use crate::error::{Error, Result, Status};

/// A server's address, and the port that it has.
pub fn bind(host: &str, port: u16, options: &ServerOptions) -> Result<(Box<dyn Endpoint>, u16)> {
    options.validate()?;
    Err(Error::new(Status::Unsupported, format!("{host}:{port}")))
}

/// Connects to the server at this host and port.
pub fn connect(host: &str, port: u16, options: &ClientOptions) -> Result<Box<dyn Channel>> {
    options.validate()?;
    Err(Error::new(Status::Unsupported, format!("{host}:{port}")))
}
