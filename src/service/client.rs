//! The client: calls over one channel, with deadlines, and answers that come too late.

use crate::error::Result;
use crate::protocol::{Request, Response};
use crate::transport::{Channel, ClientOptions};

/// A connection to one server.
pub struct Client {}

impl Client {
    /// A client that calls over `channel`.
    pub fn new(_channel: Box<dyn Channel>, _options: &ClientOptions) -> Self {
        todo!()
    }

    /// Sends `request` and waits for its response.
    pub fn call(&self, _request: &Request) -> Result<Response> {
        todo!()
    }
}
