# shellcheck shell=sh
# Sourced. Runs the programs in $bin, and checks what they print. Servers put what they need into $folder, and leave it empty.
failed=0
run=$(mktemp -d) # beside $folder, of each server NAME: NAME.pid, and what it prints, NAME.said and NAME.told
folder=$run/folder
mkdir "$folder"

# clean: at the end, however it comes.
clean() {
    for file in "$run"/*.pid; do
        [ ! -e "$file" ] || kill -KILL "$(cat "$file")" 2>/dev/null || true
    done
    rm -rf "$run"
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

# within SECONDS COMMAND...: waits until the command, which does not call this, succeeds, or fails when the time is over.
within() {
    tenths=$(($1 * 10))
    shift
    until "$@"; do
        tenths=$((tenths - 1))
        [ $tenths -gt 0 ] || return 1
        sleep 0.1
    done
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
    if printed=$(timeout 60 "$bin/$program" "$@" 2>&1) || ! echo "$printed" | grep -qF -- "$expected"; then
        fault "$program $* said '$printed', not that it failed: '$expected'"
        return
    fi
    printf '  %-20s %s: %s\n' "$program" "$*" "$expected"
}

# refuses PROGRAM ARGUMENT...: nobody is there, which it says, and fails.
refuses() {
    fails 'no server there' "$@"
}

# is_alive NAME: whether the server runs, or has ended and nobody has asked how.
is_alive() {
    kill -0 "$(cat "$run/$1.pid")" 2>/dev/null
}

serves_or_ended() {
    grep -qs "$ready" "$run/$1.said" "$run/$1.told" || ! is_alive "$1"
}

# starts NAME COMMAND...: starts a server, which says when it serves, by the word in $ready, and perhaps at which $url. The script's
# descriptor 3, by which it may talk to a client, is closed in it.
ready=serving
starts() {
    name=$1
    shift
    rm -f "$run/$name.said" "$run/$name.told" # of one that had its name
    "$@" >"$run/$name.said" 2>"$run/$name.told" 3>&- &
    echo $! >"$run/$name.pid"
    within 60 serves_or_ended "$name" || fault "$* does not serve: $(cat "$run/$name.told")"
    url=$(sed -n 's/^serving //p' "$run/$name.said")
}

# signals SIGNAL NAME: sends it.
signals() {
    kill -"$1" "$(cat "$run/$2.pid")" || fault "$2 has ended: $(cat "$run/$2.told")"
}

# ended NAME: waits for the end of the server, and fails as it does.
ended() {
    code=0
    wait "$(cat "$run/$1.pid")" || code=$?
    rm "$run/$1.pid"
    return $code
}

# stops NAME: the server ends by SIGTERM, in order.
stops() {
    signals TERM "$1"
    ended "$1" || fault "$1 at its end: $(cat "$run/$1.told")"
}

# kills NAME: the server is killed.
kills() {
    signals KILL "$1"
    ended "$1" 2>/dev/null || true
}

# told TEXT [NAME]: the server says this of its clients.
told() {
    within 30 grep -qF -- "$1" "$run/${2:-server}.told" ||
        fault "${2:-the server} told '$(cat "$run/${2:-server}.told")', and not '$1'"
}

# serves PROGRAM ARGUMENT...: starts the server named server.
serves() {
    program=$1
    shift
    starts server "$bin/$program" "$@"
}

# ends PROGRAM: stops the server named server, which leaves nothing.
ends() {
    stops server
    [ -z "$(ls -A "$folder")" ] || fault "$1 left $(ls -A "$folder")"
}
