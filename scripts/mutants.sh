#!/bin/sh
# mutants.sh [PART/PARTS [NAME_PART...]]: which changes of src/protocol, src/calculator, src/transport and src/service no test notices.
# All of them take one to two hours on two cores; an interrupted run goes on where it was. Fails if a survivor is not in
# docs/mutants.md, or one is there that is none.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
install_needed
need_cargo_tool cargo-mutants || exit 0
work=${CALC_IPC_MUTANTS_WORK:-${CARGO_TARGET_DIR:-target}/mutants}
[ $# -gt 0 ] || set -- 0/1
cargo build --quiet --locked --release --manifest-path tools/mutants/Cargo.toml --target-dir tools/mutants/target
exec tools/mutants/target/release/calc-ipc-mutants . "$work" "$@"
