//! Children forked by a process that uses the library.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::service::Handler;
use calc_ipc::transport::ServerOptions;
use support::{Address, Process, TRANSPORTS, add, within};

fn options() -> ServerOptions {
    ServerOptions::default()
}

#[test]
fn many_forked_children_connect_at_one_time() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let _server = transport.serve(&address, Handler::Calculator, &options());
        // The parent has connected, so that what a process keeps is there to be copied.
        let client = transport.client(&address);
        assert_eq!(client.call(&add(0, 0)).unwrap(), Ok(0));
        let children: Vec<_> = (0..20)
            .map(|number| {
                let (transport, address) = (transport, &address);
                Process::fork(move || {
                    let client = transport.client_with(address, &within(60_000));
                    assert_eq!(client.call(&add(number, 1)).unwrap(), Ok(number + 1));
                })
            })
            .collect();
        for child in children {
            assert!(child.succeeded(), "{}", transport.name);
        }
    }
}
