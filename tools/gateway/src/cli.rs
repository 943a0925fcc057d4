//! The command line.

#[cfg(test)]
mod tests;

use crate::egress::Target;
use crate::ingress::Path;
use calc_ipc::transport::{Address, MAX_MESSAGE_RANGE, Side};
use clap::{Args, Parser, value_parser};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

/// gRPC in, any calc_ipc URL out.
#[derive(Debug, Parser)]
#[command(name = "calc-ipc-gateway", version, max_term_width = 100)]
pub struct Cli {
    /// Where gRPC is listened for, such as 127.0.0.1:50051. Port 0 lets the system choose. Without TLS, this machine only.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,

    /// A server of calc_ipc for calc_ipc.v1.Calculator and calc_ipc.v1.Bytes. Calls are spread over those that are healthy.
    #[arg(long, value_name = "URL", value_parser = backend)]
    pub backend: Vec<Address>,

    /// A unary method of your own .proto, and the server of bytes that answers it: a message's bytes are the body. Given more
    /// than once for a method, calls are spread.
    #[arg(long, value_name = "/PKG.SERVICE/METHOD=URL", value_parser = route)]
    pub route: Vec<(Path, Address)>,

    /// A descriptor set of your own .proto, by which routes are checked, and which reflection gives out. It has to have what it
    /// imports, as protoc --include_imports --descriptor_set_out=FILE writes it.
    #[arg(long, value_name = "FILE", conflicts_with = "serve")]
    pub protoset: Vec<PathBuf>,

    /// Who may call.
    #[command(flatten)]
    pub guard: Guard,

    /// Serves reflection, by which clients such as grpcurl learn what is served.
    #[arg(long, conflicts_with = "serve")]
    pub reflection: bool,

    /// Where Prometheus may ask for metrics over HTTP, such as 127.0.0.1:9464. This machine only.
    #[arg(long, value_name = "ADDR", conflicts_with = "serve")]
    pub metrics: Option<SocketAddr>,

    /// How much, how many, how long.
    #[command(flatten)]
    pub limits: Limits,

    /// The other way round: where calc_ipc is served, and each message goes to --to.
    #[arg(long, value_name = "URL", requires = "to", value_parser = served)]
    pub serve: Option<Address>,

    /// The gRPC server that answers, as grpc://host:port[/pkg.Service/Method].
    #[arg(long, value_name = "URL", requires = "serve")]
    pub to: Option<Target>,

    /// The server of --to has to show a certificate that is signed by one of these. Without it, nothing is encrypted.
    #[arg(long, value_name = "FILE", requires = "to")]
    pub tls_ca: Option<PathBuf>,
}

/// Who may call.
#[derive(Args, Clone, Debug)]
pub struct Guard {
    /// The certificates that are shown to clients, or to --to.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of --tls-cert.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Clients have to show a certificate that is signed by one of these.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub client_ca: Option<PathBuf>,

    /// One of the names that a client's certificate has to have.
    #[arg(long, value_name = "NAME", requires = "client_ca")]
    pub allow_san: Vec<String>,

    /// Tokens, one a line, of which clients have to send one as "authorization: Bearer TOKEN", or of which the first is sent to --to.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Listens, or asks, beyond this machine without TLS.
    #[arg(long)]
    pub allow_remote_plaintext: bool,
}

/// How much, how many, how long.
#[derive(Args, Clone, Copy, Debug)]
pub struct Limits {
    /// Milliseconds that a call may take, whatever its caller says.
    #[arg(long, value_name = "MS", default_value_t = 30_000, value_parser = value_parser!(u32).range(1..))]
    pub max_timeout: u32,

    /// Calls that may wait for each backend; further ones are refused.
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = value_parser!(u32).range(1..), conflicts_with = "serve")]
    pub queue: u32,

    /// Connections to each backend.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u32).range(1..=1024), conflicts_with = "serve")]
    pub connections: u32,

    /// The longest body, in bytes. A backend that takes less closes the connection on what is longer.
    #[arg(long, value_name = "BYTES", default_value_t = 65536, value_parser = message_range())]
    pub max_message: u32,

    /// Seconds that calls have to end in after SIGTERM.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub grace: u32,

    /// Milliseconds between two looks at whether a backend is healthy.
    #[arg(long, value_name = "MS", default_value_t = 500, value_parser = value_parser!(u32).range(10..), conflicts_with = "serve")]
    pub probe: u32,
}

fn message_range() -> clap::builder::RangedI64ValueParser<u32> {
    let (least, most) = MAX_MESSAGE_RANGE.into_inner();
    value_parser!(u32).range(i64::from(least)..=i64::from(most))
}

impl Limits {
    /// How long a call may take.
    pub fn max_timeout(&self) -> Duration {
        Duration::from_millis(self.max_timeout.into())
    }

    /// How long calls may go on when the gateway is told to end.
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace.into())
    }

    /// How often a backend is probed.
    pub fn probe(&self) -> Duration {
        Duration::from_millis(self.probe.into())
    }
}

impl Guard {
    /// Whether any of it is read from files.
    pub fn has_files(&self) -> bool {
        self.tls_cert.is_some() || self.token_file.is_some()
    }
}

impl Cli {
    /// Says what makes no sense together.
    pub fn check(&self) -> Result<(), String> {
        if let Some(target) = &self.to {
            return self.check_egress(target);
        }
        if self.listen.is_none() {
            return Err("nothing to do: give --listen ADDR and --backend URL".to_owned());
        }
        if self.backend.is_empty() && self.route.is_empty() {
            return Err(
                "nobody would answer: give --backend URL, or --route /PKG.SERVICE/METHOD=URL"
                    .to_owned(),
            );
        }
        if self.guard.token_file.is_some() && self.guard.tls_cert.is_none() {
            return Err(
                "--token-file without TLS would show tokens to others: give --tls-cert and --tls-key"
                    .to_owned(),
            );
        }
        self.check_metrics()
    }

    /// Metrics are never encrypted, so they stay on this machine, as all does that is not.
    fn check_metrics(&self) -> Result<(), String> {
        match self.metrics {
            Some(address) if !address.ip().is_loopback() && !self.guard.allow_remote_plaintext => {
                Err(format!(
                    "--metrics {address} can be reached from other machines, and nothing would be encrypted; \
                     give an address of this machine, or --allow-remote-plaintext"
                ))
            }
            _ => Ok(()),
        }
    }

    /// Says what makes no sense where a gRPC server is asked.
    fn check_egress(&self, target: &Target) -> Result<(), String> {
        let of_clients = [
            ("--listen", self.listen.is_some()),
            ("--backend", !self.backend.is_empty()),
            ("--route", !self.route.is_empty()),
            ("--client-ca", self.guard.client_ca.is_some()),
        ];
        if let Some((flag, _)) = of_clients.iter().find(|(_, is_given)| *is_given) {
            return Err(format!(
                "{flag} is for clients of gRPC, and --serve for those of calc_ipc: start a gateway for each"
            ));
        }
        if self.tls_ca.is_some() {
            return Ok(());
        }
        let of_tls = [
            ("--tls-cert", self.guard.tls_cert.is_some()),
            ("--token-file", self.guard.token_file.is_some()),
        ];
        if let Some((flag, _)) = of_tls.iter().find(|(_, is_given)| *is_given) {
            return Err(format!(
                "{flag} is shown to --to over TLS alone: give --tls-ca"
            ));
        }
        if !target.is_here() && !self.guard.allow_remote_plaintext {
            return Err(format!(
                "--to grpc://{}: that is not known to be this machine, and nothing would be encrypted; \
                 give --tls-ca, or --allow-remote-plaintext",
                target.authority()
            ));
        }
        Ok(())
    }

    /// The addresses to listen on: those of the name, or this machine's where none is given.
    pub fn addresses(&self) -> Result<Vec<SocketAddr>, Unlistenable> {
        let text = self.listen.as_deref().unwrap_or_default();
        let full = match text.strip_prefix(':') {
            Some(port) => format!("127.0.0.1:{port}"),
            None => text.to_owned(),
        };
        let found = full.to_socket_addrs();
        let addresses: Vec<_> = found
            .map_err(|cause| Unlistenable::Unknown(format!("--listen {text}: {cause}")))?
            .collect();
        let beyond = addresses.iter().find(|address| !address.ip().is_loopback());
        match beyond {
            Some(address)
                if !self.guard.allow_remote_plaintext && self.guard.tls_cert.is_none() =>
            {
                Err(Unlistenable::Exposed(format!(
                    "--listen {text}: {address} can be reached from other machines, and nothing would be encrypted; \
                     give --tls-cert and --tls-key, or --allow-remote-plaintext"
                )))
            }
            _ => Ok(addresses),
        }
    }
}

/// Why an address cannot be listened on.
#[derive(Debug)]
pub enum Unlistenable {
    /// It is no address, or has a name that nobody knows.
    Unknown(String),
    /// Others could listen in.
    Exposed(String),
}

fn backend(text: &str) -> Result<Address, String> {
    match Address::parse(text, Side::Client) {
        Ok(Address::Exec { .. }) => Err(
            "a program that is executed has one connection, which is never made anew: \
             start it by itself, serving a URL such as unix:///path, and give that"
                .to_owned(),
        ),
        parsed => parsed.map_err(|error| error.to_string()),
    }
}

fn served(text: &str) -> Result<Address, String> {
    match Address::parse(text, Side::Server) {
        Ok(Address::Stdio) => Err("standard output has the line that says where it listens: \
             give a URL such as unix:///path, and that to the client"
            .to_owned()),
        parsed => parsed.map_err(|error| error.to_string()),
    }
}

fn route(text: &str) -> Result<(Path, Address), String> {
    let (path, url) = text
        .split_once('=')
        .ok_or("write /package.Service/Method=URL")?;
    Ok((path.parse()?, backend(url)?))
}
