//! Calculates for whoever asks, until its standard input ends:
//!
//! ```sh
//! cargo run --example calc_rust_server -- unix:///tmp/calc.sock
//! ```

use calc_ipc::calculator::{Request, Response, execute};
use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::{self, Address, Bound, ServerOptions, Side};
use std::error::Error;
use std::io::{self, Write};

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "one argument: a URL, such as unix:///tmp/calc.sock";
    let url = Address::parse(&std::env::args().nth(1).ok_or(usage)?, Side::Server)?;
    // The address by which clients reach it: of tcp://localhost:0, with the port that the system chose.
    let Bound { endpoint, address } = transport::bind(&url, &ServerOptions::default())?;
    let server = Server::new(endpoint, Handler::new(answer))?;
    server.start()?;

    writeln!(io::stdout(), "serving {address}")?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    server.stop()?;
    Ok(())
}

/// Any function of a request. This one is the calculator that comes with the library.
fn answer(request: &Request) -> Response {
    execute(request)
}
