//! `gateway` becomes another program.

use crate::support::{Output, finish, install};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// The command in a folder of its own, with nothing beside it.
struct Installed(TempDir);

impl Installed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("path")).unwrap();
        let to = folder.path().join("calc-ipc");
        install(Path::new(env!("CARGO_BIN_EXE_calc-ipc")), &to);
        Self(folder)
    }

    /// Puts a program there that says which it is and what it was told, and exits with 7.
    fn add(&self, folder: &str) {
        let program = self.0.path().join(folder).join("calc-ipc-gateway");
        let script = format!("#!/bin/sh\necho '{folder}:' \"$@\"\nexit 7\n");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(self.0.path().join("calc-ipc"));
        command.arg("gateway").args(args);
        command.env("PATH", self.0.path().join("path"));
        finish(command, "")
    }
}

#[test]
fn where_it_is_not_installed_that_is_said() {
    let output = Installed::new().run(&["--listen", ":0"]);
    assert_eq!(output.status, Some(3));
    assert!(output.stderr.contains("tools/gateway"), "{output:?}");
}

#[test]
fn it_is_given_every_argument_and_its_exit_status_counts() {
    let installed = Installed::new();
    installed.add("path");
    let args = ["--listen", ":0", "--help", "-V", "--", "--queue=1"];
    let output = installed.run(&args);
    assert_eq!(output.stdout, format!("path: {}\n", args.join(" ")));
    assert_eq!(output.status, Some(7));
}

#[test]
fn the_one_beside_the_command_comes_first() {
    let installed = Installed::new();
    installed.add("path");
    installed.add(".");
    assert_eq!(installed.run(&[]).stdout, ".:\n");
}

#[test]
fn what_cannot_be_executed_is_told() {
    let installed = Installed::new();
    fs::create_dir(installed.0.path().join("calc-ipc-gateway")).unwrap();
    let output = installed.run(&[]);
    assert_eq!(output.status, Some(3));
    assert!(
        output
            .stderr
            .contains("calc-ipc-gateway: Permission denied"),
        "{output:?}"
    );
}
