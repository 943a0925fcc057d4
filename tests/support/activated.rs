//! A process that sockets are passed to, as a service manager does it: this program, executed again. It does as its input
//! tells it, line by line.

use crate::api::{last_error, text};
use calc_ipc::ffi::{options::*, server::*, status::*};
use std::ffi::CStr;
use std::io::{BufRead, BufReader, Write, stdin};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::ptr::{from_ref, null_mut};

/// The number of the first that is passed.
const FIRST: RawFd = 3;

/// A listening socket of records at this path.
pub(crate) fn seqpacket(path: &str) -> OwnedFd {
    let mut address = libc::sockaddr_un {
        sun_family: libc::AF_UNIX.try_into().unwrap(),
        sun_path: [0; 108],
    };
    for (place, byte) in address.sun_path.iter_mut().zip(path.bytes()) {
        *place = libc::c_char::from_ne_bytes([byte]);
    }
    let length = size_of_val(&address).try_into().unwrap();
    // SAFETY: an address that ends in a NUL, and its length; the descriptor is this function's alone.
    unsafe {
        let fd = libc::socket(libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, 0);
        assert_eq!(libc::bind(fd, (&raw const address).cast(), length), 0);
        assert_eq!(libc::listen(fd, 16), 0);
        OwnedFd::from_raw_fd(fd)
    }
}

/// Such a process, which ends with this.
pub(crate) struct Activated {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Activated {
    /// One that these are passed to, with these names.
    pub(crate) fn with(passed: &[BorrowedFd<'_>], names: Option<&str>) -> Self {
        // The shell has the number of the process that it becomes.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "export LISTEN_PID=$$; exec \"$0\" obey"]);
        command.arg(std::env::current_exe().unwrap());
        command.env("LISTEN_FDS", passed.len().to_string());
        match names {
            Some(names) => command.env("LISTEN_FDNAMES", names),
            None => command.env_remove("LISTEN_FDNAMES"),
        };
        let sources: Vec<RawFd> = passed.iter().map(AsRawFd::as_raw_fd).collect();
        // SAFETY: between fork and exec, it makes system calls only.
        unsafe { command.pre_exec(move || place(&sources)) };
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// What it answers.
    pub(crate) fn ask(&mut self, what: &str) -> String {
        writeln!(self.child.stdin.as_mut().unwrap(), "{what}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// It answers with this failure, and says why.
    pub(crate) fn is_refused(&mut self, what: &str, status: &str, says: &str) {
        let answer = self.ask(what);
        let starts = format!("{status}: systemd:");
        let is_so = answer.starts_with(&starts) || answer.starts_with(&format!("{status}: TCP"));
        assert!(is_so && answer.contains(says), "{answer}");
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Activated {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Puts these where a service manager has them, out of each other's way first.
fn place(sources: &[RawFd]) -> std::io::Result<()> {
    let mut far = [0; 8];
    let far = &mut far[..sources.len()];
    for (far, source) in far.iter_mut().zip(sources) {
        // SAFETY: takes numbers.
        *far = unsafe { libc::fcntl(*source, libc::F_DUPFD_CLOEXEC, 100) };
    }
    for (number, far) in (FIRST..).zip(far) {
        // SAFETY: takes numbers.
        if unsafe { libc::dup2(*far, number) } < 0 {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Does as each line of the input says, and answers with a line.
pub(crate) fn obey() {
    let mut servers = Vec::new();
    for line in stdin().lines() {
        let line = line.unwrap();
        let answer = match line.split_once(' ').unwrap_or((&line, "")) {
            ("serve", url) => serve(&mut servers, url, |_| {}),
            ("serve-remote", url) => serve(&mut servers, url, |options| options.allow_remote = 1),
            ("serve-open", url) => serve(&mut servers, url, |options| options.mode = 0o666),
            ("stop", index) => stop(servers.remove(index.parse().unwrap())),
            ("environment", _) => ["LISTEN_FDS", "LISTEN_FDNAMES"]
                .map(|name| std::env::var(name).unwrap())
                .join(" "),
            ("passed", "on") => is_passed_on().to_string(),
            // SAFETY: takes numbers.
            ("is", "open") => (unsafe { libc::fcntl(FIRST, libc::F_GETFD) } >= 0).to_string(),
            _ => "what?".to_owned(),
        };
        println!("{answer}");
    }
    for server in servers {
        stop(server);
    }
}

/// Serves the calculator there; gives the server's URL.
fn serve(
    servers: &mut Vec<*mut calc_ipc_server>,
    url: &str,
    set: impl FnOnce(&mut calc_ipc_server_options),
) -> String {
    let mut server = null_mut();
    let (url, mut options) = (text(url), MaybeUninit::uninit());
    let size = size_of::<calc_ipc_server_options>();
    // SAFETY: a local of this size, which is filled.
    let mut options = unsafe {
        calc_ipc_server_options_init(options.as_mut_ptr(), size);
        options.assume_init()
    };
    set(&mut options);
    // SAFETY: a string, options, and a local that gets a server, which lives until it is destroyed.
    unsafe {
        let url = url.as_ptr();
        let status =
            calc_ipc_server_create(url, None, null_mut(), from_ref(&options), &raw mut server);
        if status != CALC_IPC_STATUS_OK || calc_ipc_server_start(server) != CALC_IPC_STATUS_OK {
            return last_error();
        }
        servers.push(server);
        CStr::from_ptr(calc_ipc_server_url(server))
            .to_str()
            .unwrap()
            .to_owned()
    }
}

fn stop(server: *mut calc_ipc_server) -> String {
    // SAFETY: a live server, which nobody uses any more.
    unsafe {
        let status = calc_ipc_server_stop(server);
        calc_ipc_server_destroy(server);
        match status {
            CALC_IPC_STATUS_OK => "stopped".to_owned(),
            _ => last_error(),
        }
    }
}

/// Whether a program that this one executes has the first.
fn is_passed_on() -> bool {
    let mut test = Command::new("/bin/sh");
    test.args(["-c", "[ -S /proc/$$/fd/3 ]"]);
    test.status().unwrap().success()
}
