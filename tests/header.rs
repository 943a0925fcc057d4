//! The committed header is the generated one, compiles without a warning, means in C what it means
//! in Rust, and says what every function does.

#[path = "support/header.rs"]
mod header;

use calc_ipc::error::Status;
use calc_ipc::ffi::message::{calc_ipc_request, calc_ipc_response};
use calc_ipc::ffi::observe::calc_ipc_event;
use calc_ipc::ffi::options::{calc_ipc_client_options, calc_ipc_server_options};
use calc_ipc::ffi::peer::calc_ipc_peer;
use calc_ipc::ffi::stats::calc_ipc_stats;
use header::{TEXT, functions};
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Functions that cannot fail, whatever they are given, and are too plain to panic. Those that a
/// signal handler may call must not touch the thread's last error.
const TOTAL: [&str; 17] = [
    "calc_ipc_status_message",
    "calc_ipc_last_error",
    "calc_ipc_last_not_executed",
    "calc_ipc_version",
    "calc_ipc_operation_name",
    "calc_ipc_server_options_init",
    "calc_ipc_client_options_init",
    "calc_ipc_fifo_server_request_stop",
    "calc_ipc_shm_server_request_stop",
    "calc_ipc_uds_server_request_stop",
    "calc_ipc_seqpacket_server_request_stop",
    "calc_ipc_tcp_server_request_stop",
    "calc_ipc_tcp_server_port",
    "calc_ipc_named_pipe_server_request_stop",
    "calc_ipc_server_request_stop",
    "calc_ipc_client_request_stop",
    "calc_ipc_server_url",
];

/// What makes a status of whatever happens: the guard, and the helpers that are nothing but a frame around it.
const GUARDS: [&str; 9] = [
    " guard(||",
    " guard_call(",
    " service::run(",
    " service::start(",
    " service::stop(",
    " service::destroy_server(",
    " service::destroy_client(",
    " service::call(",
    " service::call_bytes(",
];

#[test]
fn the_committed_header_is_the_generated_one() {
    let generated = include_str!(concat!(env!("OUT_DIR"), "/calc_ipc.h"));
    assert!(
        generated == TEXT,
        "include/calc_ipc.h is stale: run CALC_IPC_UPDATE_HEADER=1 cargo build and commit it"
    );
}

#[test]
fn every_function_and_parameter_is_documented() {
    for function in functions() {
        let name = function.name;
        assert!(!function.comment.is_empty(), "{name} has no comment");
        for parameter in &function.parameters {
            let documented = format!("@param {parameter} ");
            assert!(
                function.comment.contains(&documented),
                "{name}: {documented}"
            );
        }
        let is_void = function.returns == "void";
        assert_eq!(function.comment.contains("@return"), !is_void, "{name}");
    }
}

#[test]
fn every_function_that_can_fail_is_guarded() {
    let source = ffi_source();
    for function in functions() {
        let name = function.name;
        // Only what is guarded may be left by a thread that is cancelled.
        let is_total = TOTAL.contains(&name);
        let abi = if is_total { "C" } else { "C-unwind" };
        let start = source.find(&format!("extern \"{abi}\" fn {name}("));
        let text = &source[start.unwrap_or_else(|| panic!("{name} of {abi} is not in src/ffi"))..];
        let body = &text[..text.find("\n}\n").expect("functions end")];
        let is_guarded = GUARDS.iter().any(|guard| body.contains(guard));
        assert_eq!(is_guarded, !is_total, "{name}");
    }
    for name in TOTAL {
        assert!(
            functions().iter().any(|function| function.name == name),
            "{name} is gone"
        );
    }
}

#[test]
fn every_status_has_its_constant() {
    let constants: Vec<_> = TEXT
        .lines()
        .filter_map(|line| line.strip_prefix("#define CALC_IPC_STATUS_"))
        .map(str::to_owned)
        .collect();
    let statuses = Status::ALL.map(|status| {
        let name = screaming(&format!("{status:?}"));
        format!("{name} {}", status as i32)
    });
    assert_eq!(constants, statuses);
}

#[test]
#[cfg_attr(
    windows,
    ignore = "Wine finds no compiler; cpp_tests/header.c is compiled for Windows"
)]
fn the_header_is_the_contract_and_compiles_without_a_warning() {
    for compiler in compilers() {
        let object = scratch(&compiler, "contract.o");
        compiler.compile(&Path::new(ROOT).join("tests/contract.c"), &["-c"], &object);
    }
}

#[test]
#[cfg_attr(
    windows,
    ignore = "Wine finds no compiler; cpp_tests/header.c is compiled for Windows"
)]
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

fn ffi_source() -> String {
    let files = std::fs::read_dir(Path::new(ROOT).join("src/ffi")).expect("src/ffi");
    files
        .map(|file| std::fs::read_to_string(file.expect("an entry").path()).expect("a file"))
        .collect()
}

/// `InvalidArgument` as `INVALID_ARGUMENT`.
fn screaming(name: &str) -> String {
    let mut screaming = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !screaming.is_empty() {
            screaming.push('_');
        }
        screaming.push(c.to_ascii_uppercase());
    }
    screaming
}
