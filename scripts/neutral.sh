#!/bin/sh
# neutral.sh: the library without a system under it (src/sys/bare): its tests on this machine, and compiled for macOS, on which it
# has no transports, and for Windows, so that nobody above src/sys names Linux. For Windows with Visual C++ nothing is linked, which
# would need its libraries: it and the command pass the compiler's checks.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
. scripts/foreign.sh
need cc gcc
install_needed

# With a target named, flags are the library's alone, and what builds it is what built it before.
host=$(rustc -vV | sed -n 's/^host: //p')
(
    export RUSTFLAGS="${RUSTFLAGS:-} --cfg bare -Dwarnings"
    cargo clippy --locked --target "$host" --lib --test bare
    cargo test --locked --target "$host" --test bare --test golden --test header --test header_compiled
    # Addresses are refused before they are looked at, pointers are not.
    cargo test --locked --target "$host" --test ffi_arguments -- every_required_pointer what_returns_nothing
)

for target in x86_64-pc-windows-gnu x86_64-pc-windows-msvc aarch64-apple-darwin; do
    have_std "$target" || {
        echo "LEFT OUT: $0 needs rustup, which has a standard library for $target" >&2
        continue
    }
    case $target in
        *-windows-gnu) what=--all-targets ;; # Wine runs the tests, which takes longer.
        *) what=--lib ;;
    esac
    cargo clippy --locked $what --target "$target" -- -D warnings
    [ "$target" != x86_64-pc-windows-msvc ] || cargo clippy --locked -p calc-ipc-cli --all-targets --target "$target" -- -D warnings
    RUSTDOCFLAGS=-Dwarnings cargo doc --locked --lib --no-deps --target "$target"
done
