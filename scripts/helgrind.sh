#!/bin/sh
# helgrind.sh [GTEST_ARGUMENT...]: the C++ suite's tests with threads, as test.sh built them, under helgrind: races in what the
# wrapper, the callbacks and their user share, and misuse of pthreads. What helgrind cannot know is in helgrind.supp, with reasons.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need valgrind valgrind
install_needed

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
trap 'exit 1' HUP INT TERM

valgrind --tool=helgrind --quiet --log-file="$logs/%p" --error-exitcode=99 --suppressions=scripts/helgrind.supp \
    --history-level=approx --num-callers=24 build/tests/cpp_tests/calc_ipc_tests_shared --gtest_brief=1 \
    --gtest_filter='*Concurrency*:*Stop*:*Busy*' "$@" && exit 0
echo "FAILED: helgrind says:" >&2
cat "$logs"/* >&2
exit 1
