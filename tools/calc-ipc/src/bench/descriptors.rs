//! How many descriptors there may be.

use super::trouble::Trouble;
use crate::exit::Failure;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::io;

/// Lets this process, and those that it starts, have so many descriptors.
pub(super) fn allow_descriptors(count: u64) -> Result<(), Trouble> {
    let allow = || {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
        match soft < count {
            true => setrlimit(Resource::RLIMIT_NOFILE, count.min(hard), hard).map(|()| hard),
            false => Ok(hard),
        }
    };
    match allow() {
        Ok(hard) if hard < count => Err(Trouble::Unable(format!(
            "it takes {count} descriptors, and this process may have {hard} (ulimit -Hn)"
        ))),
        Ok(_) => Ok(()),
        Err(errno) => {
            let error = io::Error::from(errno);
            Err(Failure::io("get more descriptors", &error).into())
        }
    }
}
