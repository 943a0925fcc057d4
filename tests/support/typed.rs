//! Each transport by its name, as tests of one like to call it.

use calc_ipc::error::Result;
use calc_ipc::transport::{self, Address, Channel, ClientOptions, Endpoint, ServerOptions};

fn bind(address: &Address, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
    transport::bind(address, options).map(|bound| bound.endpoint)
}

pub mod uds {
    use super::*;

    pub fn bind(path: &str, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
        super::bind(&Address::unix(path), options)
    }

    pub fn connect(path: &str, options: &ClientOptions) -> Result<Box<dyn Channel>> {
        transport::connect(&Address::unix(path), options)
    }
}

pub mod seqpacket {
    use super::*;

    pub fn bind(path: &str, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
        super::bind(&Address::seqpacket(path), options)
    }

    pub fn connect(path: &str, options: &ClientOptions) -> Result<Box<dyn Channel>> {
        transport::connect(&Address::seqpacket(path), options)
    }
}

pub mod named_pipe {
    use super::*;

    pub fn bind(name: &str, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
        super::bind(&Address::NamedPipe(name.into()), options)
    }

    pub fn connect(name: &str, options: &ClientOptions) -> Result<Box<dyn Channel>> {
        transport::connect(&Address::NamedPipe(name.into()), options)
    }
}

pub mod fifo {
    use super::*;

    pub fn bind(
        request: &str,
        response: &str,
        options: &ServerOptions,
    ) -> Result<Box<dyn Endpoint>> {
        super::bind(&Address::fifo(request, response), options)
    }

    pub fn connect(
        request: &str,
        response: &str,
        options: &ClientOptions,
    ) -> Result<Box<dyn Channel>> {
        transport::connect(&Address::fifo(request, response), options)
    }
}

pub mod shm {
    use super::*;

    pub fn bind(name: &str, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
        super::bind(&Address::shm(name), options)
    }

    pub fn connect(name: &str, options: &ClientOptions) -> Result<Box<dyn Channel>> {
        transport::connect(&Address::shm(name), options)
    }
}

pub mod tcp {
    use super::*;

    pub fn bind(host: &str, port: u16, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
        super::bind(&Address::tcp(host, port), options)
    }

    pub fn connect(host: &str, port: u16, options: &ClientOptions) -> Result<Box<dyn Channel>> {
        transport::connect(&Address::tcp(host, port), options)
    }
}
