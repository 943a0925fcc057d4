#!/bin/sh
# memcheck.sh [--third N] [GTEST_ARGUMENT...]: the C++ suite, as test.sh built it, under valgrind, a part of it on each CPU; with --third,
# every third of its tests, from number N (0 to 2) on. Errors fail in every process, and leaks in the first of a part: a forked child
# rightly loses what only the threads it does not have could reach.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need valgrind valgrind
install_needed

logs=$(mktemp -d)
suites=""
# Those that still run are ended; of those that were waited for, there is none left.
finish() {
    for suite in $suites; do
        kill "$suite" 2>/dev/null || true
    done
    rm -rf "$logs"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# valgrind makes a fork of posix_spawn's vfork, over which glibc cannot hear that exec failed: the three tests of that are left out.
# It runs one thread at a time, and without fairness one that waits busily keeps the others from what it waits for.
# It has a log of its own open in each child: what forked children hold (ForkGate) is left out.
# Its own clean-up at exit would print what a forked child has in its buffers, so it is left out too.
left_out="PipeChannel.SpawnOfNothingFails:*OfNobodyAreNotConnected/exec:ErrorTexts.OfWhatCannotBeReached:ForkGate*"
parts=$(nproc)
of=1 first=0
if [ "${1:-}" = --third ]; then
    of=3 first=$(($2 % 3))
    shift 2
fi
export GTEST_TOTAL_SHARDS="$((parts * of))"
for part in $(seq 0 $((parts - 1))); do
    GTEST_SHARD_INDEX=$((part * of + first)) valgrind --quiet --fair-sched=yes --log-file="$logs/%p" --error-exitcode=99 \
        --run-libc-freeres=no --run-cxx-freeres=no --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=none \
        build/tests/cpp_tests/calc_ipc_tests_shared --gtest_brief=1 --gtest_filter="-$left_out" "$@" &
    suites="$suites $!"
done
failed=0
firsts=$suites
for suite in $firsts; do
    wait "$suite" || failed=1
    suites=${suites#" $suite"}
    if [ ! -e "$logs/$suite" ]; then
        echo "FAILED: valgrind wrote no log" >&2
        exit 1
    fi
done

# Findings are paragraphs of ==PID== lines. (--PID-- lines tell of system calls that an old valgrind does not know.)
for log in "$logs"/*; do
    leaks_count=$(case "$firsts " in *" ${log##*/} "*) echo 1 ;; *) echo 0 ;; esac)
    awk -v leaks_count="$leaks_count" '
        !/^==/ { next }
        { sub(/^==[0-9]+== ?/, "") }
        /^$/ { inside = 0; next }
        !inside && (leaks_count || !/ definitely lost /) { found = 1 }
        { inside = 1 }
        END { exit found }' "$log" && continue
    echo "FAILED: valgrind says:" >&2
    cat "$log" >&2
    failed=1
done
exit $failed
