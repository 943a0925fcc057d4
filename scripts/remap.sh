# shellcheck shell=sh
# Sourced in the repository's folder, after tools.sh. What Rust compiles says nothing of where that folder and cargo's are, so that it is
# the same wherever it was built.
RUSTFLAGS="${RUSTFLAGS:+$RUSTFLAGS }--remap-path-prefix=$PWD=/usr/src/calc_ipc --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/usr/src/cargo"
export RUSTFLAGS
