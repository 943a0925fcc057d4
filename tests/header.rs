//! The committed header is the generated one, and says what every function does.

#[path = "support/header.rs"]
mod header;

use calc_ipc::error::Status;
use header::{TEXT, functions};
use std::path::Path;

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
const GUARDS: [&str; 10] = [
    " guard(||",
    " guard_plain(||",
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
