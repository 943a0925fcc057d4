//! `calc-ipc recommend`: the lines to paste do what they say.

use crate::support::{Names, Output, Serving, calc_ipc, finish};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What it recommends to somebody who stands in the folder of `names`.
fn recommend(names: &Names, facts: &str) -> Value {
    let mut command = calc_ipc(["recommend", "--json", "--no-measure"]);
    let word = Path::new(names.folder()).file_name().unwrap();
    command
        .args(facts.split_ascii_whitespace())
        .arg("--name")
        .arg(word)
        .env("XDG_RUNTIME_DIR", names.folder())
        .current_dir(names.folder());
    finish(command, "").json().remove(0)
}

fn line<'a>(answer: &'a Value, side: &str, language: &str) -> &'a str {
    answer[side][language].as_str().unwrap()
}

/// Runs a line in a shell that finds the command.
fn shell(line: &str) -> Output {
    let folder = Path::new(env!("CARGO_BIN_EXE_calc-ipc")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-c", line]).env("PATH", path);
    finish(command, "")
}

#[test]
fn servers_and_clients_find_each_other() {
    for (facts, transport) in [
        ("--relation=independent", "unix"),
        ("--fastest", "shm"),
        ("--fastest --clients=200 --message-size=100000", "shm"),
        ("--clients=2000 --message-size=20000", "unix"),
        ("--other-users", "unix"),
    ] {
        let names = Names::new();
        let answer = recommend(&names, facts);
        assert_eq!(answer["transport"], transport, "{answer}");
        let words = line(&answer, "server", "shell").strip_prefix("calc-ipc serve ");
        let words: Vec<_> = words.unwrap().split(' ').collect();
        let server = Serving::start(&words);
        assert_eq!(server.urls, [answer["client"]["url"].as_str().unwrap()]);
        let output = shell(line(&answer, "client", "shell"));
        assert_eq!((&*output.stdout, &*output.stderr), ("30\n", ""), "{answer}");
        server.end_by(nix::sys::signal::Signal::SIGTERM);
        assert_eq!(names.in_use(), [""; 0], "{facts}");
    }
}

#[test]
fn a_parent_finds_the_program_that_it_is_to_start() {
    let names = Names::new();
    let answer = recommend(&names, "--relation=parent-child");
    assert_eq!(answer["transport"], "pipe");
    let made = shell(line(&answer, "server", "shell"));
    assert_eq!(made.status, Some(0), "{made:?}");
    let output = shell(line(&answer, "client", "shell"));
    assert_eq!(output.stdout, "30\n", "{output:?}");
}

#[test]
fn paths_with_strange_letters_are_quoted() {
    let names = Names::new();
    let strange = names.path("it's \"$HOME\" \\ 100%");
    fs::create_dir(&strange).unwrap();
    let mut command = calc_ipc(["recommend", "--json", "--no-measure"]);
    command.arg("--relation=parent-child").current_dir(&strange);
    let answer = finish(command, "").json().remove(0);
    let made = shell(line(&answer, "server", "shell"));
    assert_eq!(made.status, Some(0), "{made:?}");
    let output = shell(line(&answer, "client", "shell"));
    assert_eq!(output.stdout, "30\n", "{output:?}");
    compiles(&answer);
}

#[test]
fn where_there_is_no_folder_of_the_session_it_is_tmp() {
    let names = Names::new();
    for folder in ["", "relative", "/nonexistent"] {
        let mut command = calc_ipc(["recommend", "--json", "--no-measure"]);
        command.env("XDG_RUNTIME_DIR", folder);
        let answer = finish(command, "").json().remove(0);
        assert_eq!(answer["server"]["url"], "unix:///tmp/calc.sock", "{folder}");
    }
    let others = recommend(&names, "--other-users");
    let url = others["server"]["url"].as_str().unwrap();
    assert!(url.starts_with("unix:///tmp/calc_ipc-cli-"), "{url}");
}

#[test]
fn what_the_defaults_do_not_allow_is_set() {
    let names = Names::new();
    let facts = "--fastest --clients=200 --message-size=100000 --other-users";
    let answer = recommend(&names, facts);
    let has = |side: &str, language: &str, words: &str| {
        let line = line(&answer, side, language);
        assert!(line.contains(words), "{words} in {line}");
    };
    has(
        "server",
        "shell",
        " --max-message 100000 --max-clients 200 --mode 0666",
    );
    for language in ["c", "cxx"] {
        for words in [
            "max_message = 100000;",
            "max_clients = 200;",
            "mode = 0666;",
        ] {
            has("server", language, words);
        }
        has("client", language, "max_message = 100000;");
        has("client", language, "server_uid = ");
    }
    has("client", "shell", " --server-user ");
    let tcp = recommend(&names, "--other-machines");
    assert!(
        line(&tcp, "server", "shell").ends_with(" --allow-remote"),
        "{tcp}"
    );
    assert!(
        line(&tcp, "server", "c").contains("options.allow_remote = 1;"),
        "{tcp}"
    );
}

#[test]
fn connections_deferred_handlers_and_loops_are_in_the_lines() {
    let names = Names::new();
    let facts = "--event-loop --threads=4 --late-answers --clients=600";
    let answer = recommend(&names, facts);
    for (side, language, words) in [
        ("server", "shell", "--max-clients 2400"),
        ("server", "c", "calc_ipc_server_create_deferred("),
        ("server", "c", "calc_ipc_server_fd(server, &fd);"),
        ("server", "cxx", "Server::deferred("),
        ("client", "c", "options.connections = 4;"),
        ("client", "c", "calc_ipc_client_fd(client, &fd);"),
        ("client", "cxx", "client.dispatch("),
    ] {
        let line = line(&answer, side, language);
        assert!(line.contains(words), "{words} in {line}");
    }
    let windows = recommend(&names, "--event-loop --system=windows");
    for side in ["server", "client"] {
        let line = line(&windows, side, "c");
        assert!(
            line.contains(&format!("calc_ipc_{side}_wait_handle({side}, &event);")),
            "{line}"
        );
    }
}

#[test]
fn what_has_to_be_minded_is_said() {
    let names = Names::new();
    for (facts, words) in [
        ("--other-machines", "neither encrypted nor authenticated"),
        ("--other-users", "server_uid"),
        ("--other-users", "0666 lets every user ask"),
        ("--relation=parent-child", "one client"),
        ("--clients=5000", "ulimit"),
        ("--message-size=100000", "max_message on both sides"),
        ("--threads=2", "counts as a client"),
        ("--late-answers", "not read from"),
        ("--fastest --event-loop", "bench --async"),
        ("--system=windows", "ignores case"),
        ("--system=windows --other-users", "any user"),
    ] {
        let warnings = recommend(&names, facts)["warnings"].to_string();
        assert!(warnings.contains(words), "{facts}: {warnings}");
    }
    assert_eq!(
        recommend(&names, "--relation=independent")["warnings"],
        serde_json::json!([])
    );
    let mut command = calc_ipc(["recommend", "--json", "--relation=independent"]);
    command.args(["--from", crate::report::FIXTURE]);
    let answer = finish(command, "").json().remove(0);
    assert_eq!(answer["transport"], "fifo");
    assert!(
        answer["warnings"][0]
            .as_str()
            .unwrap()
            .contains("same user"),
        "{answer}"
    );
}

#[test]
fn the_lines_compile() {
    let names = Names::new();
    for facts in [
        "",
        "--relation=parent-child --message-size=100",
        "--fastest --clients=200 --message-size=100000 --other-users",
        "--other-machines --other-users --message-size=100000",
        "--event-loop",
        "--event-loop --threads=4 --late-answers --clients=600",
        "--late-answers --system=windows --other-users",
        "--event-loop --late-answers --system=windows",
    ] {
        compiles(&recommend(&names, facts));
    }
}

/// Fails unless C and C++ compilers take the lines.
fn compiles(answer: &Value) {
    for (language, compiler, standard, header) in [
        ("c", "gcc", "-std=c11", "calc_ipc.h"),
        ("cxx", "g++", "-std=c++17", "calc_ipc.hpp"),
    ] {
        let mut source = format!("#include <{header}>\n");
        // What is the reader's own.
        source.push_str(match language {
            "c" => "void handler(calc_ipc_reply *, const uint8_t *, size_t, void *);\n",
            _ => "void handler(calc_ipc::Reply, calc_ipc::BytesView);\nvoid watch(int);\nvoid watch(void *);\n",
        });
        for side in ["server", "client"] {
            let handle = match language {
                "c" => format!("calc_ipc_{side} *{side};\n"),
                _ => String::new(),
            };
            let line = line(answer, side, language);
            source.push_str(&format!("void {side}_(void) {{\n{handle}{line}\n}}\n"));
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(format!("lines.{language}"));
        fs::write(&file, &source).unwrap();
        let mut command = Command::new(compiler);
        command
            .args([standard, "-fsyntax-only", "-Wall", "-Werror", "-I"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../include"))
            .arg(file);
        let output = finish(command, "");
        assert_eq!(output.status, Some(0), "{source}\n{}", output.stderr);
    }
}
