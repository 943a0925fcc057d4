//! `README.md` shows what really happens.

use crate::support::{Names, Serving, finish};
use nix::sys::signal::Signal;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A command of the README, and what it says that it prints.
struct Example {
    command: String,
    output: String,
}

#[test]
fn the_readme_tells_the_truth() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let session = Session::new();
    let mut server = None;
    let examples = examples(&fs::read_to_string(readme).unwrap());
    assert!(examples.len() > 8);
    for Example { command, output } in examples {
        let real = if let Some(args) = served(&command) {
            let args = shlex::split(args).unwrap();
            let args: Vec<_> = args.iter().map(|arg| session.real(arg)).collect();
            let started = Serving::start(&args);
            let urls = started.urls.join("\n");
            server = Some(started);
            session.shown(&urls)
        } else if command == "kill -KILL %1" {
            server.take().unwrap().end_by(Signal::SIGKILL);
            String::new()
        } else {
            session.run(&command)
        };
        assert_matches(&command, &output, &real);
    }
}

/// What a line of the README serves in the background.
fn served(command: &str) -> Option<&str> {
    command.strip_prefix("calc-ipc serve ")?.strip_suffix(" &")
}

fn examples(readme: &str) -> Vec<Example> {
    let blocks = readme.split("```console\n").skip(1);
    let texts = blocks.map(|block| block.split("```").next().unwrap());
    let commands = texts.flat_map(|text| text.split("$ ").skip(1));
    let example = |text: &str| {
        let (command, output) = text.split_once('\n').unwrap();
        Example {
            command: command.to_owned(),
            output: output.to_owned(),
        }
    };
    commands.map(example).collect()
}

/// Runs what the README says with names of its own in the place of those there.
struct Session(Names);

impl Session {
    fn new() -> Self {
        Self(Names::new())
    }

    fn real(&self, text: &str) -> String {
        text.replace("/tmp", self.0.folder())
            .replace("shm://calc", &self.0.shm())
    }

    fn shown(&self, text: &str) -> String {
        text.replace(&self.0.shm(), "shm://calc")
            .replace(
                &self.0.shm().replace("shm://", "/dev/shm/"),
                "/dev/shm/calc",
            )
            .replace(self.0.folder(), "/tmp")
    }

    fn run(&self, command: &str) -> String {
        let folder = Path::new(env!("CARGO_BIN_EXE_calc-ipc")).parent().unwrap();
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("exec 2>&1; {}", self.real(command))])
            .env("PATH", path)
            .env("XDG_RUNTIME_DIR", self.0.folder());
        self.shown(&finish(shell, "").stdout)
    }
}

/// Fails unless it prints what the README shows, processes, ports and times aside.
fn assert_matches(command: &str, shown: &str, real: &str) {
    if command.starts_with("calc-ipc ls") {
        // Other tests serve too: every line is there, in order, but perhaps not alone.
        let mut lines = real.lines().map(pattern);
        let missing = shown
            .lines()
            .map(pattern)
            .find(|line| !lines.any(|real| real == *line));
        assert_eq!(missing, None, "{command} prints\n{real}");
    } else if command.starts_with("calc-ipc serve") || command.starts_with("calc-ipc doctor") {
        let patterns = |text: &str| text.lines().map(pattern).collect::<Vec<_>>();
        assert_eq!(patterns(shown), patterns(real), "{command}");
    } else {
        assert_eq!(shown, real, "{command}");
    }
}

/// The line with `N` for each number but exit statuses, and one space between words.
fn pattern(line: &str) -> String {
    if line.starts_with("exit status") {
        return line.to_owned();
    }
    let words: Vec<_> = line.split_ascii_whitespace().collect();
    let mut pattern = String::new();
    for character in words.join(" ").chars() {
        let is_number = character.is_ascii_digit();
        if !is_number || !pattern.ends_with('N') {
            pattern.push(if is_number { 'N' } else { character });
        }
    }
    pattern
}
