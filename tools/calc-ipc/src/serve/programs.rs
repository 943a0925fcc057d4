//! Handlers that are programs: each message is the standard input of one, and its standard output the answer.

use crate::sys;
use crate::values::Program;
use calc_ipc::service::{Handler, current_failure};
use std::io::{self, ErrorKind, Read, Write};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What the service manager says to this process alone: sd_listen_fds(3), sd_notify(3).
const NOT_FOR_PROGRAMS: [&str; 4] = [
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "NOTIFY_SOCKET",
];

/// The programs that run at this moment.
#[derive(Clone, Default)]
pub(super) struct Programs(Arc<Mutex<Running>>);

#[derive(Default)]
struct Running {
    children: Vec<Shared>,
    /// None is started any more.
    is_over: bool,
}

impl Programs {
    /// A handler that runs this program for each message.
    pub(super) fn handler(&self, program: Program) -> Handler {
        let programs = self.clone();
        Handler::bytes(
            move |message, room| match programs.answer(&program, message, room) {
                Ok(length) => Some(length),
                Err(why) => {
                    // Only inside of no handler it fails.
                    let _ = current_failure(why.as_bytes());
                    None
                }
            },
        )
    }

    fn answer(&self, program: &Program, message: &[u8], room: &mut [u8]) -> Result<usize, String> {
        let failed = |error: io::Error| format!("{}: {error}", program.path.display());
        let child = self.start(program).map_err(failed)?;
        let read = child.exchange(message, room);
        let status = child.end().map_err(failed)?;
        match read.map_err(failed)? {
            // It was killed for that, if it had not ended.
            None => {
                let room = room.len();
                let why = format!("its answer is over {room} bytes (--max-message)");
                Err(failed(io::Error::other(why)))
            }
            Some(_) if !status.success() => Err(failed(io::Error::other(status.to_string()))),
            Some(length) => Ok(length),
        }
    }

    fn start(&self, program: &Program) -> io::Result<Started<'_>> {
        let mut command = Command::new(&program.path);
        command
            .args(&program.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        for name in NOT_FOR_PROGRAMS {
            command.env_remove(name);
        }
        sys::apart(&mut command);
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_over {
            return Err(io::Error::other("the server is stopping"));
        }
        let child = Arc::new(Mutex::new(Some(command.spawn()?)));
        running.children.push(Arc::clone(&child));
        Ok(Started {
            programs: self,
            child,
        })
    }

    /// Kills those that run, so that nobody waits for them; none is started any more.
    pub(super) fn end(&self) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.is_over = true;
        for child in &running.children {
            kill(&mut lock(child));
        }
    }
}

/// A program that was started, until its end was told.
type Shared = Arc<Mutex<Option<Child>>>;

fn lock(child: &Shared) -> MutexGuard<'_, Option<Child>> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Until its end was told, its number is nobody else's.
fn kill(child: &mut Option<Child>) {
    if let Some(child) = child {
        sys::kill_with_descendants(child);
    }
}

/// A program that was started, and is killed and waited for at the latest when this is dropped.
struct Started<'a> {
    programs: &'a Programs,
    child: Shared,
}

impl Started<'_> {
    /// Gives it the message, and takes its answer at the same time; `None`: that has no room.
    fn exchange(&self, message: &[u8], room: &mut [u8]) -> io::Result<Option<usize>> {
        let ends = lock(&self.child)
            .as_mut()
            .and_then(|child| child.stdin.take().zip(child.stdout.take()));
        let (mut input, output) = ends.ok_or(ErrorKind::BrokenPipe)?;
        thread::scope(|scope| {
            // It need not read what it is given.
            thread::Builder::new().spawn_scoped(scope, move || input.write_all(message))?;
            let length = read_all(output, room)?;
            if length.is_none() {
                kill(&mut lock(&self.child));
            }
            Ok(length)
        })
    }

    /// How it has ended, which it need not yet have when its answer has: nobody is held up meanwhile who would kill it.
    fn end(&self) -> io::Result<ExitStatus> {
        let id = lock(&self.child).as_ref().map(Child::id);
        if let Some(id) = id {
            sys::await_end(id);
        }
        let child = lock(&self.child).take();
        child.ok_or(ErrorKind::NotFound)?.wait()
    }
}

impl Drop for Started<'_> {
    fn drop(&mut self) {
        kill(&mut lock(&self.child));
        let _ = self.end();
        let mut running = self
            .programs
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        running
            .children
            .retain(|child| !Arc::ptr_eq(child, &self.child));
    }
}

/// Reads to the end; `None`: there is more than room.
fn read_all(mut output: ChildStdout, room: &mut [u8]) -> io::Result<Option<usize>> {
    let mut length = 0;
    loop {
        let rest = room.get_mut(length..).unwrap_or_default();
        let mut more = [0];
        let rest = if rest.is_empty() { &mut more[..] } else { rest };
        match output.read(rest) {
            Ok(0) => return Ok(Some(length)),
            Ok(_) if length == room.len() => return Ok(None),
            Ok(count) => length += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
