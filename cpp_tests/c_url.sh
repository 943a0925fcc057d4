#!/bin/sh
# c_url.sh PROGRAM SCHEME EXPECTED [CLIENT]: lets c_url.c ask another process of its kind over a URL of this scheme, or lets
# another build of it, CLIENT, ask. What it prints is the same over all. C_URL_ENDS=input: PROGRAM is one of Windows, which
# serves to the end of its input; C_URL_EXECUTES: what exec: executes in its place.
set -eu
program=$1 scheme=$2 expected=$3 client=${4:-$1}
directory=$(mktemp -d)
server=""
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$directory"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

case $scheme in
    unix | seqpacket | fifo) url=$scheme://$directory/a%20name ;;
    shm | npipe) url=$scheme://$(basename "$directory") ;;
    tcp) url=tcp://127.0.0.1:0 ;;
    exec) url=exec://${C_URL_EXECUTES:-$program} ;;
esac
if [ "$scheme" != exec ]; then
    mkfifo "$directory/where" "$directory/input"
    "$program" serve "$url" <"$directory/input" 2>"$directory/where" &
    server=$!
    exec 4>"$directory/input"
    exec 3<"$directory/where"
    # As it is bound; if the server ends instead, so does the wait.
    read -r url <&3
    url=$(echo "$url" | tr -d '\r')
fi
"$client" ask "$url" >"$directory/answers" 4>&-
tr -d '\r' <"$directory/answers" >"$directory/printed"
diff "$expected" "$directory/printed"
if [ -n "$server" ]; then
    exec 4>&-
    [ "${C_URL_ENDS:-}" = input ] || kill "$server"
    wait "$server" || {
        cat <&3 >&2
        exit 1
    }
    server=""
fi
