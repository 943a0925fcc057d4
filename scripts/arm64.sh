#!/bin/sh
# arm64.sh [tests | crash | cxx | talk]...: the library as programs of aarch64, which qemu executes one by one on a machine of
# x86-64 (all, if nothing is named).
# tests: what does not depend on the kernel, of cargo's; crash: processes killed and stopped at every point of a call; cxx: the C++
# suite; talk: programs of aarch64 and of x86-64 serve each other over every transport.
# `tests` and `crash` list what is run of cargo's, `tests_left_out` and `cxx_left_out` what is not; docs/platforms.md has the reasons.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
. scripts/foreign.sh
[ "$#" -gt 0 ] || set -- tests crash cxx talk

tests="golden conformance batches ffi_contract large hostile hostile_fifo"
# Of files whose names begin as those do: tests/documents.rs looks that none is forgotten.
tests_left_out="hostile_crowd hostile_descriptors hostile_endless hostile_flight hostile_flight_memory hostile_frames hostile_memory"
tests_left_out="$tests_left_out hostile_reads hostile_server hostile_server_memory"
crash="points:: leftovers:: processes::"
cxx_left_out="ForkGate PipeChannel.SpawnOfNothingFails ErrorTexts.OfWhatCannotBeReached Urls.OfNobodyAreNotConnected/exec"
cxx_left_out="$cxx_left_out c.texts cxx.texts"

target=aarch64-unknown-linux-gnu
case $(uname -m) in
    x86_64) ;;
    *)
        echo "LEFT OUT: $0 needs a machine of x86-64; on one of aarch64, ./test.sh is all of this" >&2
        exit 0
        ;;
esac
need qemu-aarch64-static qemu-user-static
# For C++, since the C compiler's package does without the C library's files.
need aarch64-linux-gnu-g++ g++-aarch64-linux-gnu
need perl perl-base
install_needed
have_std "$target" || {
    echo "LEFT OUT: $0 needs rustup, which has a standard library for $target" >&2
    exit 0
}

build=${CARGO_TARGET_DIR:-$PWD/target}/arm64
emulator="qemu-aarch64-static -L /usr/aarch64-linux-gnu"
export CARGO_TARGET_DIR="$build"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="$emulator"

# One test at a time, so that the deadlines of one are not spent on translating another.
cargo_test() { # cargo_test ARGUMENT...: those of cargo, then those of the test programs, if any
    cargo test --locked --target "$target" --no-fail-fast "$@" --test-threads=1
}

# Names what executes programs of aarch64, for tests that execute their own. Each of them gets the orphans of processes that it
# kills (PR_SET_CHILD_SUBREAPER, 36), which execve(2) keeps and qemu cannot set; prctl(2) is 157 on x86-64.
make_runner() {
    runner=$build/runner
    cat >"$runner" <<END
#!/bin/sh
exec perl -e 'syscall(157, 36, 1, 0, 0, 0) == 0 or die "prctl: \$!"; exec @ARGV' $emulator "\$@"
END
    chmod +x "$runner"
}

configured=""
# Lets CMake build TARGET (all, if none is named) for aarch64.
build_cxx() {
    need cmake cmake
    need ninja ninja-build
    need pkg-config pkg-config
    need /usr/src/googletest/CMakeLists.txt libgtest-dev
    install_needed
    [ -n "$configured" ] || configure_cxx "$target" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
        -DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ \
        -DCMAKE_CROSSCOMPILING_EMULATOR="$(echo "$emulator" | tr ' ' ';')"
    configured=yes
    cmake --build "$cxx" ${1:+--target "$1"}
}

for part in "$@"; do
    case $part in
        tests)
            echo "== aarch64: cargo's tests"
            # shellcheck disable=SC2046
            cargo_test $(printf ' --test %s' $tests) --
            ;;
        crash)
            echo "== aarch64: crashes"
            make_runner
            # shellcheck disable=SC2086
            CALC_IPC_TEST_RUNNER=$runner CALC_IPC_SHORT_MS=500 cargo_test --test crash -- $crash
            ;;
        cxx)
            echo "== aarch64: the C++ suite"
            build_cxx
            ctest --test-dir "$cxx" -L 'gtest|header|url' -E "$(echo "$cxx_left_out" | tr ' ' '|')" --output-on-failure \
                --no-tests=error -j "$(nproc)"
            ;;
        talk)
            echo "== aarch64 and x86-64"
            build_cxx calc_ipc_c_url
            native_url_program
            foreign=$cxx/cpp_tests/emulated/calc_ipc_c_url
            talk_both "$native" "$foreign"
            ;;
        *)
            not_a_part "$part"
            ;;
    esac
done
