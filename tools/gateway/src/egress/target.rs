//! Whom `--to` names.

use crate::ingress::Path;
use http::uri::Authority;
use std::net::IpAddr;
use std::str::FromStr;

/// A gRPC server, and perhaps one method of it.
#[derive(Clone, Debug)]
pub struct Target {
    /// `host:port`.
    authority: Authority,
    /// The method that gets every message; `None`: the gateway's own services are asked.
    pub method: Option<Path>,
}

impl Target {
    /// `host:port`.
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// Whether it is on this machine for certain, without anybody being asked what a name means.
    pub fn is_here(&self) -> bool {
        let host = self.authority.host();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let address: Option<IpAddr> = bare.parse().ok();
        address.map_or(host == "localhost", |address| address.is_loopback())
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            format!("{why}: write grpc://host:port or grpc://host:port/package.Service/Method")
        };
        let rest = text
            .strip_prefix("grpc://")
            .ok_or_else(|| wrong("it does not begin with grpc://"))?;
        let (authority, method) = match rest.find('/') {
            Some(at) => {
                let (authority, path) = rest.split_at(at);
                (authority, Some(path.parse()?))
            }
            None => (rest, None),
        };
        let is_user = authority.contains('@');
        let authority: Authority = authority
            .parse()
            .map_err(|_| wrong("that is no host and port"))?;
        if is_user || authority.host().is_empty() {
            return Err(wrong("that is no host and port"));
        }
        if authority.port_u16().is_none_or(|port| port == 0) {
            return Err(wrong("there is no port"));
        }
        Ok(Self { authority, method })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_host_a_port_and_perhaps_a_method() {
        let target: Target = "grpc://svc:443/pkg.Service/Method".parse().unwrap();
        assert_eq!(target.authority(), "svc:443");
        assert_eq!(target.method.unwrap().as_str(), "/pkg.Service/Method");
        let target: Target = "grpc://[::1]:50051".parse().unwrap();
        assert_eq!(target.authority(), "[::1]:50051");
        assert!(target.method.is_none());
        for text in [
            "",
            "svc:443",
            "http://svc:443",
            "grpc://",
            "grpc://svc",
            "grpc://:443",
            "grpc://svc:0",
            "grpc://svc:99999",
            "grpc://svc:443/",
            "grpc://svc:443/Service",
            "grpc://me@svc:443",
            "grpc://svc:443/pkg.Service/Method/",
            "grpc://a b:443",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_loopback_is_here() {
        let is_here = |host| {
            let target: Target = format!("grpc://{host}:1").parse().unwrap();
            target.is_here()
        };
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"] {
            assert!(is_here(host), "{host}");
        }
        for host in [
            "svc",
            "10.0.0.1",
            "[::]",
            "0.0.0.0",
            "localhost.example.com",
            "[::2]",
        ] {
            assert!(!is_here(host), "{host}");
        }
    }
}
