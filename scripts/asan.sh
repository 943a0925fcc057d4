#!/bin/sh
# asan.sh [CARGO_TEST_ARGUMENT...]: cargo's tests of the library under AddressSanitizer. (CMake's preset `asan` has the C++ suite.)
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
install_needed
need_nightly rust-src || exit 0

target=$(cargo +nightly -vV | sed -n 's/^host: //p')
export RUSTFLAGS="-Zsanitizer=address"
# Leaks are memcheck's: a forked child rightly loses what only the threads it does not have could reach.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0:allocator_may_return_null=1}"
# A target, so that build scripts are not sanitized. Left out: tests that take the address space away which the sanitizer
# lives in, or count what is allocated. What measures memory (tests/support/raw.rs) measures nothing.
cargo +nightly test --locked --target "$target" --target-dir "${CARGO_TARGET_DIR:-target}/asan" --no-fail-fast "$@" -- \
    --skip without_address_space --skip handles_leave_nothing_behind --skip calls_allocate_nothing \
    --skip a_length_alone --skip for_which_there_is_no_memory --skip without_memory_for --skip at_no_limit
