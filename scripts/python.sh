#!/bin/sh
# python.sh test [STAGE] | wheel [STAGE]: the Python package in bindings/python, over the calc_ipc that is installed in STAGE, or over one
# that it installs into build/stage.
# test: its tests, which ask a server in C (cpp_tests/c_url.c), by each Python from 3.9 on that is named in $PYTHONS (python3). A minute each.
# wheel: build/packages/calc_ipc-VERSION-py3-none-manylinux_*.whl, with the shared library in it, by hatchling in an environment of
# its own; it is installed in another, where it calls a server. Without a network, it takes Debian's hatchling.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
usage() {
    echo "usage: $0 test [STAGE] | wheel [STAGE]" >&2
    exit 2
}
[ $# -ge 1 ] && [ $# -le 2 ] || usage
part=$1
need cc gcc
need cmake cmake
need ninja ninja-build
need python3 python3
install_needed
. scripts/programs.sh # $run, which is removed at the end
installed "${2:-}"
library=$(readlink -f "$stage/lib/libcalc_ipc.so")
binding=$PWD/bindings/python

# program NUMBER: that program of its README, in $run/program.py, and what its comments say it prints, in $run/expected.
program() {
    awk -v number="$1" '$0 == "```python" { inside = ++count == number; next } /^```/ { inside = 0 } inside' "$binding/README.md" >"$run/program.py"
    sed -n 's/^ *print(.*)  *# //p' "$run/program.py" >"$run/expected"
}

# asks_readme PYTHON: each of its programs prints what it says.
asks_readme() {
    number=1
    program 1
    while [ -s "$run/program.py" ]; do
        CALC_IPC_LIBRARY=$library PYTHONPATH=$binding/src PYTHONDONTWRITEBYTECODE=1 timeout 60 "$1" "$run/program.py" >"$run/printed" 2>"$run/told" ||
            fault "program $number of bindings/python/README.md failed: $(cat "$run/told")"
        diff "$run/expected" "$run/printed" || fault "program $number of bindings/python/README.md printed something else"
        number=$((number + 1))
        program $number
    done
    [ $number -gt 3 ] || fault "bindings/python/README.md has fewer programs than it had"
}

run_tests() {
    cc -std=c11 -D_POSIX_C_SOURCE=200809L -I"$stage/include" -Icpp_tests cpp_tests/c_url.c -o "$run/c_url" \
        -L"$stage/lib" -lcalc_ipc -Wl,-rpath,"$stage/lib"
    for python in ${PYTHONS:-python3}; do
        echo "== $("$python" --version), over $library"
        (
            cd "$binding"
            CALC_IPC_LIBRARY=$library CALC_IPC_TEST_SERVER=$run/c_url PYTHONPATH=src PYTHONDONTWRITEBYTECODE=1 \
                timeout 900 "$python" -X faulthandler -W error::ResourceWarning -m unittest
        )
        asks_readme "$python"
    done
}

# builder: an environment with hatchling, which is $build_python; the registry's, or else Debian's.
builder() {
    need /usr/lib/python3/dist-packages/ensurepip/__init__.py python3-venv
    [ -e /usr/lib/python3/dist-packages/ensurepip/__init__.py ] || python3 -c 'import ensurepip' 2>/dev/null || install_needed
    missing=""
    python3 -m venv "$run/builder"
    build_python=$run/builder/bin/python
    "$build_python" -m pip install --quiet --disable-pip-version-check 'hatchling>=1.12' 2>"$run/pip" && return 0
    need /usr/lib/python3/dist-packages/hatchling python3-hatchling
    (install_needed) || return 1
    build_python=/usr/bin/python3
}

# oldest_glibc FILE: MAJOR_MINOR of the oldest glibc that it runs with, as manylinux tags have it.
oldest_glibc() {
    objdump -T "$1" | sed -n 's/.*(\{0,1\}GLIBC_\([0-9][0-9.]*\).*/\1/p' | sort -V | tail -n 1 | cut -d. -f1,2 | tr . _
}

make_wheel() {
    need objdump binutils
    need strip binutils
    install_needed
    builder || {
        echo "LEFT OUT: the wheel, since neither pip nor apt can get hatchling: $(tail -n 1 "$run/pip")" >&2
        return 0
    }
    cp -r "$binding" "$run/wheel"
    cp LICENSE LICENSE-MIT LICENSE-APACHE "$run/wheel"
    python3 -B scripts/crates.py copyright calc_ipc >"$run/wheel/LICENSE-CRATES"
    soname=$(objdump -p "$library" | sed -n 's/^ *SONAME *//p')
    strip --strip-unneeded -o "$run/wheel/src/calc_ipc/$soname" "$library"
    glibc=$(oldest_glibc "$library")
    [ -n "$glibc" ] || { echo "FAILED: $library needs no glibc, or says no version" >&2; exit 1; }
    mkdir -p build/packages
    rm -f build/packages/calc_ipc-*.whl
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)} CALC_IPC_WHEEL_PLATFORM=manylinux_${glibc}_$(uname -m) \
        sh -euc "cd '$run/wheel'; '$build_python' -m hatchling build -t wheel -d '$PWD/build/packages' >/dev/null"
    wheel=$(ls "$PWD"/build/packages/calc_ipc-*.whl)
    # As whoever gets it: another environment, without a network, and no library but its own.
    python3 -m venv "$run/user"
    "$run/user/bin/python" -m pip install --quiet --disable-pip-version-check --no-index "$wheel"
    said=$(cd "$run" && env -u CALC_IPC_LIBRARY -u PYTHONPATH "$run/user/bin/python" -W error -c "
import calc_ipc
with calc_ipc.serve('unix://$run/calc.sock') as server, calc_ipc.connect(server.url) as client:
    print(client.call('ADD', 10, 20), calc_ipc.__file__.startswith('$run/user/'))")
    [ "$said" = "30 True" ] || fault "the installed wheel said '$said', not '30 True'"
    echo "$wheel: installed, asked and answered"
}

case $part in
    test) run_tests ;;
    wheel) make_wheel ;;
    *) usage ;;
esac
exit $failed
