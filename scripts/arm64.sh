#!/bin/sh
# arm64.sh: tests as programs of aarch64, which qemu executes one by one on this machine. Those that look at processes, at time
# or at the kernel would see the emulator, and are left to machines of that kind.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
. scripts/foreign.sh

target=aarch64-unknown-linux-gnu
tests="golden conformance batches ffi_contract large hostile"
need qemu-aarch64-static qemu-user-static
# For C++, since the C compiler's package does without the C library's files.
need aarch64-linux-gnu-g++ g++-aarch64-linux-gnu
install_needed
have_std "$target" || {
    echo "LEFT OUT: $0 needs rustup, which has a standard library for $target" >&2
    exit 0
}

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/arm64"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64-static -L /usr/aarch64-linux-gnu"
# One at a time, so that the deadlines of one are not spent on translating another.
# shellcheck disable=SC2046
cargo test --locked --target "$target" --no-fail-fast $(printf ' --test %s' $tests) -- --test-threads=1
