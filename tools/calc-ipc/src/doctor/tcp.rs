//! Servers across a network that cannot be reached.

use super::finding::{Finding, Verdict};
use super::probe::Trouble;
use calc_ipc::error::Status;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::time::Duration;

/// A connection within this machine is there at once, or never.
const LOOPBACK_TIMEOUT: Duration = Duration::from_millis(500);

/// Why the library could not talk to the server at this host and port.
pub(super) fn explain(host: &str, port: u16, trouble: &Trouble) -> Finding {
    if trouble.is_connected {
        return Finding::other(&trouble.error);
    }
    let addresses: Vec<_> = match (host, port).to_socket_addrs() {
        Ok(addresses) => addresses.collect(),
        Err(cause) => return unknown_host(host, &cause),
    };
    match trouble.error.status() {
        Status::NotConnected => refused(port, &addresses),
        Status::TimedOut => {
            let explanation = format!("nothing comes back from {}", listed(&addresses));
            Finding::new(Verdict::NoAnswer, explanation)
                .advise("the host may be down, or a firewall may drop what is sent to it")
        }
        _ => Finding::other(&trouble.error),
    }
}

fn unknown_host(host: &str, cause: &std::io::Error) -> Finding {
    Finding::new(
        Verdict::NameResolution,
        format!("the name {host} leads to no address: {cause}"),
    )
    .advise("check its spelling, or write the address in digits")
}

fn refused(port: u16, addresses: &[SocketAddr]) -> Finding {
    if let Some(loopback) = served_on_loopback(port, addresses) {
        let explanation = format!("a server listens on {loopback}, for this machine only");
        return Finding::new(Verdict::RemoteNotAllowed, explanation).advise(format!(
            "connect to {loopback}, or serve with --allow-remote"
        ));
    }
    let explanation = format!("nobody listens on {}", listed(addresses));
    Finding::new(Verdict::NoServer, explanation).advise(
        "start the server; one that should be reached from other machines needs --allow-remote",
    )
}

/// Where a server listens on this machine's loopback, if `addresses` are this machine's too.
fn served_on_loopback(port: u16, addresses: &[SocketAddr]) -> Option<SocketAddr> {
    // Only an address of one's own can be bound.
    let is_own = |address: &SocketAddr| UdpSocket::bind((address.ip(), 0)).is_ok();
    addresses.iter().any(is_own).then_some(())?;
    [
        IpAddr::from(Ipv4Addr::LOCALHOST),
        Ipv6Addr::LOCALHOST.into(),
    ]
    .map(|loopback| SocketAddr::new(loopback, port))
    .into_iter()
    .find(|loopback| TcpStream::connect_timeout(loopback, LOOPBACK_TIMEOUT).is_ok())
}

fn listed(addresses: &[SocketAddr]) -> String {
    let texts: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    texts.join(", ")
}
