//! A process that is told what to do and says what came of it.

use super::state::{await_state, own_thread};
use super::{Control, PATIENCE, Process, state};
use libc::pid_t;
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process::{Command, Stdio};

/// The variable that says what an executed process is there for.
const ROLE: &str = "CALC_IPC_TEST_ROLE";

/// The test that an executed process runs: each program with such processes has a module `role`, in which this test
/// calls [`play`].
const ENTRY: &str = "role::a_process_of_another_test";

/// The variable that names what executes programs of this kind, where the kernel cannot: an emulator.
const RUNNER: &str = "CALC_IPC_TEST_RUNNER";

pub struct Actor {
    name: String,
    process: Process,
    control: Control,
    /// The thread of it that obeys.
    thread: pid_t,
    /// What a forked one prints.
    output: Option<File>,
    /// It closed its end of the conversation.
    pub(super) is_silent: bool,
}

impl Actor {
    /// Executes this program anew as a process with a role, which has begun to play it. It inherits nothing but its
    /// end of the conversation. `prepare` may add to how it is executed.
    pub fn execute(role: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let (control, theirs) = Control::pair();
        control.wait_at_most(PATIENCE);
        let mut command = own_program();
        command
            .args([ENTRY, "--exact", "--nocapture", "--quiet"])
            .arg("--test-threads=1")
            .env(ROLE, role)
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null());
        prepare(&mut command);
        let process = Process::execute(&mut command);
        drop(command); // It has the other end, whose close is to be heard.
        let mut actor = Self {
            name: role.to_owned(),
            process,
            control,
            thread: 0,
            output: None,
            is_silent: false,
        };
        actor.thread = actor.hear().parse().unwrap();
        actor
    }

    /// Forks a process that plays on the thread that it has. It keeps nothing of the test's but its end of the
    /// conversation, and what it prints is kept.
    pub fn fork(name: &str, play: impl FnOnce(Control)) -> Self {
        let (control, theirs) = Control::pair();
        let output = File::from(memfd_create(c"output", MFdFlags::empty()).unwrap());
        let process = Process::fork(|| {
            keep_only(theirs.as_raw_fd(), &output);
            play(theirs);
        });
        Self {
            name: name.to_owned(),
            thread: process.number(),
            process,
            control,
            output: Some(output),
            is_silent: false,
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn number(&self) -> pid_t {
        self.process.number()
    }

    /// Readable when it says something, or ends.
    pub(super) fn watch(&self) -> BorrowedFd<'_> {
        self.control.as_fd()
    }

    /// The lines that came whole, after waiting for what comes next.
    pub(super) fn listen(&mut self) -> Vec<String> {
        self.is_silent = !self.control.listen().unwrap();
        std::iter::from_fn(|| self.control.next_line()).collect()
    }

    pub fn say(&self, line: &str) {
        self.control.say(line);
    }

    /// Waits for what it says next, which there has to be.
    pub fn hear(&mut self) -> String {
        let line = self.control.hear();
        line.unwrap_or_else(|| panic!("{} has ended", self.name))
    }

    pub fn signal(&self, signal: libc::c_int) {
        self.process.signal(signal);
    }

    /// Waits until the thread that obeys sleeps in the kernel.
    pub fn await_sleep(&self) {
        await_state(self.number(), self.thread, 'S');
    }

    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// Kills it, and is back when the kernel has taken its descriptors away.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Tells it no more, upon which it ends.
    pub fn let_end(&self) {
        self.control.fall_silent();
    }

    /// Sees it to its end, which comes when it has played or is told no more; gives what went wrong.
    pub fn bury(mut self) -> Vec<String> {
        self.let_end();
        let mut wrongs = Vec::new();
        let status = self.process.wait();
        if status != 0 {
            let words = self.control.last_words();
            wrongs.push(format!("the {} crashed ({status}): {words}", self.name));
        }
        let printed = self.printed();
        if !printed.is_empty() {
            wrongs.push(format!("the {} printed: {printed}", self.name));
        }
        wrongs
    }

    fn printed(&mut self) -> String {
        let mut printed = String::new();
        if let Some(output) = &mut self.output {
            output.rewind().unwrap();
            output.read_to_string(&mut printed).unwrap();
        }
        printed
    }

    /// What each of its threads does, for one that hangs.
    pub fn whereabouts(&self) -> String {
        let process = self.number();
        let threads = state::threads(process).into_iter();
        let calls: Vec<_> = threads
            .filter_map(|thread| {
                std::fs::read_to_string(format!("/proc/{process}/task/{thread}/syscall")).ok()
            })
            .map(|text| text.split(' ').next().unwrap_or_default().to_owned())
            .collect();
        let name = &self.name;
        format!("the {name} hangs, its threads in system calls {calls:?}")
    }
}

/// This program, to be executed anew.
fn own_program() -> Command {
    let own = std::env::current_exe().unwrap();
    let Some(runner) = std::env::var_os(RUNNER) else {
        return Command::new(own);
    };
    let mut command = Command::new(runner);
    command.arg(own);
    command
}

/// Plays the role, word by word, that this process was executed for, and nothing in a process that is the test
/// program itself. What goes wrong here fails the test that executed it.
pub fn play(role: impl FnOnce(&[&str], Control)) {
    let Ok(words) = std::env::var(ROLE) else {
        return;
    };
    // SAFETY: sets what this process gets when the thread that executed it has ended; takes no pointer.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    let control = Control::own();
    control.say(&own_thread().to_string());
    let words: Vec<_> = words.split(' ').collect();
    role(&words, control);
}

/// Leaves this process, which is a forked actor's, its end of the conversation and nothing else; what it prints
/// goes to `output`.
fn keep_only(control: RawFd, output: &File) {
    // SAFETY: the process runs nothing but the actor, which knows no other descriptor.
    unsafe {
        libc::dup2(output.as_raw_fd(), 1);
        libc::dup2(output.as_raw_fd(), 2);
        libc::syscall(libc::SYS_close_range, 3, control - 1, 0);
        libc::syscall(libc::SYS_close_range, control + 1, i32::MAX, 0);
    }
}
