#!/bin/sh
# systemd.sh: the command on sockets that systemd-socket-activate passes, of each kind and several at once, the units of
# examples/systemd as they are, and what systemd itself says of them.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
need systemd-socket-activate systemd
install_needed

. scripts/programs.sh
cargo build --locked -q -p calc-ipc-cli
bin=${CARGO_TARGET_DIR:-$PWD/target}/debug
port=$((20000 + $$ % 10000))

# activates WHAT...: starts a server named server on these sockets, once the first client comes.
ready=Listening
activates() {
    starts server systemd-socket-activate "$@"
}

# answers URL: it does, and the server says that it serves there.
answers() {
    says 30 calc-ipc call "$1" ADD 10 20
    within 60 grep -qxF -- "$1" "$run/server.said" || fault "'$(cat "$run/server.said")' is not $1"
}

# leaves NAME: the server ends, and leaves the socket and no more.
leaves() {
    stops server
    [ "$(ls -A "$folder")" = "$1" ] || fault "there is '$(ls -A "$folder")', not '$1'"
    rm -rf "${folder:?}"/*
}

echo "systemd-socket-activate, each kind:"
activates -l "$folder/sock" "$bin/calc-ipc" serve systemd:
answers "unix://$folder/sock"
leaves sock
activates --seqpacket -l "$folder/sock" "$bin/calc-ipc" serve systemd:
answers "seqpacket://$folder/sock"
leaves sock
activates -l "127.0.0.1:$port" "$bin/calc-ipc" serve systemd:
answers "tcp://127.0.0.1:$port"
leaves ""

echo "several, with names and without:"
activates -l "$folder/one" -l "$folder/other" --fdname=one:other "$bin/calc-ipc" serve systemd:other systemd:one
answers "unix://$folder/one"
answers "unix://$folder/other"
leaves "one
other"
# refused TEXT WHAT...: the first client's server says this, and ends.
refused() {
    text=$1
    shift
    activates "$@"
    timeout 60 "$bin/calc-ipc" call "unix://$folder/one" ADD 1 2 >/dev/null 2>&1 && fault "$* serves" || true
    ended server && fault "$* went well" || true
    told "$text"
    rm -rf "${folder:?}"/*
}
refused 'systemd:one, systemd:other' -l "$folder/one" -l "$folder/other" --fdname=one:other "$bin/calc-ipc" serve systemd:
refused 'no socket of this name was passed, but systemd:one' -l "$folder/one" --fdname=one "$bin/calc-ipc" serve systemd:two

echo "the units of examples/systemd:"
# value KEY FILE: what a unit says.
value() {
    sed -n "s/^$1=//p" "examples/systemd/$2"
}
socket=$folder$(value ListenStream calc-ipc.socket)
mkdir -p "$(dirname "$socket")"
command=$(value ExecStart calc-ipc.service)
# shellcheck disable=SC2086
activates -l "$socket" --fdname="$(value FileDescriptorName calc-ipc.socket)" "$bin/"${command#/usr/bin/}
answers "unix://$socket"
stops server
rm -rf "${folder:?}"/*

mkdir "$run/units"
for unit in calc-ipc.socket calc-ipc.service; do
    sed "s|/usr/bin/|$bin/|" "examples/systemd/$unit" >"$run/units/$unit"
done
said=$(systemd-analyze verify --man=no "$run/units/calc-ipc.socket" "$run/units/calc-ipc.service" 2>&1 | grep -F calc-ipc || true)
[ -z "$said" ] || fault "systemd-analyze: $said"
exit $failed
