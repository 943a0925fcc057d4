//! What is lacking elsewhere: all of it.

pub(super) const FOR_LINUX: &str = "this part of calc_ipc is for Linux";

pub(crate) const ALL: Option<&str> = Some(FOR_LINUX);
pub(crate) const UNIX_SOCKETS: Option<&str> = ALL;
pub(crate) const FIFOS: Option<&str> = ALL;
pub(crate) const NAMED_PIPES: Option<&str> = ALL;
pub(crate) const SHARED_MEMORY: Option<&str> = ALL;
pub(crate) const TCP: Option<&str> = ALL;
pub(crate) const PROGRAMS: Option<&str> = ALL;
pub(crate) const STANDARD_PIPES: Option<&str> = ALL;
pub(crate) const PASSED_SOCKETS: Option<&str> = ALL;
pub(crate) const FORKS: Option<&str> = ALL;
