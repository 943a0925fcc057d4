//! The server: one endpoint, one handler, and the order in which it may be used.

use super::Handler;
use crate::error::Result;
use crate::transport::{Endpoint, ServerOptions};

/// A server at one address.
pub struct Server {}

impl Server {
    /// A server that answers with `handler` whoever comes to `endpoint`.
    pub fn new(_endpoint: Box<dyn Endpoint>, _handler: Handler, _options: &ServerOptions) -> Result<Self> {
        todo!()
    }

    /// Serves on this thread until stopped or idle.
    pub fn run(&self) -> Result<()> {
        todo!()
    }

    /// Serves on a thread of the library.
    pub fn start(&self) -> Result<()> {
        todo!()
    }

    /// Ends serving for good, waits for it, and says how it ended.
    pub fn stop(&self) -> Result<()> {
        todo!()
    }

    /// Asks serving to end and never waits. Safe in a signal handler.
    pub fn request_stop(&self) {}

    /// Whether this thread is inside this server's handler, where destroying it must do nothing.
    pub fn is_serving_here(&self) -> bool {
        todo!()
    }
}
