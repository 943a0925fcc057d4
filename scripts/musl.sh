#!/bin/sh
# musl.sh [tests | talk]...: the library over the C library musl, as static programs (all, if nothing is named).
# tests: cargo's; talk: a C program that musl-gcc links to libcalc_ipc.a, and one over glibc, serve each other over every transport.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
. scripts/foreign.sh
[ "$#" -gt 0 ] || set -- tests talk

target=$(uname -m)-unknown-linux-musl
need cc gcc
need musl-gcc musl-tools
need ip iproute2
install_needed
have_std "$target" || {
    echo "LEFT OUT: $0 needs rustup, which has a standard library for $target" >&2
    exit 0
}
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/musl"

# Builds c_url.c, as $foreign. What unwinds is of rustup's target: gcc's own needs a function of glibc's.
musl_url_program() {
    foreign=$CARGO_TARGET_DIR/c_url
    cargo rustc --locked --lib --crate-type staticlib --target "$target"
    musl-gcc -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -Iinclude -static -o "$foreign" cpp_tests/c_url.c \
        "$CARGO_TARGET_DIR/$target/debug/libcalc_ipc.a" \
        "$(rustc --print target-libdir --target "$target")/self-contained/libunwind.a"
}

for part in "$@"; do
    case $part in
        tests)
            echo "== musl: cargo's tests"
            cargo test --locked --target "$target" --no-fail-fast
            ;;
        talk)
            echo "== musl and glibc"
            musl_url_program
            native_url_program
            talk_both "$native" "$foreign"
            ;;
        *)
            not_a_part "$part"
            ;;
    esac
done
