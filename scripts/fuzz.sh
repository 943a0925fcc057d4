#!/bin/sh
# fuzz.sh [SECONDS [TARGET...]]: each fuzz target for so many seconds (10), from the committed corpus on. What it finds is in
# fuzz/artifacts. What a long run learns about inputs is kept in target/fuzz-corpus; the committed corpus stays small.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-10}
[ $# -eq 0 ] || shift
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(basename -s .rs fuzz/fuzz_targets/*.rs)
. scripts/tools.sh
need c++ g++
install_needed
need_nightly rust-src || exit 0
need_cargo_tool cargo-fuzz || exit 0

build=${CARGO_TARGET_DIR:-$PWD/target}
for target in "$@"; do
    learnt=$build/fuzz-corpus/$target
    mkdir -p "$learnt"
    echo "== fuzzing $target for $seconds s"
    cargo +nightly fuzz run --target-dir "$build/fuzz" "$target" "$learnt" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1
done
