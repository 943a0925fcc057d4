#!/bin/sh
# i686.sh [tests | cxx | talk]...: the library on 32 bits, as programs of that kind on this kernel (all, if nothing is named).
# tests: cargo's; cxx: the C++ suite; talk: programs of 32 and of 64 bits serve each other over every transport.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
. scripts/foreign.sh
[ "$#" -gt 0 ] || set -- tests cxx talk

case $(uname -m) in
    x86_64) ;;
    *) echo "LEFT OUT: $0 needs a machine that runs programs of x86 with 32 bits" >&2; exit 0 ;;
esac
need c++ g++
install_needed
# Of this version, since the package g++-multilib excludes compilers for other machines.
need "$(c++ -m32 -print-file-name=libstdc++.a)" "g++-$(c++ -dumpversion | cut -d. -f1)-multilib"
need cmake cmake
need ninja ninja-build
need pkg-config pkg-config
need ip iproute2
need /usr/src/googletest libgtest-dev
install_needed

target=i686-unknown-linux-gnu
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/i686"
std_for "$target" || exit 0

for part in "$@"; do
    case $part in
        tests)
            echo "== 32 bits: cargo's tests"
            # shellcheck disable=SC2086
            cargo test --locked --target "$target" $std --no-fail-fast
            ;;
        cxx | talk)
            # The kernel's headers are where those of 64 bits are, which g++-multilib would link to.
            flags="-m32 -idirafter /usr/include/x86_64-linux-gnu"
            cxx_suite "$target" -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags"
            ;;
        *) echo "$0: not a part: $part" >&2; exit 2 ;;
    esac
    case $part in
        cxx)
            echo "== 32 bits: the C++ suite"
            ctest --test-dir "$cxx" -L 'gtest|header|url' --output-on-failure --no-tests=error -j "$(nproc)"
            ;;
        talk)
            echo "== 32 and 64 bits"
            native_url_program
            foreign=$cxx/cpp_tests/calc_ipc_c_url
            talk "$native" "$foreign" unix fifo shm tcp exec
            talk "$foreign" "$native" unix fifo shm tcp exec
            ;;
    esac
done
