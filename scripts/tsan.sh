#!/bin/sh
# tsan.sh [CARGO_TEST_ARGUMENT...]: under ThreadSanitizer, the library's tests in which threads meet, and the C++ examples with
# threads. The library and Rust's std are instrumented, so that it sees how threads meet. It does not know fences; loom.sh does.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need c++ g++
install_needed
need_nightly rust-src || exit 0

target=$(cargo +nightly -vV | sed -n 's/^host: //p')
build=${CARGO_TARGET_DIR:-$PWD/target}/tsan
runtime=$(rustc +nightly --print sysroot)/lib/rustlib/$target/lib/librustc-nightly_rt.tsan.a
export RUSTFLAGS="-Zsanitizer=thread"
# Servers of some tests are forked, and have threads.
export TSAN_OPTIONS="${TSAN_OPTIONS:-die_after_fork=0:allocator_may_return_null=1:suppressions=$PWD/scripts/tsan.supp}"
cargo="cargo +nightly"
options="--locked -Zbuild-std --target $target --target-dir $build"

# By what their names begin with, so that a new one is not forgotten.
tests="sharing deferred dispatch flight gathering observers reconnecting relief stats stopping"
if [ "$#" -eq 0 ]; then
    for name in $tests; do
        for file in "tests/$name.rs" "tests/${name}_"*.rs; do
            [ ! -e "$file" ] || set -- "$@" --test "$(basename "$file" .rs)"
        done
    done
    set -- --lib "$@" --no-fail-fast
fi
# shellcheck disable=SC2086
CALC_IPC_CALLS=${CALC_IPC_CALLS:-2000} $cargo test $options "$@"

echo "== the C++ examples"
bin=$build/examples
mkdir -p "$bin"
# What the compiler complains of goes to standard error, and what it made to the file.
# shellcheck disable=SC2086
$cargo rustc $options --lib --crate-type staticlib --message-format json-render-diagnostics >"$bin/made.json"
library=$(sed -n 's/.*"\([^"]*libcalc_ipc\.a\)".*/\1/p' "$bin/made.json")
for example in async/shared_client async/stop_button async/slow_server async/coroutine cxx/pool cxx/pipe_server cxx/server; do
    program=$bin/${example##*/}
    c++ -std=c++20 -fsanitize=thread -g -O1 -Iinclude -c "examples/$example.cpp" -o "$program.o"
    # The compiler's own runtime does not know all that Rust's compiler calls.
    c++ "$program.o" -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive "$library" -o "$program" -lpthread -ldl -lm
done

# says EXPECTED PROGRAM ARGUMENT...: runs it; a race makes it fail.
says() {
    expected=$1 program=$2
    shift 2
    printed=$(timeout 300 "$bin/$program" "$@") && [ "$printed" = "$expected" ] && return
    echo "FAILED: $program $* said $printed, not $expected" >&2
    exit 1
}
calculator=exec://$bin/pipe_server
says "the sum of the squares up to 1000 is 333833500" shared_client "$calculator" 8 1000
says "5! = 120
10! = 3628800
21!: Overflow" coroutine "$calculator"
says "working; press Enter to stop
stopped" stop_button "exec://$bin/slow_server" <<'enter'

enter
folder=$(mktemp -d)
server=""
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
"$bin/server" uds "$folder/calc.sock" >/dev/null &
server=$!
until [ -S "$folder/calc.sock" ] || ! kill -0 "$server" 2>/dev/null; do
    sleep 0.1
done
says "the sum of the squares up to 1000 is 333833500" pool "unix://$folder/calc.sock" 8 1000
kill -TERM "$server"
wait "$server" || {
    echo "FAILED: the server did not end well" >&2
    exit 1
}
server=""
echo "no races"
