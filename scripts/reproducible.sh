#!/bin/sh
# reproducible.sh: the library is the same, byte for byte, when it is built twice: from two copies of what git knows, in folders of names of
# different lengths, each with a target folder of its own, with scripts/remap.sh. It needs cargo and git, and takes two builds for release.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need git git
need cc gcc
install_needed
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
soversion=$(sed -n 's/^soversion = "\(.*\)"/\1/p' Cargo.toml)
git ls-files -z >"$work/files"

build() { # build FOLDER: a copy there, whose libraries' sums are in FOLDER.sums
    mkdir -p "$1"
    tar --null -T "$work/files" -cf "$1.tar"
    tar -C "$1" -xf "$1.tar"
    rm "$1.tar"
    (
        cd "$1"
        . scripts/remap.sh
        CARGO_TARGET_DIR=$1/target cargo rustc --quiet --locked --release --lib --crate-type cdylib,staticlib -- \
            -C "link-arg=-Wl,-soname,libcalc_ipc.so.$soversion"
        cd target/release
        if grep -aq "$1" libcalc_ipc.so; then
            echo "FAILED: libcalc_ipc.so says that it was built in $1" >&2
            exit 1
        fi
        sha256sum libcalc_ipc.so libcalc_ipc.a
    ) >"$1.sums"
}

build "$work/one"
build "$work/another/with/a/longer-name"
cmp "$work/one.sums" "$work/another/with/a/longer-name.sums" || {
    cat "$work/one.sums" "$work/another/with/a/longer-name.sums" >&2
    echo "FAILED: two builds gave two libraries" >&2
    exit 1
}
echo "two builds, the same bytes:"
cat "$work/one.sums"
