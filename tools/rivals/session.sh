#!/bin/sh
# session.sh PROGRAM: takes a contestant through all that the benchmark asks of it, and kills its server.
set -eu
program=$1
run=$(mktemp -d)
name=calc_ipc_rival_$$
address=$run/private/$name
mkdir "$run/private"
mkfifo "$run/server.in" "$run/server.out" "$run/client.in" "$run/client.out"
server=""
client=""

finish() {
    for process in $server $client; do
        kill "$process" 2>/dev/null || true
    done
    # What a killed server could not remove.
    rm -rf "$run" /dev/shm/*"$name"*
    [ -z "$server" ] || rm -rf /dev/shm/qb-"$server"-*
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

failed() {
    echo "FAILED: $program: $*" >&2
    cat "$run"/*.err >&2
    exit 1
}

# The client of a pipe starts its server itself, so that there is none to start.
start_server() {
    [ $own_server = no ] || return 0
    "$program" server "$address" <"$run/server.in" >"$run/server.out" 2>"$run/server.err" &
    server=$!
    exec 3>"$run/server.in" 4<"$run/server.out"
    read -r line <&4 || failed "the server does not start"
    [ "$line" = ready ] || failed "the server said '$line'"
}

end_server() {
    [ $own_server = no ] || return 0
    exec 3>&-
    wait "$server" || failed "the server ended with status $?"
    exec 4<&-
    left=$(ls -A "$run/private"; ls /dev/shm | grep -e "$name" -e "^qb-$server-" || true)
    [ -z "$left" ] || failed "left behind: $left"
    server=""
}

# ask STATUS BYTES LINES [CLIENTS]: a client that is told LINES ends with STATUS, and has written so much.
ask() {
    status=0
    printf "$3" | timeout 60 "$program" client "$address" ${4:-} 3>&- 4<&- >"$run/answer" 2>"$run/client.err" || status=$?
    [ $status = "$1" ] || failed "a client told '$3' ended with status $status, not $1"
    bytes=$(tail -n +2 "$run/answer" | wc -c)
    [ "$bytes" = "$2" ] || failed "a client told '$3' wrote $bytes bytes, not $2"
}

# A client of its own, that is told line by line.
start_client() {
    timeout 60 "$program" client "$address" <"$run/client.in" >"$run/client.out" 2>"$run/client.err" 3>&- 4<&- &
    exec 5>"$run/client.in" 6<"$run/client.out"
    client=$!
    read -r ready pid <&6 || failed "the client does not start"
    [ "$ready" = ready ] || failed "the client said '$ready'"
    if [ $own_server = yes ]; then server=$pid; else [ "$pid" = 0 ] || failed "the client says that it has a server"; fi
}

# kill_server BEFORE AFTER: a client is told BEFORE, its server is killed, it is told AFTER, and has to fail.
kill_server() {
    start_server
    start_client
    printf 'calls 1 0 1\n' >&5
    [ "$(dd bs=1 count=4 <&6 2>/dev/null | wc -c)" = 4 ] || failed "no answer"
    printf "$1" >&5
    kill -9 "$server"
    # It may be gone already.
    (printf "$2" >&5) 2>/dev/null || true
    exec 5>&-
    status=0
    wait "$client" || status=$?
    client=""
    case $status in
        0 | 77 | 12[4-9] | 1[3-9][0-9]) failed "status $status after the death of its server, '$1' and '$2'" ;;
    esac
    exec 3>&- 4<&- 6<&-
    rm -rf "$run"/private/* /dev/shm/*"$name"* /dev/shm/qb-"$server"-*
    server=""
}

description=$("$program" describe) || exit $?
echo "$description"
echo "$description" | grep -qE '^\{"name":"[^"]+","family":"(textbook|rival)","transport":"[a-z]+","waiting":"[a-z]+"(,"frames":\["copied","lent"\])?\}$' ||
    failed "describe says '$description'"
own_server=no
case $description in *'"transport":"pipe"'*) own_server=yes ;; esac

start_server
ask 0 928 'calls 200 0 1\ncalls 20 1024 1\ncalls 10 65536 1\nduring 50 0\n'
# Some have frames.
case $description in
    *'"frames"'*) ask 0 32 'frames-copied 4 65536 1000\nframes-lent 3 1048576 1000\ncalls 1 0 1\n' ;;
esac
# The server is there for the next one, too.
ask 0 48 'calls 10 0 1\nduring 50 1024\n'
ask 1 0 'dance\n'
# Some have one request under way at a time.
if printf 'calls 1 0 8\n' | timeout 60 "$program" client "$address" 3>&- 4<&- >"$run/answer" 2>"$run/client.err"; then
    ask 0 92 'calls 10 0 8\ncalls 10 1024 8\ncalls 3 0 1\n'
    ask 77 0 'calls 1 0 100000\n'
else
    ask 77 0 'calls 1 0 8\n'
fi
# Some serve one client alone.
if "$program" client "$address" 3 </dev/null >"$run/answer" 2>"$run/client.err" 3>&- 4<&-; then
    ask 0 48 'calls 10 0 1\nduring 50 0\n' 3
else
    ask 77 0 'calls 10 0 1\n' 3
fi
end_server

kill_server '' 'calls 5 0 1\n'
kill_server 'during 60000 0\n' ''
