//! What running a program on Windows needs: output that is waited for so long, the end that the user wants, and processes.

use super::super::trouble::Trouble;
use crate::sys;
use signal_hook::consts::SIGINT;
use std::io::{self, Read};
use std::os::windows::process::CommandExt;
use std::process::{ChildStdout, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use windows_sys::Win32::System::Threading::CREATE_NEW_PROCESS_GROUP;

/// How long it takes at most until somebody who waits hears of Ctrl-C.
const SLICE: Duration = Duration::from_millis(50);
/// The most bytes that are read at once.
const ROOM: usize = 65536;

/// A process's number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::bench) struct Process(u32);

pub(in crate::bench) fn pid(id: u32) -> Process {
    Process(id)
}

impl Process {
    pub(in crate::bench) fn number(self) -> u32 {
        self.0
    }
}

/// Is set when the user wants all this to end.
pub(in crate::bench) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    pub(in crate::bench) fn new() -> io::Result<Self> {
        // A contestant that rests is suspended, and would stay there if nobody were left to tell it to end.
        sys::end_with_this_process()?;
        let told = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(SIGINT, Arc::clone(&told))?;
        Ok(Self(told))
    }

    fn check(&self) -> Result<(), Trouble> {
        match self.0.load(Ordering::Relaxed) {
            true => Err(Trouble::Interrupted),
            false => Ok(()),
        }
    }

    /// Lets time pass.
    pub(in crate::bench) fn pause(&self, time: Duration) -> Result<(), Trouble> {
        let deadline = Instant::now() + time;
        loop {
            self.check()?;
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(SLICE));
        }
    }
}

/// What a program says, which a thread reads: nothing of Windows waits for a pipe that CreatePipe made.
pub(super) struct Output {
    pieces: Receiver<Vec<u8>>,
    /// What has come and was not asked for yet.
    rest: io::Cursor<Vec<u8>>,
}

impl Output {
    pub(super) fn of(mut output: ChildStdout) -> io::Result<Self> {
        let (sender, pieces) = mpsc::channel();
        // It ends with the output, or once nobody asks any more.
        thread::Builder::new().spawn(move || {
            let mut room = vec![0; ROOM];
            while let Ok(count @ 1..) = output.read(&mut room) {
                let piece = room.get(..count).unwrap_or_default().to_vec();
                if sender.send(piece).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self {
            pieces,
            rest: io::Cursor::default(),
        })
    }

    /// Waits for something to read, or for the end, and says whether it came within `time`.
    pub(super) fn wait(&mut self, interrupt: &Interrupt, time: Duration) -> Result<bool, Trouble> {
        let deadline = Instant::now() + time;
        while self.is_empty() {
            interrupt.check()?;
            let left = deadline.saturating_duration_since(Instant::now());
            match self.pieces.recv_timeout(left.min(SLICE)) {
                Ok(piece) => self.rest = io::Cursor::new(piece),
                Err(RecvTimeoutError::Disconnected) => return Ok(true),
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Ok(false),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        Ok(true)
    }

    fn is_empty(&self) -> bool {
        self.rest.position() >= u64::try_from(self.rest.get_ref().len()).unwrap_or(u64::MAX)
    }

    /// Reads what has come; 0 at the end.
    pub(super) fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.rest.read(room)
    }
}

/// In a process group of its own, which Ctrl-C does not end before this program could clean up.
pub(super) fn apart(command: &mut Command) -> &mut Command {
    command.creation_flags(CREATE_NEW_PROCESS_GROUP)
}

/// Stops a process, or lets it go on.
pub(in crate::bench) fn freeze(process: Process, is_frozen: bool) {
    // If it has ended, whoever speaks to it next will tell.
    let _ = sys::suspend(process.0, is_frozen);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;

    #[test]
    fn what_a_program_says_is_waited_for_to_its_end() {
        let mut command = Command::new("cmd");
        let child = command
            .args(["/c", "echo hello"])
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.unwrap();
        let mut output = Output::of(child.stdout.take().unwrap()).unwrap();
        let interrupt = Interrupt::new().unwrap();
        let mut said: Vec<u8> = Vec::new();
        loop {
            assert!(output.wait(&interrupt, Duration::from_secs(30)).unwrap());
            let mut room = [0; 3];
            match output.read(&mut room).unwrap() {
                0 => break,
                count => said.extend(&room[..count]),
            }
        }
        assert_eq!(said, b"hello\r\n");
        child.wait().unwrap();
    }
}
