//! The committed header compiles without a warning, and means in C what it means in Rust. Wine finds no compiler: for Windows,
//! `cpp_tests/header.c` is compiled.
#![cfg(unix)]

use calc_ipc::ffi::message::{calc_ipc_request, calc_ipc_response};
use calc_ipc::ffi::observe::calc_ipc_event;
use calc_ipc::ffi::options::{calc_ipc_client_options, calc_ipc_server_options};
use calc_ipc::ffi::peer::calc_ipc_peer;
use calc_ipc::ffi::stats::calc_ipc_stats;
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_header_is_the_contract_and_compiles_without_a_warning() {
    for compiler in compilers() {
        let object = scratch(&compiler, "contract.o");
        compiler.compile(&Path::new(ROOT).join("tests/contract.c"), &["-c"], &object);
    }
}

#[test]
fn c_and_rust_agree_on_the_layout() {
    let layout = layout();
    let lines: String = layout
        .iter()
        .map(|(expression, _)| format!("    printf(\"%zu\\n\", {expression});\n"))
        .collect();
    let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join("layout.c");
    let program = format!(
        "#include <calc_ipc.h>\n#include <stdio.h>\nint main(void) {{\n{lines}    return 0;\n}}\n"
    );
    std::fs::write(&source, program).unwrap();
    for compiler in compilers() {
        let program = scratch(&compiler, "layout");
        compiler.compile(&source, &[], &program);
        let printed = Command::new(&program).output().unwrap().stdout;
        let printed = String::from_utf8(printed).unwrap();
        for ((expression, size), line) in layout.iter().zip(printed.lines()) {
            assert_eq!(line, size.to_string(), "{expression}, {}", compiler.name);
        }
        assert_eq!(printed.lines().count(), layout.len());
    }
}

/// What C calls a size or an offset, and what Rust says that it is.
fn layout() -> Vec<(String, usize)> {
    macro_rules! layout {
        ($($struct:ident { $($field:ident)* })*) => {
            vec![$(
                (format!("sizeof({})", stringify!($struct)), size_of::<$struct>()),
                $((
                    format!("offsetof({}, {})", stringify!($struct), stringify!($field)),
                    offset_of!($struct, $field),
                ),)*
            )*]
        };
    }
    layout! {
        calc_ipc_peer { size uid gid pid connection }
        calc_ipc_event { size kind status reserved peer text }
        calc_ipc_stats {
            size reserved clients came refused dropped requests failed bytes_in bytes_out
        }
        calc_ipc_request { operation arg1 arg2 }
        calc_ipc_response { success result error }
        calc_ipc_server_options {
            size max_clients max_message workers mode idle_timeout_ms spin_us stop_when_idle
            allow_remote in_place stall_timeout_ms observer observer_data
        }
        calc_ipc_client_options {
            size connect_timeout_ms call_timeout_ms max_message spin_us server_uid connections
            reconnect reserved
        }
    }
}

struct Compiler {
    name: String,
    command: Box<dyn Fn() -> Command>,
    language: [&'static str; 3],
}

impl Compiler {
    fn compile(&self, source: &Path, options: &[&str], output: &Path) {
        let warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"];
        let status = (self.command)()
            .args(self.language)
            .args(warnings)
            .args(options)
            .arg("-I")
            .arg(Path::new(ROOT).join("include"))
            .arg(source)
            .arg("-o")
            .arg(output)
            .status()
            .expect("a compiler");
        assert!(status.success(), "{}", self.name);
    }
}

const C: [&str; 3] = ["-std=c11", "-x", "c"];
const CPP: [&str; 3] = ["-std=c++17", "-x", "c++"];

/// The system's compilers, and clang where there is one.
fn compilers() -> Vec<Compiler> {
    let mut compilers = Vec::new();
    for (name, language) in [("cc", C), ("c++", CPP)] {
        let tool = cc::Build::new()
            .host(env!("TEST_TARGET"))
            .target(env!("TEST_TARGET"))
            .opt_level(0)
            .cargo_metadata(false)
            .cpp(language == CPP)
            .get_compiler();
        compilers.push(Compiler {
            name: name.to_owned(),
            command: Box::new(move || tool.to_command()),
            language,
        });
    }
    for (name, language) in [("clang", C), ("clang++", CPP)] {
        if Command::new(name).arg("--version").output().is_ok() {
            compilers.push(Compiler {
                name: name.to_owned(),
                command: Box::new(move || {
                    let mut command = Command::new(name);
                    // Left to itself, clang compiles for the machine that it runs on.
                    if cfg!(target_arch = "x86") {
                        command.arg("-m32");
                    }
                    command
                }),
                language,
            });
        }
    }
    compilers
}

fn scratch(compiler: &Compiler, name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.{name}", compiler.name))
}
