#!/bin/sh
# i686.sh [tests | cxx | talk]...: the library on 32 bits, as programs of that kind on this kernel (all, if nothing is named).
# tests: cargo's; cxx: the C++ suite; talk: programs of 32 and of 64 bits serve each other over every transport.
# Where rustup has not the standard library for it, Debian's compiler and sources tell whether the library compiles.
# No test is skipped. What does not hold: tests/newer_calls.rs and tests/faults let no sandbox answer EPERM to statx, which is how
# the C library of 32 bits looks at any file.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
. scripts/foreign.sh
[ "$#" -gt 0 ] || set -- tests cxx talk

target=i686-unknown-linux-gnu
build=${CARGO_TARGET_DIR:-$PWD/target}/i686
export CARGO_TARGET_DIR="$build"
install_needed
if ! have_std "$target"; then
    check_with_debian "$target"
    echo "LEFT OUT: $* on 32 bits need rustup, which has a standard library for $target" >&2
    exit 0
fi
case $(uname -m) in
    x86_64) ;;
    *)
        cargo check --locked --target "$target"
        echo "LEFT OUT: $* on 32 bits need a machine that runs programs of x86" >&2
        exit 0
        ;;
esac
need c++ g++
install_needed
# Of this version, since the package g++-multilib excludes compilers for other machines. Its libraries are in a folder 32;
# without it, -m32 finds those of 64 bits.
need "$(c++ -print-file-name=32/libstdc++.a)" "g++-$(c++ -dumpversion | cut -d. -f1)-multilib"
need cmake cmake
need ninja ninja-build
need pkg-config pkg-config
need ip iproute2
need /usr/src/googletest/CMakeLists.txt libgtest-dev
install_needed
# The kernel's headers are where those of 64 bits are; the package that links to them excludes other compilers, too.
flags="-m32 -idirafter /usr/include/$(uname -m)-linux-gnu"
configured=""

# Lets CMake build TARGET (all, if none is named) for 32 bits.
build_cxx() {
    [ -n "$configured" ] || configure_cxx "$target" -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags"
    configured=yes
    cmake --build "$cxx" ${1:+--target "$1"}
}

for part in "$@"; do
    case $part in
        tests)
            echo "== 32 bits: cargo's tests"
            cargo test --locked --target "$target" --no-fail-fast
            ;;
        cxx)
            echo "== 32 bits: the C++ suite"
            build_cxx
            ctest --test-dir "$cxx" -L 'gtest|header|url' --output-on-failure --no-tests=error -j "$(nproc)"
            ;;
        talk)
            echo "== 32 and 64 bits"
            build_cxx calc_ipc_c_url
            native_url_program
            foreign=$cxx/cpp_tests/calc_ipc_c_url
            talk_both "$native" "$foreign"
            ;;
        *)
            not_a_part "$part"
            ;;
    esac
done
