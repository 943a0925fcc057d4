#!/bin/sh
# i686.sh: the library compiles for 32 bits. Where rustup has that target's standard library, with it; else with Debian's
# compiler and the sources of its standard library, which are unpacked below target/ and installed nowhere.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
install_needed
target=i686-unknown-linux-gnu
build=${CARGO_TARGET_DIR:-$PWD/target}/i686
export CARGO_TARGET_DIR="$build"

if command -v rustup >/dev/null 2>&1 && rustup target add "$target" >/dev/null 2>&1; then
    cargo check --locked --target "$target"
    exit
fi

debian=$build/debian
if [ ! -e "$debian/usr/bin/rustc" ]; then
    need apt-get apt
    need dpkg dpkg
    install_needed
    rm -rf "$debian"
    mkdir -p "$debian/packages"
    # The compiler, its standard library for build scripts, the sources for i686, and the LLVM that it is linked to.
    packages=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
        --no-enhances rustc-web | grep -E '^(rustc-web|libstd-rust-web-[a-z0-9.]+|libllvm[0-9]+)$' || true)
    # shellcheck disable=SC2086
    [ -n "$packages" ] && (cd "$debian/packages" && apt-get download -qq $packages rust-web-src) || {
        echo "LEFT OUT: $0 needs rustup or Debian's rustc-web for $target, and can get neither" >&2
        exit 0
    }
    for package in "$debian"/packages/*.deb; do
        dpkg -x "$package" "$debian"
    done
    rm -r "$debian/packages"
fi
LD_LIBRARY_PATH=$(dirname "$(find "$debian/usr/lib" -name 'libLLVM*.so*' | head -n 1)"):$debian/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH RUSTC="$debian/usr/bin/rustc" RUSTC_BOOTSTRAP=1
cargo check --locked -Zbuild-std=std --target "$target"
