//! One test, in a process group and with a folder for temporary files of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// A mutant may fill all memory or a disk: 6 GiB of addresses, and 2 GiB for a file (512 bytes, 1024 for bash).
const LIMITED: &str = r#"ulimit -v 6291456; ulimit -f 4194304; exec "$@""#;

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Test {
    pub program: PathBuf,
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Passed,
    Failed,
    TimedOut,
}

/// Where tests run, and where they may write.
pub struct Place {
    /// The root of the package.
    pub tree: PathBuf,
    /// A short path, since names of sockets are short, where other users may go.
    scratch: PathBuf,
    next: AtomicUsize,
}

impl Place {
    pub fn new(tree: &Path) -> Result<Self> {
        let scratch = std::env::temp_dir().join(format!("cim{}", std::process::id()));
        fs::create_dir(&scratch).with_context(|| scratch.display().to_string())?;
        fs::set_permissions(&scratch, fs::Permissions::from_mode(0o755))?;
        Ok(Self {
            tree: tree.to_owned(),
            scratch,
            next: AtomicUsize::new(0),
        })
    }

    /// Runs `test` with these variables, for at most `patience`.
    pub fn run(
        &self,
        test: &Test,
        variables: &[(&str, &str)],
        patience: Duration,
    ) -> Result<(End, Duration)> {
        let folder = self
            .scratch
            .join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        fs::create_dir(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o1777))?;
        let started = Instant::now();
        let mut child = self
            .command(test, &folder, variables)
            .spawn()
            .context("a test's program")?;
        let status = wait(&mut child, started + patience)?;
        let taken = started.elapsed();
        end_group(&mut child, status.is_none())?;
        end_others(&folder);
        _ = fs::remove_dir_all(&folder);
        let end = match status {
            None => End::TimedOut,
            Some(status) if status.success() => End::Passed,
            Some(_) => End::Failed,
        };
        Ok((end, taken))
    }

    /// A file beside the folders of the tests.
    pub fn file(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    fn command(&self, test: &Test, folder: &Path, variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", LIMITED, "sh"])
            .arg(&test.program)
            .args(["--exact", &test.name, "--test-threads=1"]);
        command.envs(variables.iter().copied());
        command
            .current_dir(&self.tree)
            .env("TMPDIR", folder)
            .env("CARGO_MANIFEST_DIR", &self.tree);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        command
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.scratch);
    }
}

fn wait(child: &mut Child, until: Instant) -> Result<Option<ExitStatus>> {
    let mut pause = Duration::from_micros(500);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        sleep(pause);
        pause = (pause * 5 / 4).min(Duration::from_millis(10));
    }
}

/// Ends what the test has left in its process group; `running`: the test itself, too.
fn end_group(child: &mut Child, running: bool) -> Result<()> {
    _ = killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL);
    if running {
        child.wait()?;
    }
    Ok(())
}

/// Ends processes that left the group of their test. They still have the name of its folder in their environment.
fn end_others(folder: &Path) {
    let mark = format!("TMPDIR={}", folder.display());
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for id in processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()) {
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        if environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == mark.as_bytes())
        {
            _ = kill(Pid::from_raw(id), Signal::SIGKILL);
        }
    }
}
