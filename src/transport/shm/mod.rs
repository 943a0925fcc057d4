//! shm
use super::{Channel, ClientOptions, Endpoint, ServerOptions};
use crate::error::Result;

/// Bind.
pub fn bind(name: &str, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
    todo!()
}

/// Connect.
pub fn connect(name: &str, options: &ClientOptions) -> Result<Box<dyn Channel>> {
    todo!()
}
