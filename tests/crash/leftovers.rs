//! What a server that died leaves to its clients and to the next one.

use crate::stage::is_end;
use crate::support::{Address, Process, TRANSPORTS, add, within};
use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::ServerOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;

const FIFO: usize = 1;

/// The server takes the announcement out of the FIFO and dies; before the client looks, the next one
/// has opened the FIFO, and so it never ends.
#[test]
fn a_client_whose_announcement_died_with_its_server_hears_of_it_from_the_next() {
    let (transport, address) = (&TRANSPORTS[FIFO], Address::new());
    let (mut said, say) = std::io::pipe().unwrap();
    let first = Process::fork(|| {
        let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
        let _server = Server::new(endpoint, Handler::Calculator).unwrap();
        (&say).write_all(b"L").unwrap();
        loop {
            std::thread::park();
        }
    });
    said.read_exact(&mut [0]).unwrap();
    let client = transport.client_with(&address, &within(300));
    let mut announced = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(address.path("q.hello"))
        .unwrap();
    announced.read_exact(&mut [0; 64]).unwrap();
    drop(announced);
    first.signal(libc::SIGKILL);
    assert!(!first.succeeded());
    let next = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
    let status = client.call(&add(1, 1)).unwrap_err().status();
    assert!(is_end(&format!("{status:?}")), "{status:?}");
    assert_eq!(transport.client(&address).call(&add(2, 2)).unwrap(), Ok(4));
    drop((client, next));
    assert_eq!(address.leftovers(), [""; 0]);
}

/// A server that begins looks at what clients of dead servers left. It must not look at its own: one
/// that was seen had its answers ended.
#[test]
fn a_client_that_comes_while_a_server_begins_is_served() {
    let (transport, address) = (&TRANSPORTS[FIFO], Address::new());
    for number in 0..2000 {
        std::fs::write(address.path(&format!("q.{number:032x}.a")), "no FIFO").unwrap();
    }
    for round in 0..20 {
        std::thread::scope(|scope| {
            let client = scope.spawn(|| {
                loop {
                    match (transport.connect)(&address, &within(5000)) {
                        Ok(channel) => return Client::new(channel, &within(5000)).call(&add(round, 1)),
                        Err(error) => assert_eq!(error.status(), Status::NotConnected),
                    }
                }
            });
            let options = ServerOptions::default();
            let _server = transport.serve(&address, Handler::Calculator, &options);
            assert_eq!(client.join().unwrap().unwrap(), Ok(round + 1), "{round}");
        });
    }
}
