//! What the gateway's own .proto says, as Rust: generated, see `tests/generated.rs`.
#![allow(missing_docs, unreachable_pub, clippy::pedantic, clippy::all)]

include!("proto/calc_ipc.v1.rs");

/// The descriptors of all that is above, as reflection gives them out.
pub const DESCRIPTORS: &[u8] = include_bytes!("proto/calc_ipc.v1.bin");

/// The .proto itself.
pub const SOURCE: &str = include_str!("../proto/calc_ipc/v1/calc_ipc.proto");
