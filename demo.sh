#!/bin/sh
# Builds calc_ipc, installs it into build/stage, builds the C and C++ examples against that copy with
# find_package(calc_ipc), and lets them talk: client and server are two processes, over every transport. At last a client
# in Python asks a C handler over gRPC. That is left out where the packages for it cannot be had.
# Every answer is checked.
set -eu
cd "$(dirname "$0")"
. scripts/tools.sh
need cc gcc
need c++ g++
need cmake cmake
need ninja ninja-build
install_needed

cmake --preset release >/dev/null
cmake --build --preset release
cmake --install build/release --prefix build/stage >/dev/null
cmake -G Ninja -S examples -B build/examples -DCMAKE_PREFIX_PATH="$PWD/build/stage" -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build build/examples
bin=$PWD/build/examples

run=$(mktemp -d)
server="" gateway="" listener=""
finish() {
    for process in $listener $gateway $server; do
        kill "$process" 2>/dev/null || true
    done
    rm -rf "$run"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# check CLIENT TRANSPORT ADDRESS OPERATION ARG1 ARG2 ANSWER
check() {
    client=$1 transport=$2 address=$3 request="$4 $5 $6" expected=$7
    line=$(timeout 60 "$bin/$client" "$transport" "$address" "$4" "$5" "$6") || {
        echo "FAILED: $client $transport $request gave no answer" >&2
        exit 1
    }
    if [ "$line" != "$transport: $request -> $expected" ]; then
        echo "FAILED: $client said '$line', not '$transport: $request -> $expected'" >&2
        exit 1
    fi
    printf '  %-16s %s\n' "$client" "$line"
}

# ask CLIENT TRANSPORT ADDRESS
ask() {
    check "$1" "$2" "$3" ADD 10 20 30
    check "$1" "$2" "$3" SUB 50 30 20
    check "$1" "$2" "$3" MUL 1000000 1000000 1000000000000
    check "$1" "$2" "$3" DIV 100 4 25
    check "$1" "$2" "$3" DIV 10 0 "error: Division by zero"
}

# with_server SERVER TRANSPORT ADDRESS: both clients ask it, and then it is told to end.
with_server() {
    echo "$1 over $2, asked by two other processes:"
    start "$@"
    ask calc_c_client "$2" "$3"
    ask calc_cxx_client "$2" "$3"
    end
}

# start PROGRAM ARGUMENT...: starts a server, and sets $url to where it serves, if it says so.
start() {
    mkfifo "$run/stdout"
    started=$1
    shift
    "$bin/$started" "$@" >"$run/stdout" &
    server=$!
    exec 3<"$run/stdout"
    # Its first line says that it serves; if it ends instead, so does the wait.
    read -r _serving url <&3 || {
        echo "FAILED: $started $* did not start" >&2
        exit 1
    }
}

# Tells the server to end.
end() {
    kill "$server"
    wait "$server" || {
        echo "FAILED: $started did not end well" >&2
        exit 1
    }
    server=""
    exec 3<&-
    rm "$run/stdout"
}

# says EXPECTED PROGRAM ARGUMENT...: runs it, and checks what it prints.
says() {
    expected=$1 program=$2
    shift 2
    line=$(timeout 60 "$bin/$program" "$@") || line="(nothing)"
    if [ "$line" != "$expected" ]; then
        echo "FAILED: $program $* said '$line', not '$expected'" >&2
        exit 1
    fi
    printf '  %-20s %s -> %s\n' "$program" "$*" "$line"
}

# loops URL...: one thread asks the servers at all of these, by an event loop of its own.
loops() {
    lines=$(timeout 60 "$bin/calc_c_event_loop" "$@") || {
        echo "FAILED: calc_c_event_loop $* said '$lines', and failed" >&2
        exit 1
    }
    answers=$(echo "$lines" | grep -c ': call 3: 21$') || true
    if [ "$answers" != $# ]; then
        echo "FAILED: calc_c_event_loop $* had $answers last answers, not $#" >&2
        exit 1
    fi
    printf '  %-20s %s\n' calc_c_event_loop "$*"
}

# news URL: what the server there is told reaches a listener that waits for it, and one that comes later.
news() {
    timeout 60 "$bin/calc_c_events" listen "$1" 2 >"$run/news" &
    listener=$!
    for text in "it rains" "it snows"; do
        timeout 60 "$bin/calc_c_events" tell "$1" "$text"
    done
    wait "$listener" || {
        echo "FAILED: calc_c_events listen $1 2 failed" >&2
        exit 1
    }
    listener=""
    timeout 60 "$bin/calc_c_events" listen "$1" 1 >>"$run/news"
    heard=$(cat "$run/news")
    rm "$run/news"
    if [ "$heard" != "1 it rains
2 it snows
1 it rains" ]; then
        echo "FAILED: calc_c_events listen $1 heard '$heard'" >&2
        exit 1
    fi
    printf '  %-20s %s\n' calc_c_events "$1"
}

name=calc_ipc_demo.$$
for program in calc_c_server calc_cxx_server; do
    with_server $program uds "$run/calc.sock"
    with_server $program fifo "$run/calc"
    with_server $program shm "/$name"
done
for program in calc_c_client calc_cxx_client; do
    echo "$program over a pipe to a child that it forks, and to a program that it executes:"
    ask $program pipe -
    ask $program spawn "$bin/calc_pipe_server"
done

squares="the sum of the squares up to 10000 is 333383335000"
for address in "unix://$run/a%20socket" "seqpacket://$run/records" "fifo://$run/pair" "shm://$name" tcp://localhost:0; do
    start calc_c_any_transport serve "$address"
    echo "one program over any transport, here $url, and a pool of threads:"
    says 30 calc_c_any_transport "$url" ADD 10 20
    says "$squares" calc_cxx_pool "$url" 4 10000
    loops "$url" "$url" "exec://$bin/calc_pipe_server"
    end
done
says 56 calc_c_any_transport "exec://$bin/calc_pipe_server" MUL 7 8

for address in "shm://$name" "unix://$run/frames"; do
    start calc_cxx_frames serve "$address"
    echo "frames of 6 MiB, built where the server reads them, here $url:"
    says "frame 59: from 59 to 255" calc_cxx_frames send "$url" 60
    end
done

start calc_c_bytes_server tcp://localhost:0
echo "messages of one's own, at $url:"
says ok calc_c_any_transport "$url" "set colour dark green"
says "dark green" calc_c_any_transport "$url" "get colour"
end

echo "events from a server to its clients:"
for address in "unix://$run/news_socket" "seqpacket://$run/records" "fifo://$run/pair" "shm://$name" tcp://localhost:0; do
    start calc_c_events serve "$address"
    news "$url"
    end
done

# has_grpc: is there all that the last act needs? What is missing, it gets. The modules are those of Debian's Python.
has_grpc() {
    need protoc protobuf-compiler
    need grpc_python_plugin protobuf-compiler-grpc
    need /usr/lib/python3/dist-packages/grpc python3-grpcio
    need /usr/lib/python3/dist-packages/google/protobuf python3-protobuf
    (install_needed) && cargo fetch --quiet --locked --target "$(rustc -vV | sed -n 's/^host: //p')"
}

# over_grpc OPERATION ARG1 ARG2 ANSWER: asks the gateway.
over_grpc() {
    line=$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$run timeout 60 /usr/bin/python3 examples/grpc/calculator.py "$grpc" "$1" "$2" "$3") || line="(nothing)"
    if [ "$line" != "$4" ]; then
        echo "FAILED: over gRPC, $1 $2 $3 gave '$line', not '$4'" >&2
        exit 1
    fi
    printf '  %-20s %s -> %s\n' calculator.py "$1 $2 $3" "$line"
}

if has_grpc; then
    echo "building calc-ipc-gateway, which takes a minute where it has not been built before:"
    cargo build --quiet --locked -p calc-ipc-gateway
    protoc -I build/stage/share/calc_ipc/proto --python_out="$run" --grpc_python_out="$run" \
        --plugin="protoc-gen-grpc_python=$(command -v grpc_python_plugin)" calc_ipc/v1/calc_ipc.proto
    start calc_c_any_transport serve "unix://$run/calc.sock"
    mkfifo "$run/gateway"
    "${CARGO_TARGET_DIR:-target}/debug/calc-ipc-gateway" --listen 127.0.0.1:0 --backend "$url" >"$run/gateway" &
    gateway=$!
    exec 4<"$run/gateway"
    read -r _listening _on grpc <&4 || {
        echo "FAILED: the gateway did not start" >&2
        exit 1
    }
    echo "a C handler at $url, asked by Python over gRPC at $grpc:"
    over_grpc ADD 10 20 30
    over_grpc MUL 1000000 1000000 1000000000000
    over_grpc DIV 10 0 "error: Division by zero"
    kill "$gateway"
    wait "$gateway" || {
        echo "FAILED: the gateway did not end well" >&2
        exit 1
    }
    gateway=""
    exec 4<&-
    rm -r "$run/gateway" "$run/calc_ipc"
    end
else
    echo "LEFT OUT: a C handler asked over gRPC, for want of what is named above"
fi

left=$(ls "$run"; ls /dev/shm | grep "$name" || true)
if [ -n "$left" ]; then
    echo "FAILED: left behind: $left" >&2
    exit 1
fi
echo "Every answer was right, and nothing is left behind."
