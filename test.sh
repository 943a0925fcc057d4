#!/bin/sh
# Builds and runs every test of the library, the command and the gateway once: cargo's, then CTest's (GoogleTest over both
# libraries, headers, package, benchmark).
# Arguments go to CTest: ./test.sh -L gtest
set -eu
cd "$(dirname "$0")"
. scripts/tools.sh
need cc gcc
need c++ g++
need cmake cmake
need ninja ninja-build
need pkg-config pkg-config
need ip iproute2
need_cmake_package GTest libgtest-dev
install_needed

cargo test --locked
cargo test --locked -p calc-ipc-cli
cargo test --locked -p calc-ipc-gateway
cmake --preset tests >/dev/null
cmake --build --preset tests
ctest --preset tests -j "$(nproc)" "$@"
