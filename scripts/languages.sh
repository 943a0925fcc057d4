#!/bin/sh
# languages.sh [STAGE]: builds and runs examples/languages, programs in Go and Node of which docs/languages.md tells, against the calc_ipc
# that is installed in STAGE, or against one that it installs into build/stage. Each asks a server in C (cpp_tests/c_url.c) over every
# transport of Linux. What apt or npm cannot get is left out, which it says. Half a minute where all is there.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
need c++ g++
need cmake cmake
need ninja ninja-build
need pkg-config pkg-config
install_needed

. scripts/programs.sh
installed "${1:-}"
bin=$run/bin
mkdir "$bin"
export PKG_CONFIG_PATH="$stage/lib/pkgconfig" LD_LIBRARY_PATH="$stage/lib" CALC_IPC_LIBRARY="$stage/lib/libcalc_ipc.so.0"
# shellcheck disable=SC2046
cc -std=c11 -D_POSIX_C_SOURCE=200809L -Icpp_tests cpp_tests/c_url.c -o "$bin/c_url" $(pkg-config --cflags --libs calc_ipc)

# has LANGUAGE PROGRAM PACKAGE: it is there, or apt gets it, or it is left out.
has() {
    need "$2" "$3"
    (install_needed) && command -v "$2" >/dev/null 2>&1 || {
        missing=""
        echo "LEFT OUT: the program in $1, since apt cannot get $3" >&2
        return 1
    }
    missing=""
}

make_go() {
    has Go go golang-go || return 1
    export GOCACHE="$run/go" GOFLAGS=-mod=readonly GOTOOLCHAIN=local
    (cd examples/languages/go && go vet . && go build -o "$bin/calc_go" .) || exit 1
    unformatted=$(cd examples/languages/go && gofmt -l .)
    [ -z "$unformatted" ] || fault "gofmt would change $unformatted"
}

make_node() {
    has Node node nodejs && has Node npm npm || return 1
    cp -r examples/languages/node "$run/node"
    (cd "$run/node" && npm install --no-audit --no-fund --loglevel=error >"$run/npm" 2>&1) || {
        echo "LEFT OUT: the program in Node, since npm cannot get koffi: $(tail -n 1 "$run/npm")" >&2
        return 1
    }
    printf '#!/bin/sh\nexec node "%s" "$@"\n' "$run/node/main.mjs" >"$bin/calc_node"
    chmod +x "$bin/calc_node"
}

programs=""
for language in go node; do
    if make_$language; then
        programs="$programs calc_$language"
    fi
done
ready=://
for address in "unix://$folder/server" "seqpacket://$folder/server" "fifo://$folder/server" "shm://languages-$$" tcp://127.0.0.1:0; do
    starts server "$bin/c_url" serve "$address"
    url=$(cat "$run/server.told")
    for program in $programs; do
        says 30 "$program" "$url" 10 20
        says 9223372036854775806 "$program" "$url" 9223372036854775807 -1
        fails Overflow "$program" "$url" 9223372036854775807 1
        says olleh "$program" "$url" hello
    done
    ends c_url
done
for program in $programs; do
    says 30 "$program" "exec://$bin/c_url" 10 20 2>/dev/null
    refuses "$program" unix:///nobody/is/here 10 20
done
exit $failed
