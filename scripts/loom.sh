#!/bin/sh
# loom.sh: the slot of shared memory, and who wakes whom, in every order that the memory model allows (src/transport/shm/slot/model.rs).
set -eu
cd "$(dirname "$0")/.."
export RUSTFLAGS="--cfg loom"
cargo test --locked --release --config 'profile.release.lto="off"' --config profile.release.codegen-units=16 \
    --target-dir "${CARGO_TARGET_DIR:-target}/loom" --lib slot::model "$@"
