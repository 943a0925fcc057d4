#!/bin/sh
# licences.sh [deny]: every crate that is linked into the library, the command or the gateway, for any system, has a licence that deny.toml
# allows, and a copyright file can be written for each of the three.
# deny: cargo-deny checks the same and more (bans, sources), which it installs.
# It needs cargo and Python 3.11; deny needs the registry of crates.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need python3 python3
install_needed

case ${1:-} in
    "")
        # In a file, since of a pipe only the last program's failure shows.
        written=$(mktemp)
        trap 'rm -f "$written"' EXIT
        trap 'exit 1' HUP INT TERM
        python3 -B scripts/crates.py check
        for package in calc_ipc calc-ipc-cli calc-ipc-gateway; do
            python3 -B scripts/crates.py copyright $package >"$written"
            grep -q '^Files: vendor/libc-' "$written" || { echo "FAILED: the copyright file of $package lacks libc" >&2; exit 1; }
        done
        ;;
    deny)
        need_cargo_tool cargo-deny || exit 0
        cargo deny --locked --workspace check licenses bans sources
        ;;
    *) echo "$0: not a part: $1" >&2; exit 2 ;;
esac
