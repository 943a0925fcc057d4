#!/bin/sh
# nats.sh [STAGE]: builds examples/nats against the calc_ipc that is installed in STAGE, or against one that it installs into
# build/stage, and checks with a broker of its own what callers see while workers, their server and the broker are killed.
set -eu
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin"
. scripts/tools.sh
need cc gcc
need cmake cmake
need ninja ninja-build
need pkg-config pkg-config
need /usr/include/nats/nats.h libnats-dev
need nats-server nats-server
install_needed

. scripts/programs.sh
installed "${1:-}"
cmake -G Ninja -S examples/nats -B build/examples-nats -DCMAKE_PREFIX_PATH="$stage" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS="-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Werror" >/dev/null
cmake --build build/examples-nats
bin=$PWD/build/examples-nats

# Without NATS's library, examples/nats says so.
PKG_CONFIG_LIBDIR=/nowhere PKG_CONFIG_PATH='' cmake -G Ninja -S examples/nats -B "$run/without" -DCMAKE_PREFIX_PATH="$stage" \
    >"$run/configured" 2>&1 || fault "$(cat "$run/configured")"
grep -q 'left out, since libnats' "$run/configured" || fault "without libnats: $(cat "$run/configured")"

# broker PORT: a broker at this port, or for -1 at one that is free, which $port is from then on. It tells what it passes on.
broker() {
    ready="Server is ready"
    starts broker nats-server -c examples/scale_out/nats.conf -a 127.0.0.1 -p "$1" -DV
    ready=serving
    port=$(sed -n 's/.*client connections on 127.0.0.1:\([0-9]*\)$/\1/p' "$run/broker.told")
}

# server: the calculator that the workers ask.
server() {
    starts server "$bin/calc_c_any_transport" serve "unix://$folder/calculator"
}

# worker NAME
worker() {
    starts "$1" "$bin/calc_nats_worker" "nats://127.0.0.1:$port" calculator workers "unix://$folder/calculator"
}

# ask MILLISECONDS: asks what is read from standard input, line by line.
ask() {
    "$bin/calc_nats_request" "nats://127.0.0.1:$port" calculator "$1"
}

# is_answered: one request, which leaves what was said in $said.
is_answered() {
    said=$(echo "ADD 10 20" | ask "${1:-30000}" 2>&1) && [ "$said" = "OK 30" ]
}

# unanswered TEXT [MILLISECONDS]: one request fails, and its caller is told this, at once unless it is that the time is over.
unanswered() {
    ! is_answered "${2:-30000}" || fault "answered, and not '$1'"
    case $said in
        *"$1"*) echo "  $1" ;;
        *) fault "'$said', and not '$1'" ;;
    esac
}

# asks NAME MILLISECONDS LINE: the same in the background, until a worker was given it; see what it says by asked.
asks() {
    since 'HMSG calculator'
    echo "$3" | ask "$2" >"$run/$1.said" 2>&1 &
    echo $! >"$run/$1.pid"
    within 30 is_new || fault "the broker gave it to nobody: $(tail -n 3 "$run/broker.told")"
}

# since PATTERN: from now on is_new says whether the broker has passed on another of these.
since() {
    pattern=$1
    past=$(passed_on)
}
passed_on() { grep -c "$pattern" "$run/broker.told" || true; }
is_new() { [ "$(passed_on)" -gt "$past" ]; }

# asked NAME TEXT: how that ended, where nobody knows whether it was executed.
asked() {
    ended "$1" || true
    grep -F -- "$2" "$run/$1.said" | grep -qF "(executed: maybe)" || fault "'$(cat "$run/$1.said")', and not '$2'"
    echo "  $2"
}

# sums FROM TO: so many requests; and right FROM TO: their answers.
sums() { seq "$1" "$2" | sed 's/.*/ADD & 1/'; }
right() { seq $(($1 + 1)) $(($2 + 1)) | sed 's/^/OK /'; }

broker -1
server
echo "no worker:"
unanswered "no worker is there (executed: no)"

echo "three workers, 60 requests, and each has its share:"
for name in a b c; do
    worker $name
done
[ "$(sums 1 60 | ask 30000 2>&1)" = "$(right 1 60)" ] || fault "not all of 60 requests are answered"
shares=""
for name in a b c; do
    stops $name
    shares="$shares $(sed -n 's/^answered //p' "$run/$name.said")"
done
echo " $shares"
# shellcheck disable=SC2086
printf '%s\n' $shares | awk '$1 == 0 { idle = 1 } { sum += $1 } END { exit idle || sum != 60 }' || fault "the shares are wrong"

echo "a worker is told to end while requests come: none is lost"
worker a
worker b
: >"$run/load.said"
sums 1 3000 | ask 30000 >"$run/load.said" 2>&1 &
echo $! >"$run/load.pid"
within 30 grep -q 'OK 100$' "$run/load.said" || fault "no requests come: $(cat "$run/load.said")"
stops a
tail -n 1 "$run/load.said" | grep -qx 'OK 3001' && fault "the requests were over before the worker was"
ended load || fault "$(grep -v OK "$run/load.said")"
[ "$(cat "$run/load.said")" = "$(right 1 3000)" ] || fault "not all of 3000 requests are answered"
stops b

echo "a worker is told to end with a request: it answers first"
worker a
signals STOP server
asks held 30000 "ADD 1 1"
since '<<- \[UNSUB'
signals TERM a
within 30 is_new || fault "the worker does not leave the group"
signals CONT server
ended held || fault "$(cat "$run/held.said")"
[ "$(cat "$run/held.said")" = "OK 2" ] || fault "'$(cat "$run/held.said")', and not 'OK 2'"
ended a || fault "$(cat "$run/a.told")"

echo "a worker is killed with a request: its caller is told when its time is over"
worker a
signals STOP server
asks lost 2000 "ADD 1 1"
kills a
worker b
signals CONT server
asked lost "no answer within 2000 ms (executed: maybe)"
is_answered || fault "the other worker: $said"

echo "a worker is stopped: it is given requests until the broker drops it"
signals STOP b
worker c
lost=0 answered=0
until [ $lost -gt 0 ] && [ $answered -gt 0 ] || [ $((lost + answered)) -ge 60 ]; do
    if is_answered 200; then answered=$((answered + 1)); else lost=$((lost + 1)); fi
done
[ $lost -gt 0 ] && [ $answered -gt 0 ] || fault "$lost lost, $answered answered"
[ "$said" = "OK 30" ] || [ "$said" = "no answer within 200 ms (executed: maybe)" ] || fault "$said"
within 60 grep -q 'Stale Client Connection' "$run/broker.told" || fault "the broker keeps it"
[ "$(sums 1 60 | ask 30000 2>&1)" = "$(right 1 60)" ] || fault "the broker dropped it, and not all requests are answered"
echo "  $lost lost, $answered answered, and all of 60 once it was dropped"
kills b

echo "a worker is stopped, and goes on: a request whose caller has gone is executed late"
stops c
worker late
signals STOP late
unanswered "no answer within 200 ms (executed: maybe)" 200
signals CONT late
stops late
[ "$(cat "$run/late.said")" = "$(printf 'serving calculator\nanswered 1')" ] || fault "$(cat "$run/late.said")"
worker c

echo "the workers' server is killed:"
signals STOP server
asks lost 30000 "ADD 1 1"
kills server
asked lost "CLOSED: the peer closed the connection"
unanswered "NOT_CONNECTED: no server there"
case $said in
    *"(executed: no)") ;;
    *) fault "$said" ;;
esac
server
is_answered || fault "the server is there again: $said"

echo "the broker is killed:"
signals STOP server
asks lost 30000 "ADD 1 1"
kills broker
asked lost "the broker was lost (executed: maybe)"
signals CONT server
broker "$port"
within 60 is_answered || fault "the broker is there again: $said"
echo "  and the worker came back to the next one"

stops c
kills broker
ends server
exit $failed
