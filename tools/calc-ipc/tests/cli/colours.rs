//! Colours: at a terminal, and not where nobody wants them.

use crate::support::{Alarm, Names, Serving, calc_ipc, run};
use nix::pty::openpty;
use std::fs::File;
use std::io::Read;
use std::process::Command;

/// What the command writes to a terminal that is its standard output.
fn shown(mut command: Command) -> String {
    let terminal = openpty(None, None).unwrap();
    let mut child = command.stdout(terminal.slave).spawn().unwrap();
    let _hangs = Alarm::set(&child);
    drop(command); // Which has the terminal open.
    let mut screen = File::from(terminal.master);
    let (mut text, mut bytes) = (Vec::new(), [0; 4096]);
    // The end is an error, as with every terminal that its last writer has closed.
    while let Ok(count @ 1..) = screen.read(&mut bytes) {
        text.extend_from_slice(&bytes[..count]);
    }
    child.wait().unwrap();
    String::from_utf8(text).unwrap()
}

fn at_a_terminal(args: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = calc_ipc(args);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm");
    command.envs(variables.iter().copied());
    shown(command)
}

#[test]
fn verdicts_and_states_have_colours_at_a_terminal_alone() {
    let names = Names::new();
    let url = names.unix();
    let nobody = format!("{url}: \x1b[31mno-server\x1b[0m");
    assert!(at_a_terminal(&["doctor", &url], &[]).starts_with(&nobody));
    let _server = Serving::start(&[&url]);
    for args in [&["doctor", &url][..], &["ls", names.folder()]] {
        let text = at_a_terminal(args, &[]);
        assert!(text.contains("\x1b[32m"), "{text:?}");
        assert!(text.contains("\x1b[0m"), "{text:?}");
        for variable in [("NO_COLOR", "1"), ("TERM", "dumb"), ("CLICOLOR", "0")] {
            let text = at_a_terminal(args, &[variable]);
            assert!(text.contains(&url) && !text.contains('\x1b'), "{text:?}");
        }
        let text = run(args).stdout;
        assert!(text.contains(&url) && !text.contains('\x1b'), "{text:?}");
    }
}

#[test]
fn help_has_colours_at_a_terminal_alone() {
    assert!(at_a_terminal(&["--help"], &[]).contains('\x1b'));
    assert!(!at_a_terminal(&["--help"], &[("NO_COLOR", "1")]).contains('\x1b'));
    assert!(!run(["--help"]).stdout.contains('\x1b'));
}

#[test]
fn what_an_answer_has_a_terminal_do_is_shown_and_not_done() {
    let names = Names::new();
    let url = &names.unix();
    let _server = Serving::start(&["--echo", url]);
    let text = at_a_terminal(&["call", url, "--bytes", "a\x1b[2J"], &[]);
    assert_eq!(text.trim_end(), "a\\u{1b}[2J");
}

#[test]
fn top_begins_each_view_anew_at_a_terminal() {
    let names = Names::new();
    let mut command = calc_ipc(["serve", &names.unix()]);
    command.env("XDG_RUNTIME_DIR", names.folder());
    let _server = Serving::spawn(command, 1);
    let session = [("XDG_RUNTIME_DIR", names.folder())];
    let args = ["top", "--interval", "1ms", "--count", "3"];
    let text = at_a_terminal(&args, &session);
    assert_eq!(text.matches("\x1b[H\x1b[2J").count(), 3, "{text:?}");
    assert_eq!(text.matches(&names.unix()).count(), 3, "{text:?}");
}
