#!/bin/sh
# Installs what the rivals of the benchmark need, and builds them into build/rivals/rivals; tools/rivals/README.md
# says what they are. Arguments go to CMake: scripts/rivals.sh -DCALC_IPC_RIVAL_ICEORYX2=OFF saves a minute or two.
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

# Tachyon needs a newer C++ than Debian 12's usual compilers have.
tachyon=OFF
case " $* " in
    *-DCALC_IPC_RIVAL_TACHYON=OFF*) ;;
    *)
        if (need clang++-19 clang-19; install_needed); then
            tachyon=ON
        else
            echo "LEFT OUT: Tachyon, since there is no clang-19, which it is built by, and none can be installed"
        fi
        ;;
esac
echo "LEFT OUT: cpp-ipc (mutouyun), which no package of Debian's and no registry of crates, Python or Node packages has"

cmake --preset rivals -DCALC_IPC_RIVAL_ICEORYX2=ON -DCALC_IPC_RIVAL_TACHYON="$tachyon" "$@" >/dev/null
cmake --build --preset rivals
ls build/rivals/rivals
