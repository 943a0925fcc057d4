//! uds
use super::{Channel, ClientOptions, Endpoint, ServerOptions};
use crate::error::Result;

/// Bind.
pub fn bind(path: &str, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
    todo!()
}

/// Connect.
pub fn connect(path: &str, options: &ClientOptions) -> Result<Box<dyn Channel>> {
    todo!()
}
