//! What Linux lacks.

pub(crate) const ALL: Option<&str> = None;
pub(crate) const UNIX_SOCKETS: Option<&str> = None;
pub(crate) const FIFOS: Option<&str> = None;
pub(crate) const NAMED_PIPES: Option<&str> =
    Some("named pipes are for Windows; here a Unix socket takes their place, as in unix:///path");
pub(crate) const SHARED_MEMORY: Option<&str> = None;
pub(crate) const TCP: Option<&str> = None;
pub(crate) const PROGRAMS: Option<&str> = None;
pub(crate) const STANDARD_PIPES: Option<&str> = None;
pub(crate) const PASSED_SOCKETS: Option<&str> = None;
pub(crate) const FORKS: Option<&str> = None;
