#!/bin/sh
# howto.sh [STAGE] [before]: builds examples/howto against the calc_ipc that is installed in STAGE, or against one that it installs
# into build/stage, and checks what each program prints. With before, the programs by other libraries, too.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
need c++ g++
need cmake cmake
need ninja ninja-build
need bwrap bubblewrap
stage="" before=OFF
for argument in "$@"; do
    case $argument in
        before) before=ON ;;
        *) stage=$argument ;;
    esac
done
if [ $before = ON ]; then
    need pkg-config pkg-config
    need /usr/include/boost/version.hpp libboost-dev
    need /usr/include/zmq.h libzmq3-dev
    need /usr/include/nng/nng.h libnng-dev
    need /usr/include/qb/qbipcs.h libqb-dev
    need /usr/include/grpcpp/grpcpp.h libgrpc++-dev
    need protoc protobuf-compiler
    need grpc_cpp_plugin protobuf-compiler-grpc
fi
install_needed

. scripts/programs.sh
installed "$stage"
warnings="-Wall -Wextra -Wpedantic -Wshadow -Werror"
cmake -G Ninja -S examples/howto -B build/examples-howto -DCMAKE_PREFIX_PATH="$stage" -DCMAKE_BUILD_TYPE=Debug \
    -DCALC_IPC_HOWTO_BEFORE=$before -DCMAKE_C_FLAGS="$warnings -Wstrict-prototypes" -DCMAKE_CXX_FLAGS="$warnings" >/dev/null
cmake --build build/examples-howto
bin=$PWD/build/examples-howto
own=calc_ipc_howto.$$

echo "examples/howto, over every transport:"
receipts="receipt 1: 3750 cents
an order of nothing is refused"
for url in "unix://$folder/socket" "seqpacket://$folder/records" "fifo://$folder/pair" "shm://$own" tcp://localhost:0; do
    says "$receipts" calc_howto_own_messages "$url"
    says "$receipts" calc_howto_own_messages_cxx "$url"
    serves calc_howto_upper serve "$url"
    says HELLO calc_howto_upper_cxx ask "$url" hello
    ends calc_howto_upper
    serves calc_howto_upper_cxx serve "$url"
    says HELLO calc_howto_upper ask "$url" hello
    ends calc_howto_upper_cxx
done
for url in "unix://$folder/socket" "shm://$own"; do
    says "20 pictures of 8 MiB, and their negatives" calc_howto_large_messages "$url"
done
refuses calc_howto_upper ask unix:///nobody/is/here hello
refuses calc_howto_upper_cxx ask unix:///nobody/is/here hello
serves calc_howto_epoll_server "unix://$folder/socket"
says "OK 30" calc_howto_upper ask "$url" "ADD 10 20"
ends calc_howto_epoll_server

if examples/howto/container.sh "$folder" true; then
    echo "between two containers, which share a folder:"
    bin=$PWD # each program is named by its path from here
    contain=examples/howto/container.sh upper=$PWD/build/examples-howto/calc_howto_upper
    for url in unix:///run/calc/upper.sock shm:///run/calc/upper; do
        starts server $contain "$folder" "$upper" serve "$url"
        says HELLO $contain "$folder" "$upper" ask "$url" hello
        fails "nothing is there" $contain "$folder" "$upper" ask shm://upper hello
        kills server
    done
    rm "$folder"/* # what the killed servers left
    bin=$PWD/build/examples-howto
else
    echo "LEFT OUT: two containers, since no namespaces can be made here"
fi

# was LIBRARY ADDRESS [STOP...]: its server answers its client. Servers that know no end are killed.
was() {
    library=$1 address=$2
    shift 2
    "$bin/before/before_$library" serve "$address" >"$run/$library.said" 2>&1 &
    echo $! >"$run/$library.pid"
    within 30 answers_before "$library" "$address" || fault "before_$library says '$(cat "$run/before")'"
    case ${1:-} in
        stop) "$bin/before/before_$library" stop "$address" >/dev/null && ended "$library" || fault "before_$library does not stop" ;;
        term) stops "$library" ;;
        *) kills "$library" ;;
    esac
    echo "  before_$library"
}

answers_before() {
    timeout 30 "$bin/before/before_$1" ask "$2" hello >"$run/before" 2>&1 && [ "$(cat "$run/before")" = HELLO ]
}

if [ $before = ON ]; then
    echo "the same by other libraries:"
    was nng "ipc://$run/nng"
    was zeromq "ipc://$run/zeromq"
    was libqb "$own" term
    was boost_interprocess "$own" stop
    was grpc "unix:$run/grpc"
    # The client's log of libqb has the name of its process.
    [ -z "$(ls /dev/shm | grep "$own")" ] || fault "left in /dev/shm: $(ls /dev/shm | grep "$own")"
fi
exit $failed
