#!/bin/sh
# gateway.sh [interop | egress | codes | once [ROUNDS] | hostile | balance | soak [CALLS] | bench [SECONDS]]: calc-ipc-gateway, asked by
# clients that share nothing with it: gRPC's own libraries for Python and C++, and python's h2 (the first six parts, if none is named).
# interop: every method, answers compared; egress: clients in C ask a server of Python's gRPC; codes: every failure that can be
# provoked, its code and trailers; once: backends and gateways killed in calls, of which none is executed twice; hostile: peers that do
# not keep to HTTP/2, or keep to it too well; balance: round_robin over gateways that end, and over backends that hang; soak: many calls,
# after which no more memory, threads and descriptors are in use; bench: gRPC C++ that calculates in place, and the gateway before a C
# handler, by one client.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
need c++ g++
need cmake cmake
need ninja ninja-build
need pkg-config pkg-config
need protoc protobuf-compiler
need grpc_cpp_plugin protobuf-compiler-grpc
need /usr/include/google/protobuf/message_lite.h libprotobuf-dev
need /usr/include/grpcpp/grpcpp.h libgrpc++-dev
need /usr/lib/python3/dist-packages/grpc python3-grpcio
need /usr/lib/python3/dist-packages/google/protobuf python3-protobuf
need /usr/lib/python3/dist-packages/h2 python3-h2
install_needed

tests=$PWD/tools/gateway/tests/interop
target=${CARGO_TARGET_DIR:-$PWD/target}

build() { # build [--release]: the gateway, the library, and the programs that are linked to it
    profile=debug
    [ -z "${1:-}" ] || profile=release
    cargo build --locked --quiet -p calc_ipc -p calc-ipc-gateway ${1:+"$1"}
    export GATEWAY="$target/$profile/calc-ipc-gateway" PROGRAMS="$PWD/build/gateway/$profile"
    cmake -G Ninja -S "$tests" -B "$PROGRAMS" -DCMAKE_BUILD_TYPE=Release -DCALC_IPC_INCLUDE="$PWD/include" \
        -DCALC_IPC_LIBRARY="$target/$profile/libcalc_ipc.a" >/dev/null
    cmake --build "$PROGRAMS" >"$PROGRAMS/built" || { cat "$PROGRAMS/built" >&2; exit 1; }
    export PYTHONPATH="$PROGRAMS/generated:$tests" PYTHONDONTWRITEBYTECODE=1
    protoc --proto_path=tools/gateway/proto --python_out="$PROGRAMS/generated" --grpc_out="$PROGRAMS/generated" \
        --plugin="protoc-gen-grpc=$(command -v grpc_python_plugin)" calc_ipc/v1/calc_ipc.proto
}

run() { # run SECONDS MODULE: Debian's Python, whose packages these are
    timeout "$1" /usr/bin/python3 -m unittest -v "$2"
}

part=${1:-}
number=${2:-}
case $part in
    "")
        build
        for module in interop egress codes once hostile balance; do
            run 600 $module
        done
        ;;
    interop | egress | codes | hostile | balance)
        build
        run 600 "$part"
        ;;
    once)
        build
        ROUNDS=${number:-30} run $((600 + 10 * ${number:-30})) once
        ;;
    soak)
        build --release
        CALLS=${number:-1000000} run 3600 soak
        ;;
    bench)
        build --release
        timeout 600 /usr/bin/python3 "$tests/bench.py" "${number:-2}"
        ;;
    *)
        echo "$0: not a part: $part" >&2
        exit 2
        ;;
esac
