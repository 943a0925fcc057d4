#!/bin/sh
# asan.sh [CARGO_TEST_ARGUMENT...]: cargo's tests of the library under AddressSanitizer. (CMake's preset `asan` has the C++ suite.)
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
install_needed
need_nightly rust-src || exit 0

target=$(cargo +nightly -vV | sed -n 's/^host: //p')
export RUSTFLAGS="-Zsanitizer=address"
# A target, so that build scripts are not sanitized. One test takes the address space away that the sanitizer lives in.
cargo +nightly test --locked --target "$target" --target-dir "${CARGO_TARGET_DIR:-target}/asan" --no-fail-fast "$@" -- \
    --skip without_address_space
