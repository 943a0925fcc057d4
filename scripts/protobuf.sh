#!/bin/sh
# protobuf.sh [STAGE]: builds examples/protobuf against the calc_ipc that is installed in STAGE, or against one that it installs
# into build/stage; its client asks each of its servers, over every transport.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
need c++ g++
need cmake cmake
need ninja ninja-build
need protoc protobuf-compiler
need /usr/include/google/protobuf/message_lite.h libprotobuf-dev
need protoc-gen-nanopb nanopb
need /usr/include/pb_decode.h libnanopb-dev
need valgrind valgrind
install_needed

. scripts/programs.sh
installed "${1:-}"
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror"
cmake -G Ninja -S examples/protobuf -B build/examples-protobuf -DCMAKE_PREFIX_PATH="$stage" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS="$warnings -Wstrict-prototypes" -DCMAKE_CXX_FLAGS="$warnings -Wold-style-cast" >/dev/null
cmake --build build/examples-protobuf
bin=$PWD/build/examples-protobuf

# lacks PACKAGE NAME: without it, examples/protobuf says so, and builds what needs it not.
lacks() {
    cmake -G Ninja -S examples/protobuf -B "$folder/without" -DCMAKE_PREFIX_PATH="$stage" -DCMAKE_DISABLE_FIND_PACKAGE_"$1"=ON \
        >"$folder/configured" 2>&1 || fault "$(cat "$folder/configured")"
    grep -q "left out, since $2 is missing" "$folder/configured" || fault "without $1: $(cat "$folder/configured")"
    rm -r "$folder/without" "$folder/configured"
}
lacks Protobuf protobuf
lacks nanopb nanopb

many="kiln $(seq -s ' ' 20000)"      # 160 kB: within what the client sends, over what the servers take
too_many="kiln $(seq -s ' ' 140000)" # over a MiB, which the client does not send

# asks SERVER URL: what clients see of it, whether what they send is right or not.
asks() {
    says "kiln: 3 values from 20.5 to 22, mean 21.1667
kiln: error: no values
kiln: 64 values from 1 to 64, mean 32.5" calc_protobuf_client "$2" <<lines
kiln 20.5 21 22
kiln
kiln $(seq -s ' ' 64)
lines
    fails 'its handler failed' calc_c_any_transport "$2" "no message"
    fails "over the server's max_message" calc_protobuf_client "$2" <<lines
$many
lines
    fails "this client's max_message is 1048576" calc_protobuf_client "$2" <<lines
$too_many
lines
    case $1 in
        calc_protobuf_server) says "kiln: 65 values from 1 to 65, mean 33" calc_protobuf_client "$2" ;;
        calc_nanopb_server) fails 'its handler failed' calc_protobuf_client "$2" ;;
    esac <<lines
kiln $(seq -s ' ' 65)
lines
}

# reasons SERVER: why some of these requests had no answer, which the server knows.
reasons() {
    case $1 in
        calc_protobuf_server) told 'these 10 bytes are no measurements.v1.SummariseRequest' ;;
        calc_nanopb_server) told 'invalid wire_type' && told 'array overflow' ;;
    esac
    told 'it sent a message over max_message'
}

for server_program in calc_protobuf_server calc_nanopb_server; do
    echo "$server_program, started by its client:"
    asks $server_program "exec://$bin/$server_program"
    refuses calc_protobuf_client "unix://$folder/nobody" <<lines
kiln
lines
    for address in "unix://$folder/measurements" "seqpacket://$folder/measurements" "fifo://$folder/measurements" \
        "shm://measurements-$$" tcp://localhost:0; do
        serves $server_program "$address"
        echo "$server_program at $url:"
        asks $server_program "$url"
        reasons $server_program
        ends $server_program
    done
done

# allocations CALLS: how often the server by nanopb asks for memory, from its beginning to its end, is $allocated from then on.
allocations() {
    printf '#!/bin/sh\nexec valgrind --log-file="%s" "%s"\n' "$folder/heap" "$bin/calc_nanopb_server" >"$folder/counted"
    chmod +x "$folder/counted"
    yes "kiln 20.5 21 22" | head -n "$1" | timeout 60 "$bin/calc_protobuf_client" "exec://$folder/counted" >"$folder/answers"
    [ "$(sort -u "$folder/answers")" = "kiln: 3 values from 20.5 to 22, mean 21.1667" ] || fault "$(cat "$folder/answers")"
    [ "$(wc -l <"$folder/answers")" = "$1" ] || fault "$(wc -l <"$folder/answers") answers of $1"
    allocated=$(sed -n 's/.* total heap usage: \([0-9,]*\) allocs.*/\1/p' "$folder/heap")
}
allocations 10
few=$allocated
allocations 1000
more=$allocated
echo "calc_nanopb_server allocates $few times for 10 calls, and $more times for 1000"
[ -n "$few" ] && [ "$few" = "$more" ] || fault "calls of calc_nanopb_server need a heap"
exit $failed
