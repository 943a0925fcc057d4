#!/bin/sh
# scale_out.sh [STAGE]: runs the recipes of docs/scale-out.md with examples/scale_out's configuration, against the calc_ipc that is
# installed in STAGE, or one that it installs into build/stage, and checks what callers see when a server or a gateway is killed.
# What concerns NATS is in nats.sh.
set -eu
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin"
. scripts/tools.sh
need cc gcc
need c++ g++
need cmake cmake
need ninja ninja-build
need protoc protobuf-compiler
need /usr/include/google/protobuf/message_lite.h libprotobuf-dev
need protoc-gen-nanopb nanopb
need /usr/include/pb_decode.h libnanopb-dev
need haproxy haproxy
need ss iproute2
need /usr/lib/python3/dist-packages/grpc python3-grpcio
need /usr/lib/python3/dist-packages/google/protobuf python3-protobuf
install_needed

. scripts/programs.sh
installed "${1:-}"
cmake -G Ninja -S examples/protobuf -B build/examples-protobuf -DCMAKE_PREFIX_PATH="$stage" -DCMAKE_BUILD_TYPE=Debug >/dev/null
cmake --build build/examples-protobuf --target calc_protobuf_server calc_nanopb_server calc_protobuf_client
cargo build --locked --quiet -p calc-ipc-gateway
bin=$PWD/build/examples-protobuf
protoc --proto_path=examples/protobuf --python_out="$run" measurements.proto
export PYTHONPATH="$run" PYTHONDONTWRITEBYTECODE=1

# opens COMMAND...: a client in the background, which asks for each line that `line` gives it.
opens() {
    mkfifo "$run/lines"
    : >"$run/client.said"
    "$@" <"$run/lines" >"$run/client.said" 2>&1 &
    echo $! >"$run/client.pid"
    exec 3>"$run/lines"
    lines=0
}

# line: one more request; and it says TEXT: the answer to it, or why there is none.
line() {
    lines=$((lines + 1))
    echo "kiln $lines" >&3
}
says_it() { [ "$(wc -l <"$run/client.said")" -ge "$lines" ]; }
it_says() {
    within 60 says_it || fault "no answer: $(cat "$run/client.said")"
    last=$(sed -n "${lines}p" "$run/client.said")
    case $last in
        *"$1"*) ;;
        *) fault "'$last', and not '$1'" ;;
    esac
}
is_answered() {
    line
    it_says "kiln: 1 values from $lines to $lines, mean $lines"
}

# closes: the client has asked enough.
closes() {
    exec 3>&-
    ended client || true
    rm "$run/lines"
}

# asks COMMAND...: a client in the background, which is given requests without end, one after the other.
asks() {
    : >"$run/more"
    : >"$run/load.said"
    # shellcheck disable=SC2094
    requests | "$@" >"$run/load.said" 2>"$run/load.told" &
    echo $! >"$run/load.pid"
    goes_on
}
requests() {
    n=0
    while [ -e "$run/more" ]; do
        n=$((n + 1))
        echo "sensor-$n 7"
    done
}

# goes_on: waits until another hundred of them are answered.
goes_on() {
    count=$(($(wc -l <"$run/load.said") + 100))
    within 60 has_said "$count" || fault "no requests are answered: $(cat "$run/load.told")"
}
has_said() { [ "$(wc -l <"$run/load.said")" -ge "$1" ]; }

# lost MOST: how that ended: so many requests may have failed, and every other one was answered rightly.
lost() {
    rm "$run/more"
    ended load || true
    failures=$(wc -l <"$run/load.told")
    sent=$(($(wc -l <"$run/load.said") + failures))
    [ "$failures" -le "$1" ] || fault "$failures failed: $(cat "$run/load.told")"
    sed 's/^sensor-\([0-9]*\): 1 values from 7 to 7, mean 7$/\1/' "$run/load.said" | sort -nu >"$run/right"
    if grep -q '[^0-9]' "$run/right" || [ $(($(wc -l <"$run/right") + failures)) -ne "$(tail -n 1 "$run/right")" ]; then
        fault "wrong answers, or missing ones: $(grep '[^0-9]' "$run/right" | head -n 1) $(tail -n 1 "$run/right") of $sent"
    fi
    echo "  $failures of $sent failed$(sed 's/^/: /' "$run/load.told" | head -n 1)"
}

# holds NAME: whether a server that was stopped has a request that it has not read. A question of HAProxy's has 4 bytes.
holds() {
    ss -txnH | awk -v port=":$(cat "$run/$1.port" 2>/dev/null)" -v path="$folder/$1" '
        $2 == "ESTAB" && $3 > 4 && ($5 == path || port != ":" && substr($5, length($5) - length(port) + 1) == port) { held = 1 }
        END { exit !held }'
}
is_held() {
    for holder in one two; do
        if holds "$holder"; then return 0; fi
    done
    return 1
}

# other: the name of the one that is not $holder.
other() { [ "$holder" = one ] && echo two || echo one; }

# The first recipe: HAProxy in front of servers at tcp:// URLs. So that a server can come back, its port is kept.
node() {
    starts "$1" "$bin/calc_protobuf_server" "tcp://localhost:$(cat "$run/$1.port" 2>/dev/null || echo 0)"
    echo "${url##*:}" >"$run/$1.port"
}
is_listening() { ss -tlnH | grep -q "$FRONT "; }
balancer() {
    port=$(shuf -i 20000-29999 -n 1)
    while ss -tlnH | grep -q ":$port "; do
        port=$((port + 1))
    done
    export ONE="127.0.0.1:$(cat "$run/one.port")" TWO="127.0.0.1:$(cat "$run/two.port")" FRONT="127.0.0.1:$port"
    haproxy -db -f examples/scale_out/haproxy.cfg >"$run/haproxy.said" 2>"$run/haproxy.told" &
    echo $! >"$run/haproxy.pid"
    within 30 is_listening || fault "HAProxy: $(cat "$run/haproxy.told")"
}

# is_seen STATE NAME: HAProxy says that the server is UP or DOWN, and it is the last that it says of it.
is_seen() { grep "Server measurements/$2 is" "$run/haproxy.said" | tail -n 1 | grep -q "is $1"; }
comes_back() {
    within 30 is_seen DOWN "$1" || fault "HAProxy does not see that $1 is down"
    node "$1"
    within 30 is_seen UP "$1" || fault "HAProxy does not see that $1 is up"
}

# holder_is_found: one request, with one of the servers stopped, then the other if it was answered: which is $holder.
holder_is_found() {
    holder=one
    signals STOP one
    line
    within 30 holds_or_says || fault "nobody has the request"
    if says_it; then
        signals CONT one
        holder=two
        signals STOP two
        line
        within 30 holds_or_says || fault "nobody has the request"
    fi
}
holds_or_says() { holds $holder || says_it; }

with_haproxy() {
    node one
    node two
    balancer
    echo "HAProxy, two servers: two clients at once have one each"
    opens "$bin/calc_protobuf_client" "tcp://$FRONT"
    is_answered
    says "kiln: error: no values" calc_protobuf_client "tcp://$FRONT" <<lines
kiln
lines
    within 30 grep -q 'measurements/\(one\|two\) .* 0/0$' "$run/haproxy.said" || fault "HAProxy logs nothing"
    echo "a server is killed with a request:"
    holder_is_found
    kills $holder
    it_says "closed the connection (executed: maybe)"
    echo "  $last"
    is_answered
    echo "a server is killed between requests: the next one goes to the other"
    comes_back $holder
    kills "$(other)"
    is_answered
    echo "a server hangs, and there is no other: its clients lose it as soon as HAProxy has asked it twice"
    signals STOP $holder
    line
    it_says "closed the connection (executed: maybe)"
    echo "  $last"
    line
    it_says "closed the connection (executed: maybe)"
    signals CONT $holder
    within 30 is_seen UP $holder || fault "HAProxy does not see that $holder is up"
    is_answered
    closes
    echo "servers are told to end while a client asks: each costs it one request at most"
    comes_back "$(other)"
    asks "$bin/calc_protobuf_client" "tcp://$FRONT"
    stops one
    goes_on
    comes_back one
    stops two
    goes_on
    lost 2
    stops one
    kills haproxy
    echo "HAProxy is killed:"
    refuses calc_protobuf_client "tcp://$FRONT" <<lines
kiln
lines
}

# The second recipe: a gateway beside each server, and gRPC's own balancing.
gateway() {
    ready="listening on"
    starts "gateway_$1" "${CARGO_TARGET_DIR:-target}/debug/calc-ipc-gateway" --listen "127.0.0.1:$(cat "$run/gateway_$1.port" 2>/dev/null || echo 0)" \
        --route "/measurements.v1.Measurements/Summarise=unix://$folder/$1"
    ready=serving
    sed -n 's/^listening on .*://p' "$run/gateway_$1.said" >"$run/gateway_$1.port"
}
grpc() { # [MILLISECONDS]
    /usr/bin/python3 examples/scale_out/client.py \
        "ipv4:127.0.0.1:$(cat "$run/gateway_one.port"),127.0.0.1:$(cat "$run/gateway_two.port")" "$@"
}

# hangs: the calls that it is given end when their time is over, and the others are answered.
hangs() {
    opens grpc 1000
    signals STOP one
    lost=0 answered=0
    while { [ $lost -eq 0 ] || [ $answered -eq 0 ]; } && [ "$lines" -lt 20 ]; do
        line
        within 60 says_it || fault "no answer: $(cat "$run/client.said")"
        last=$(sed -n "${lines}p" "$run/client.said")
        case $last in
            "kiln: 1 values"*) answered=$((answered + 1)) ;;
            "DEADLINE_EXCEEDED: "*"(executed: maybe)") lost=$((lost + 1)) ;;
            *) fault "$last" ;;
        esac
    done
    [ $lost -gt 0 ] && [ $answered -gt 0 ] || fault "$lost lost, $answered answered"
    echo "  $lost lost, $answered answered"
    signals CONT one
    closes
}

# recovers: requests fail, without being executed, until all are answered; says how many.
recovers() {
    failures=0 answered=0 end=$(($(date +%s) + 30))
    while [ $answered -lt 20 ]; do
        [ "$(date +%s)" -lt "$end" ] || { fault "after 30 s, $failures requests failed, and the last one: $last"; return; }
        line
        within 60 says_it || fault "no answer: $(cat "$run/client.said")"
        last=$(sed -n "${lines}p" "$run/client.said")
        case $last in
            "kiln: 1 values from $lines to $lines, mean $lines") answered=$((answered + 1)) ;;
            UNAVAILABLE*"(executed: no)") answered=0 failures=$((failures + 1)) ;;
            *) fault "$last" && return ;;
        esac
    done
    echo "  $failures more failed, and were not executed"
}

# is_given_away: one request, while both servers are stopped, which leaves it with $holder; the other one goes on.
is_given_away() {
    signals STOP one
    signals STOP two
    line
    within 30 is_held || fault "nobody has the request"
    signals CONT "$(other)"
}

# reaches_nanopb: one request that only the server of protobuf C++ has the room for; whether it went to that of nanopb.
reaches_nanopb() {
    lines=$((lines + 1))
    echo "kiln $(seq -s ' ' 65)" >&3
    within 60 says_it || fault "no answer: $(cat "$run/client.said")"
    last=$(tail -n 1 "$run/client.said")
    echo "$last" | grep -q '^ABORTED: handler failed.*(executed: yes)$'
}

# are_both_asked: once the client is connected to both, each has every second request.
are_both_asked() {
    until reaches_nanopb; do
        [ "$lines" -lt 500 ] || { fault "nanopb's server is asked nothing: $last"; return; }
        sleep 0.1
    done
    for _ in 1 2 3 4; do
        reaches_nanopb || true
    done
    printed=$(tail -n 4 "$run/client.said")
    [ "$(echo "$printed" | grep -cx 'kiln: 65 values from 1 to 65, mean 33')" -eq 2 ] &&
        [ "$(echo "$printed" | grep -c '^ABORTED')" -eq 2 ] || fault "$printed"
}

with_grpc() {
    rm -f "$run/one.port" "$run/two.port"
    starts one "$bin/calc_protobuf_server" "unix://$folder/one"
    starts two "$bin/calc_nanopb_server" "unix://$folder/two"
    gateway one
    gateway two
    opens grpc
    is_answered
    echo "gRPC, two gateways: calls go to one and the other"
    are_both_asked
    echo "a gateway is killed with a request:"
    is_given_away
    kills "gateway_$holder"
    it_says "(executed: maybe)"
    echo "  $last"
    is_answered
    is_answered
    signals CONT $holder
    gateway $holder
    closes
    opens grpc
    is_answered
    is_answered
    echo "a server is killed with a request:"
    is_given_away
    kills $holder
    it_says "UNKNOWN"
    echo "  $last"
    recovers
    echo "there is no other:"
    kills "gateway_$(other)"
    line
    it_says "UNAVAILABLE"
    echo "  $last"
    closes
    starts $holder "$bin/calc_protobuf_server" "unix://$folder/$holder"
    gateway "$(other)"
    echo "a gateway is told to end while a client asks: nothing is lost"
    asks grpc
    stops gateway_one
    goes_on
    lost 0
    gateway one
    echo "a gateway is killed while a client asks: one request is lost at most"
    asks grpc
    kills gateway_one
    goes_on
    lost 1
    gateway one
    echo "a server hangs: calls that it is given wait until their time is over"
    hangs
    stops gateway_one
    stops gateway_two
    stops one
    stops two
}

with_haproxy
with_grpc
[ -z "$(ls -A "$folder")" ] || fault "left: $(ls -A "$folder")"
exit $failed
