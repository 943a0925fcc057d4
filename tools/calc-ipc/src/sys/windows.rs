//! What a user says to a command on Windows, and what a command may ask about its user.

use signal_hook::consts::SIGINT;
use signal_hook::low_level;
use std::fs::File;
use std::io;
use std::os::windows::io::AsHandle;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver, Sender};

/// The user's wish that the command ends: Ctrl-C.
pub(crate) struct End {
    told: Receiver<()>,
    tells: Sender<()>,
}

impl End {
    /// From now on, Ctrl-C ends nothing but the wait.
    pub(crate) fn watch() -> io::Result<Self> {
        let (tells, told) = mpsc::channel();
        let by_console = tells.clone();
        // SAFETY: the C library of Windows calls it on a thread of its own, which may do what any thread may.
        unsafe {
            low_level::register(SIGINT, move || {
                // Nobody waits any more once the command ends anyway.
                let _ = by_console.send(());
            })
        }?;
        Ok(Self { told, tells })
    }

    /// What ends the wait from elsewhere.
    pub(crate) fn closer(&self) -> impl Fn() + use<> {
        let tells = self.tells.clone();
        move || {
            // Nobody waits any more once it was told.
            let _ = tells.send(());
        }
    }

    pub(crate) fn wait(&mut self) {
        // It fails only where nobody can tell, and the other end is in here.
        let _ = self.told.recv();
    }
}

/// Standard input as a file of its own.
pub(crate) fn input() -> io::Result<File> {
    io::stdin().as_handle().try_clone_to_owned().map(File::from)
}

/// This machine's name.
pub(crate) fn host() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// The processor, as the system calls it.
pub(crate) fn cpu() -> Option<String> {
    std::env::var("PROCESSOR_IDENTIFIER").ok()
}

/// Users have no numbers.
pub(crate) fn user() -> Option<u32> {
    None
}

/// Programs are in no group here.
pub(crate) fn apart(_: &mut Command) {}

/// Kills a child; what it started goes on.
pub(crate) fn kill_with_descendants(child: &mut Child) {
    let _ = child.kill();
}

/// Whoever waits for a child waits for its end.
pub(crate) fn await_end(_: u32) {}

/// Whether this user may execute this file: any whose name says that it is a program.
pub(crate) fn may_execute(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("exe") || extension.eq_ignore_ascii_case("com")
}

/// Whether this user may change this file, or make others in this folder; the rights of neither are looked at.
pub(crate) fn may_write(path: &Path) -> bool {
    path.is_dir()
        || path
            .metadata()
            .is_ok_and(|about| !about.permissions().readonly())
}

/// Windows does not tell.
pub(crate) fn is_stopped(_: u32) -> bool {
    false
}
