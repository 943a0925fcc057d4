//! Runs the command.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::install;
#[cfg(unix)]
use unix::{forget, kill};
#[cfg(windows)]
use windows::{forget, kill};

use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// Nothing here takes nearly as long; what does hangs, and is killed. Under Wine, what a benchmark does asks another process all the time.
const PATIENCE: Duration = Duration::from_secs(if cfg!(windows) { 600 } else { 60 });

/// The command, with nothing to read.
pub(crate) fn calc_ipc<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_calc-ipc"));
    command.args(args).stdin(Stdio::null());
    // Servers offer their stats there, to all of this user's.
    command.env_remove("XDG_RUNTIME_DIR");
    command
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Output {
    /// `None`: a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    pub(crate) fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }

    /// Each line of what it printed, as JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// Runs the command to its end.
pub(crate) fn run<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    finish(calc_ipc(args), "")
}

/// Runs the command to its end, with this on its standard input.
pub(crate) fn run_with<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>, input: &str) -> Output {
    finish(calc_ipc(args), input)
}

/// Runs `command` to its end, with this on its standard input.
pub(crate) fn finish(command: Command, input: &str) -> Output {
    finish_within(PATIENCE, command, input)
}

/// Runs `command` to its end, which takes longer than most.
pub(crate) fn finish_within(patience: Duration, mut command: Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to_child = child.stdin.take().unwrap();
    thread::scope(|scope| {
        // A command that fails may leave its input unread.
        scope.spawn(move || to_child.write_all(input.as_bytes()));
        let stdout = read_on_thread(child.stdout.take().unwrap());
        let stderr = read_on_thread(child.stderr.take().unwrap());
        let hangs = Alarm::set_to(patience, &child);
        let status = child.wait().unwrap();
        drop(hangs);
        Output {
            status: status.code(),
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
        }
    })
}

pub(crate) fn read_on_thread(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        text
    })
}

/// Kills a child that has not ended in time, unless it is dropped before.
pub(crate) struct Alarm {
    _cancel: mpsc::Sender<()>,
}

impl Alarm {
    pub(crate) fn set(child: &Child) -> Self {
        Self::set_to(PATIENCE, child)
    }

    fn set_to(patience: Duration, child: &Child) -> Self {
        let (cancel, cancelled) = mpsc::channel();
        let process = child.id();
        thread::spawn(move || {
            if cancelled.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout) {
                kill(process);
            }
        });
        Self { _cancel: cancel }
    }
}

/// The first lines, once they are there.
fn first_lines(from: impl Read, count: usize) -> Vec<String> {
    let lines = BufReader::new(from).lines().take(count);
    lines.map(Result::unwrap).collect()
}

/// A server, killed at the latest when it is dropped.
pub(crate) struct Serving {
    child: Child,
    _hangs: Alarm,
    /// What it says that it serves.
    pub(crate) urls: Vec<String>,
}

impl Serving {
    /// Serves with these arguments, of which the URLs are the last. When it returns, clients can
    /// connect.
    pub(crate) fn start<S: AsRef<OsStr>>(args: &[S]) -> Self {
        let args = args.iter().map(AsRef::as_ref);
        let urls = args
            .clone()
            .filter(|arg| arg.to_str().unwrap().contains("://"))
            .count();
        Self::spawn(
            calc_ipc([OsStr::new("serve")].into_iter().chain(args)),
            urls,
        )
    }

    /// Runs `command`, which says that it serves so many URLs.
    pub(crate) fn spawn(command: Command, urls: usize) -> Self {
        let mut serving = Self::spawn_silent(command);
        serving.urls = first_lines(serving.child.stdout.as_mut().unwrap(), urls);
        serving
    }

    fn spawn_silent(mut command: Command) -> Self {
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            _hangs: Alarm::set(&child),
            child,
            urls: Vec::new(),
        }
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder, and names of every kind that nobody else has. All of it goes when it is dropped.
pub(crate) struct Names {
    folder: TempDir,
}

impl Names {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("calc_ipc-cli-")
            .tempdir()
            .unwrap();
        Self { folder }
    }

    pub(crate) fn folder(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What is in the folder.
    pub(crate) fn files(&self) -> Vec<String> {
        names_in(self.folder.path())
    }

    /// The folder's own name, which is as rare elsewhere.
    pub(crate) fn shm(&self) -> String {
        format!("shm://{}", self.word())
    }

    pub(crate) fn word(&self) -> &str {
        Path::new(self.folder())
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

impl Drop for Names {
    fn drop(&mut self) {
        forget(self.word());
    }
}

/// What `docs/report-schema.md` says of the report of a command.
pub(crate) fn schema_of(command: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/report-schema.md");
    let document = fs::read_to_string(path).unwrap();
    let is_title = |line: &str| line.contains(&format!("`{command}`"));
    let mut found = String::new();
    // Parts of the second level belong to the one of the first level before them.
    let mut is_inside = false;
    for line in document.lines() {
        if line.starts_with("# ") {
            is_inside = is_title(line);
        }
        if is_inside {
            found.push_str(line);
            found.push('\n');
        }
    }
    assert!(!found.is_empty(), "{command}");
    found
}

/// The fields that such a text has a row for.
pub(crate) fn fields_documented(document: &str) -> BTreeSet<String> {
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
    let first_cells = rows.map(|row| row.split(" | ").next().unwrap());
    first_cells
        .flat_map(|cell| cell.split(", "))
        .map(|name| name.trim_matches('`').to_owned())
        .collect()
}

/// The name of every field.
pub(crate) fn fields_of(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(fields_of).collect(),
        Value::Object(fields) => {
            let deeper = fields.values().flat_map(fields_of);
            fields.keys().cloned().chain(deeper).collect()
        }
        _ => BTreeSet::new(),
    }
}
