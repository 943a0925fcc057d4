//! A child process that is spoken to over its standard input and output.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use super::trouble::Trouble;
use crate::exit::Failure;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
#[cfg(unix)]
pub(super) use unix::{Interrupt, Process, await_end, await_states, freeze, murder, pid};
#[cfg(unix)]
use unix::{Output, apart};
#[cfg(windows)]
pub(super) use windows::{Interrupt, Process, freeze, pid};
#[cfg(windows)]
use windows::{Output, apart};

/// How long a program may take beyond what it was asked to take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a program may take to end.
const FAREWELL: Duration = Duration::from_secs(3);

/// The exit status of a program that cannot do what it is asked here.
const CANNOT: i32 = 77;

/// The process. It is told to end, and at last killed, when it is dropped.
pub(super) struct Program {
    title: String,
    child: Child,
    output: Output,
    /// What it says on standard error.
    log: PathBuf,
}

impl Program {
    /// Starts it.
    pub(super) fn start(
        mut command: Command,
        title: String,
        log: PathBuf,
    ) -> Result<Self, Trouble> {
        let errors = File::create(&log);
        let errors = errors.map_err(|error| Failure::io(log.display(), &error))?;
        let mut child = apart(&mut command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|error| {
                let program = command.get_program().to_string_lossy();
                Trouble::Broken(format!("{title}: {program}: {error}"))
            })?;
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe.into());
        let output = output.and_then(Output::of);
        let output = output.map_err(|error| Failure::io(&title, &error))?;
        Ok(Self {
            title,
            child,
            output,
            log,
        })
    }

    pub(super) fn pid(&self) -> Process {
        pid(self.child.id())
    }

    /// Gives it a line.
    pub(super) fn tell(&mut self, line: &str) -> Result<(), Trouble> {
        let written = match &mut self.child.stdin {
            Some(input) => writeln!(input, "{line}").and_then(|()| input.flush()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        written.map_err(|_| self.ended())
    }

    /// Reads so many bytes, which it may take `time` and some patience to say.
    pub(super) fn read(
        &mut self,
        interrupt: &Interrupt,
        mut room: &mut [u8],
        time: Duration,
    ) -> Result<(), Trouble> {
        while !room.is_empty() {
            if !self.output.wait(interrupt, time + PATIENCE)? {
                let seconds = (time + PATIENCE).as_secs();
                let why = format!("{}: no answer for {seconds} s", self.title);
                return Err(Trouble::Broken(why));
            }
            match self.output.read(room) {
                Ok(0) | Err(_) => return Err(self.ended()),
                Ok(count) => room = room.get_mut(count..).unwrap_or_default(),
            }
        }
        Ok(())
    }

    /// Reads a line, a byte at a time: none is long.
    pub(super) fn read_line(&mut self, interrupt: &Interrupt) -> Result<String, Trouble> {
        const LONGEST: usize = 4096;
        let mut line = Vec::new();
        while line.len() < LONGEST {
            let mut byte = [0];
            self.read(interrupt, &mut byte, Duration::ZERO)?;
            if byte == *b"\n" {
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            line.extend(byte);
        }
        Err(Trouble::Broken(format!(
            "{}: a line without an end",
            self.title
        )))
    }

    /// How it ended, or that it stopped listening or speaking.
    fn ended(&mut self) -> Trouble {
        let status = self.wait();
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        let said = said.lines().last().map(str::to_owned);
        if status.is_some_and(|status| status.code() == Some(CANNOT)) {
            return Trouble::Unable(said.unwrap_or_else(|| "it says that it cannot".to_owned()));
        }
        let how = match status {
            Some(status) => format!("ended with {status}"),
            None => "closed its input or output".to_owned(),
        };
        let said = said.map_or_else(String::new, |line| format!(": {line}"));
        Trouble::Broken(format!("{}: {how}{said}", self.title))
    }

    /// Waits for its end, which should be near.
    fn wait(&mut self) -> Option<std::process::ExitStatus> {
        let deadline = Instant::now() + FAREWELL;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(1)),
                _ => return None,
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.stdin = None;
        if self.wait().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
