//! Asks a server for the sum of two numbers:
//!
//! ```sh
//! cargo run --example calc_rust_client -- unix:///tmp/calc.sock 10 20    # 30
//! ```

use calc_ipc::calculator::{Operation, Request};
use calc_ipc::service::Client;
use calc_ipc::transport::{Address, ClientOptions, Side};
use std::error::Error;
use std::io::{self, Write};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, arg1, arg2] = arguments.as_slice() else {
        return Err("three arguments: a URL, and two numbers".into());
    };
    let request = Request {
        operation: Operation::Add,
        arg1: arg1.parse()?,
        arg2: arg2.parse()?,
    };
    let url = Address::parse(url, Side::Client)?;
    let client = Client::connect(&url, &ClientOptions::default())?;
    let sum = client.call(&request)?.map_err(|text| text.to_string())?;
    writeln!(io::stdout(), "{sum}")?;
    Ok(())
}
