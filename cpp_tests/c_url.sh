#!/bin/sh
# c_url.sh PROGRAM SCHEME EXPECTED [CLIENT]: lets c_url.c ask another process of its kind over a URL of this scheme, or lets
# another build of it, CLIENT, ask. What it prints is the same over all.
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
    shm) url=shm://$(basename "$directory") ;;
    tcp) url=tcp://127.0.0.1:0 ;;
    exec) url=exec://$program ;;
esac
if [ "$scheme" != exec ]; then
    mkfifo "$directory/where"
    "$program" serve "$url" 2>"$directory/where" &
    server=$!
    exec 3<"$directory/where"
    # As it is bound; if the server ends instead, so does the wait.
    read -r url <&3
fi
"$client" ask "$url" >"$directory/printed"
diff "$expected" "$directory/printed"
if [ -n "$server" ]; then
    kill "$server"
    wait "$server" || {
        cat <&3 >&2
        exit 1
    }
    server=""
fi
