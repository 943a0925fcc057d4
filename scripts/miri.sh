#!/bin/sh
# miri.sh: the protocol, the pointers of the C interface, replies, locks that are tried, room for loans, and the slot and the bytes of
# shared memory under Miri, which looks at every access.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
install_needed
need_nightly miri rust-src || exit 0

export MIRIFLAGS="${MIRIFLAGS:-} -Zmiri-disable-isolation"
build=${CARGO_TARGET_DIR:-target}/miri
cargo +nightly miri test --locked --target-dir "$build" --lib -- \
    protocol:: calculator:: ffi:: slot:: room:: view:: shared_bytes:: lent:: try_lock:: deferral:: --skip what_cannot_be_had
cargo +nightly miri test --locked --target-dir "$build" --test golden
CODEC_ROUNDS=500 cargo +nightly miri test --locked --target-dir "$build" --test codec_properties -- what_parses
