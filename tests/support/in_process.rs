//! Servers in processes of their own.

use super::{Address, Process, Transport};
use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::ServerOptions;

/// A server in a process of its own, whose address is live. `before` runs there just before it
/// serves.
pub fn serve_in_process(
    transport: &Transport,
    address: &Address,
    options: &ServerOptions,
    before: impl FnOnce(),
) -> Process {
    in_process(transport, address, options, Handler::Calculator, before)
}

/// The same, with another handler.
pub fn handle_in_process(
    transport: &Transport,
    address: &Address,
    options: &ServerOptions,
    handler: Handler,
) -> Process {
    in_process(transport, address, options, handler, || ())
}

fn in_process(
    transport: &Transport,
    address: &Address,
    options: &ServerOptions,
    handler: Handler,
    before: impl FnOnce(),
) -> Process {
    Process::fork_until_ready(|say_so| {
        let endpoint = (transport.bind)(address, options).unwrap();
        let server = Server::new(endpoint, handler).unwrap();
        before();
        say_so();
        server.run().unwrap();
    })
}
