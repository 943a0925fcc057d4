#!/bin/sh
# examples.sh [STAGE]: builds examples/async against the calc_ipc that is installed in STAGE, or against one that it installs into
# build/stage, and checks what each program prints.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
need c++ g++
need cmake cmake
need ninja ninja-build
need pkg-config pkg-config
need /usr/include/uv.h libuv1-dev
need /usr/include/glib-2.0/glib.h libglib2.0-dev
need /usr/include/asio.hpp libasio-dev
install_needed

. scripts/programs.sh
installed "${1:-}"
cmake -G Ninja -S examples/async -B build/examples-async -DCMAKE_PREFIX_PATH="$stage" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS="-Wall -Wextra -Wpedantic -Werror" -DCMAKE_CXX_FLAGS="-Wall -Wextra -Wpedantic -Wshadow -Werror" >/dev/null
cmake --build build/examples-async
bin=$PWD/build/examples-async

calculator=exec://$bin/calc_pipe_server
slow=exec://$bin/calc_slow_server
divisions="call 0: Division by zero
call 1: 42
call 2: 21
call 3: 14"
echo "examples/async, each with a server that it starts:"
for loop in calc_libuv calc_glib calc_asio; do
    says "$divisions" $loop "$calculator"
    refuses $loop unix:///nobody/is/here
done
says "5! = 120
10! = 3628800
21!: Overflow" calc_coroutine "$calculator"
refuses calc_coroutine unix:///nobody/is/here
says "the sum of the squares up to 1000 is 333833500" calc_shared_client "$calculator" 8 1000
refuses calc_shared_client unix:///nobody/is/here 8 1000
says "working; press Enter to stop
42" calc_stop_button "$calculator" </dev/null
says "working; press Enter to stop
stopped" calc_stop_button "$slow" <<'enter'

enter
refuses calc_stop_button unix:///nobody/is/here

echo "asked by another program:"
serves calc_one_loop "$folder"
says "$divisions" calc_glib "unix://$folder/gateway"
says "$divisions" calc_libuv "unix://$folder/gateway"
ends calc_one_loop
serves calc_glib_server "unix://$folder/calc"
says "$divisions" calc_glib "unix://$folder/calc"
ends calc_glib_server
serves calc_coroutine_server "unix://$folder/gateway" "$calculator"
says "$divisions" calc_glib "unix://$folder/gateway"
says "5! = 120
10! = 3628800
21!: Overflow" calc_coroutine "unix://$folder/gateway"
ends calc_coroutine_server
refuses calc_coroutine_server "unix://$folder/gateway" unix:///nobody/is/here
exit $failed
