//! The Rust that is committed is what the .proto gives. `CALC_IPC_UPDATE_PROTO=1 cargo test -p calc-ipc-gateway --test generated`
//! writes it anew; no protoc is needed.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use prost::Message as _;
use std::fs;
use std::path::{Path, PathBuf};

const PROTO: &str = "calc_ipc/v1/calc_ipc.proto";
const RUST: &str = "calc_ipc.v1.rs";
const DESCRIPTORS: &str = "calc_ipc.v1.bin";

#[test]
fn the_committed_code_is_what_the_proto_gives() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = tempfile::tempdir().unwrap();
    generate(&root.join("proto"), made.path());
    let committed = root.join("src/proto");
    for name in [RUST, DESCRIPTORS] {
        let (made, committed) = (made.path().join(name), committed.join(name));
        if std::env::var_os("CALC_IPC_UPDATE_PROTO").is_some() {
            fs::copy(&made, &committed).unwrap();
        }
        assert!(
            read(&made) == read(&committed),
            "{} is not what {PROTO} gives; CALC_IPC_UPDATE_PROTO=1 writes it anew",
            committed.display()
        );
    }
}

fn read(path: &PathBuf) -> Vec<u8> {
    fs::read(path).unwrap_or_default()
}

/// Writes what the .proto gives.
fn generate(protos: &Path, to: &Path) {
    let set = protox::compile([PROTO], [protos]).unwrap();
    fs::write(to.join(DESCRIPTORS), set.encode_to_vec()).unwrap();
    tonic_prost_build::configure()
        .bytes(".")
        .codec_path("crate::codec::Messages")
        .out_dir(to)
        .compile_fds(set)
        .unwrap();
}
