//! Help, man pages and completions.

use crate::support::{Names, calc_ipc, finish, run};
use std::fs;

const COMMANDS: [&str; 11] = [
    "serve",
    "call",
    "ls",
    "top",
    "doctor",
    "bench",
    "recommend",
    "report",
    "gateway",
    "man",
    "completions",
];

#[test]
fn every_command_has_help_and_a_man_page() {
    let names = Names::new();
    assert_eq!(run(["man", "--out", names.folder()]).status, Some(0));
    let help = run(["--help"]).stdout;
    let overview = fs::read_to_string(names.path("calc-ipc.1")).unwrap();
    assert!(overview.starts_with(".ie"), "{overview}");
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        // That of the gateway is another program's, which need not be there.
        if command != "gateway" {
            assert_eq!(run([command, "--help"]).status, Some(0));
        }
        let page = fs::read_to_string(names.path(&format!("calc-ipc-{command}.1"))).unwrap();
        assert!(page.contains(".TH"), "{page}");
        assert!(
            overview.contains(&format!("calc\\-ipc\\-{command}(1)")),
            "{overview}"
        );
    }
    assert_eq!(names.files().len(), COMMANDS.len() + 1);
}

#[test]
fn the_man_page_is_printed_where_no_folder_is_named() {
    let names = Names::new();
    run(["man", "--out", names.folder()]);
    let written = fs::read_to_string(names.path("calc-ipc.1")).unwrap();
    assert_eq!(run(["man"]).stdout, written);
    assert!(written.contains("Exit status"), "{written}");
    assert_eq!(run(["man", "--out", "/nonexistent"]).status, Some(3));
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(["completions", shell]);
        assert_eq!(output.status, Some(0), "{shell}");
        for command in COMMANDS {
            assert!(output.stdout.contains(command), "{shell} {command}");
        }
    }
    assert_eq!(run(["completions", "tcsh"]).status, Some(2));
}

/// Windows has no bash.
#[cfg(unix)]
#[test]
fn bash_completes_commands() {
    let script = run(["completions", "bash"]).stdout;
    let mut bash = std::process::Command::new("bash");
    // Bash itself says by which function.
    let question = r#"
        COMP_WORDS=(calc-ipc doc) COMP_CWORD=1
        registered=$(complete -p calc-ipc)
        $(sed 's/.*-F \([^ ]*\).*/\1/' <<<"$registered") calc-ipc doc calc-ipc
        echo "${COMPREPLY[@]}""#;
    bash.args(["-c", &format!("{script}\n{question}")]);
    assert_eq!(finish(bash, "").stdout, "doctor\n");
}

#[test]
fn the_version_is_the_librarys() {
    let version = finish(calc_ipc(["--version"]), "").stdout;
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
    let manifest = fs::read_to_string(manifest).unwrap();
    let number = version.trim_end().strip_prefix("calc-ipc ").unwrap();
    assert!(
        manifest.contains(&format!("\nversion = \"{number}\"\n")),
        "{version}"
    );
}

#[test]
fn without_a_command_it_says_what_there_is() {
    let output = run([""; 0]);
    assert_eq!(output.status, Some(2));
    assert!(output.stderr.contains("doctor"), "{output:?}");
}
