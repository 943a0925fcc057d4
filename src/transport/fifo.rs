//! fifo
use super::{Channel, ClientOptions, Endpoint, ServerOptions};
use crate::error::Result;

/// Bind.
pub fn bind(request: &str, response: &str, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
    todo!()
}

/// Connect.
pub fn connect(request: &str, response: &str, options: &ClientOptions) -> Result<Box<dyn Channel>> {
    todo!()
}
