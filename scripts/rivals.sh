#!/bin/sh
# Installs what the rivals of the benchmark need, and builds them into build/rivals/rivals; tools/rivals/README.md
# says what they are. Arguments go to CMake: scripts/rivals.sh -DCALC_IPC_RIVAL_ICEORYX2=OFF saves a minute.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
need c++ g++
need cmake cmake
need ninja ninja-build
need pkg-config pkg-config
need /usr/include/boost/version.hpp libboost-dev
need /usr/include/zmq.h libzmq3-dev
need /usr/include/nng/nng.h libnng-dev
need /usr/include/qb/qbipcs.h libqb-dev
need /usr/include/grpcpp/grpcpp.h libgrpc++-dev
case " $* " in
    *-DCALC_IPC_RIVAL_ICEORYX2=OFF*) ;;
    *) need clang clang ;; # Its bindgen reads headers with libclang.
esac
install_needed

cmake --preset rivals -DCALC_IPC_RIVAL_ICEORYX2=ON "$@" >/dev/null
cmake --build --preset rivals
ls build/rivals/rivals
