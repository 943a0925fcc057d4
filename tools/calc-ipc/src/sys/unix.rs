//! What a user says to a command on Unix, and what a command may ask about its user.

use nix::unistd::{gethostname, getuid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;

/// The user's wish that the command ends: a signal.
pub(crate) struct End(Signals);

impl End {
    /// From now on, signals end nothing but the wait.
    pub(crate) fn watch() -> io::Result<Self> {
        Signals::new([SIGINT, SIGTERM, SIGHUP]).map(Self)
    }

    /// What ends the wait from elsewhere.
    pub(crate) fn closer(&self) -> impl Fn() + use<> {
        let handle: Handle = self.0.handle();
        move || handle.close()
    }

    pub(crate) fn wait(&mut self) {
        self.0.forever().next();
    }
}

/// Standard input as a file of its own.
pub(crate) fn input() -> io::Result<File> {
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

/// This machine's name.
pub(crate) fn host() -> Option<String> {
    gethostname().ok()?.into_string().ok()
}

/// This user's number.
pub(crate) fn user() -> Option<u32> {
    Some(getuid().as_raw())
}
