# Sourced. Runs the example programs in $bin, and checks what they print. Servers put what they need into $folder, and leave it empty.
failed=0
server=""
folder=$(mktemp -d)

# clean: at the end, however it comes.
clean() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$folder"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM

# installed [STAGE]: calc_ipc is installed in $stage: there, or in build/stage, after it was built.
installed() {
    stage=$1
    [ -z "$stage" ] || return 0
    stage=$PWD/build/stage
    cmake --preset release >/dev/null
    cmake --build --preset release
    cmake --install build/release --prefix "$stage" >/dev/null
}

# fault TEXT: notes what is wrong, and goes on.
fault() {
    echo "FAILED: $*" >&2
    failed=1
}

# says EXPECTED PROGRAM ARGUMENT...: runs it, and compares what it prints.
says() {
    expected=$1 program=$2
    shift 2
    printed=$(timeout 60 "$bin/$program" "$@") || printed="$printed (and failed)"
    if [ "$printed" != "$expected" ]; then
        fault "$(printf '%s %s said\n%s\nnot\n%s' "$program" "$*" "$printed" "$expected")"
        return
    fi
    printf '  %-20s %s\n' "$program" "$*"
}

# fails TEXT PROGRAM ARGUMENT...: it fails, and says this of why.
fails() {
    expected=$1 program=$2
    shift 2
    if printed=$(timeout 60 "$bin/$program" "$@" 2>&1) || ! echo "$printed" | grep -qF "$expected"; then
        fault "$program $* said '$printed', not that it failed: '$expected'"
    fi
}

# refuses PROGRAM ARGUMENT...: nobody is there, which it says, and fails.
refuses() {
    fails 'no server there' "$@"
}

serves_or_ended() {
    grep -q serving "$folder/said" || ! kill -0 $server 2>/dev/null
}

# serves PROGRAM ARGUMENT...: starts a server, which says when it serves, and perhaps at which $url.
serves() {
    program=$1
    shift
    timeout 60 "$bin/$program" "$@" >"$folder/said" 2>"$folder/told" &
    server=$!
    within 60 serves_or_ended
    url=$(sed -n 's/^serving //p' "$folder/said")
}

# within SECONDS COMMAND...: waits until the command succeeds, or fails when the time is over.
within() {
    tenths=$(($1 * 10))
    shift
    until "$@"; do
        tenths=$((tenths - 1))
        [ $tenths -gt 0 ] || return 1
        sleep 0.1
    done
}

# told TEXT: the server that was started says this of its clients.
told() {
    within 30 grep -qF "$1" "$folder/told" || fault "the server told '$(cat "$folder/told")', and not '$1'"
}

# ends PROGRAM: the server that was started ends by SIGTERM, and leaves nothing.
ends() {
    kill -TERM $server || true
    wait $server || fault "$1 at its end: $(cat "$folder/told")"
    server=""
    rm "$folder/said" "$folder/told"
    [ -z "$(ls -A "$folder")" ] || fault "$1 left $(ls -A "$folder")"
}
