//! What the door lets through.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::transport::{ClientOptions, connect};

fn status<T>(result: Result<T>) -> Status {
    result.err().map_or(Status::Ok, |error| error.status())
}

#[test]
fn each_side_has_its_own() {
    let server = bind(&Address::exec("/bin/true"), &ServerOptions::default());
    assert_eq!(status(server), Status::InvalidArgument);
    for address in [Address::Stdio, Address::Systemd(None)] {
        let client = connect(&address, &ClientOptions::default());
        assert_eq!(status(client), Status::InvalidArgument);
    }
}

#[test]
fn what_this_system_does_not_have_is_refused_before_options_are_looked_at() {
    let mut all = [Address::named_pipe("calc"), Address::unix("/calc")].into_iter();
    let pipe = all.find(|address| address.lack().is_some()).unwrap();
    let options = ServerOptions {
        workers: u32::MAX,
        ..ServerOptions::default()
    };
    let error = bind(&pipe, &options).err().unwrap();
    assert_eq!(error.status(), Status::Unsupported);
    assert_eq!(Some(error.context()), pipe.lack());
    let client = connect(&pipe, &ClientOptions::default());
    assert_eq!(status(client), Status::Unsupported);
}

#[test]
fn a_port_that_the_system_chose_is_in_the_address() {
    let bound = bind(&Address::tcp("127.0.0.1", 0), &ServerOptions::default()).unwrap();
    assert!(matches!(bound.address, Address::Tcp { host, port: 1.. } if host == "127.0.0.1"));
}

#[test]
fn a_program_whose_words_have_a_nul_is_none() {
    let address = Address::Exec {
        program: "/bin/true".into(),
        arguments: vec!["a\0b".into()],
    };
    let client = connect(&address, &ClientOptions::default());
    assert_eq!(status(client), Status::InvalidArgument);
}
