//! What Windows lacks, and what to use in its place.

pub(crate) const ALL: Option<&str> = None;
pub(crate) const UNIX_SOCKETS: Option<&str> = Some(
    "sockets of Windows that have a path tell nobody who is at the other end: use a named pipe, npipe://name",
);
pub(crate) const FIFOS: Option<&str> =
    Some("Windows has no FIFOs: use a named pipe, npipe://name, which has both directions");
pub(crate) const NAMED_PIPES: Option<&str> = None;
pub(crate) const SHARED_MEMORY: Option<&str> = None;
pub(crate) const TCP: Option<&str> = None;
pub(crate) const PROGRAMS: Option<&str> = None;
pub(crate) const STANDARD_PIPES: Option<&str> = None;
pub(crate) const PASSED_SOCKETS: Option<&str> = Some(
    "Windows has no systemd, and its services are passed no sockets: use the address itself, npipe://name or tcp://host:port",
);
pub(crate) const FORKS: Option<&str> =
    Some("Windows forks no processes: spawn a program that serves, exec:///C:/path");
