#!/bin/sh
# loom.sh: the slot of shared memory, who wakes whom (src/transport/shm/slot/model.rs), answers that come later
# (src/transport/deferral/standing/model.rs), and locks that are asked for (src/sys/try_lock/model.rs), in every order that the
# memory model allows.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
install_needed

export RUSTFLAGS="--cfg loom"
cargo test --locked --release --config 'profile.release.lto="off"' --config profile.release.codegen-units=16 \
    --target-dir "${CARGO_TARGET_DIR:-target}/loom" --lib model:: "$@"
