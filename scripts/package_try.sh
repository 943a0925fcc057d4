#!/bin/sh
# package_try.sh [FOLDER]: installs each kind of package that FOLDER (build/packages) has in a Debian of its own that has no Rust, and
# there compiles and runs the two programs of README.md, and runs that of bindings/python/README.md where the package for Python is, by six
# commands at most, which it shows.
# That Debian is made by debootstrap, once, with a compiler and pkg-config, and kept in /var/cache/calc_ipc, or, where nobody may write to
# that, below target/; each try has a copy. RPMs are installed without asking what they depend on, since Debian has other names for it.
# It needs root, for chroot, and Debian's servers for the first time; without either it says so, and leaves this out.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
packages=${1:-$PWD/build/packages}

if [ "$(id -u)" -ne 0 ]; then
    echo "LEFT OUT: packages installed where there is no Rust: $0 needs root, for chroot" >&2
    exit 0
fi
need debootstrap debootstrap
need flock util-linux
(install_needed) || {
    echo "LEFT OUT: packages installed where there is no Rust: $0 needs debootstrap, and cannot get it" >&2
    exit 0
}

suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
cache=/var/cache/calc_ipc/bare
mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || cache=${CARGO_TARGET_DIR:-$PWD/target}/bare
mkdir -p "$cache"
bare=$cache/$suite

# One run at a time makes what several copy.
exec 9>"$cache/making"
flock 9
if [ ! -e "$bare/.done" ]; then
    echo "== packages: a bare Debian $suite"
    rm -rf "$bare"
    debootstrap --variant=minbase --include=g++,pkg-config "$suite" "$bare" >"$cache/log" 2>&1 9>&- || {
        tail -n 3 "$cache/log"
        rm -rf "$bare"
        echo "LEFT OUT: packages installed where there is no Rust: debootstrap cannot get Debian $suite" >&2
        exit 0
    }
    touch "$bare/.done"
fi
exec 9>&-

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# fresh: a new system in $root, with the README's programs and the packages of one KIND.
fresh() {
    root=$work/root
    rm -rf "$root"
    cp -a --reflink=auto "$bare" "$root"
    for tool in cargo rustc; do
        [ -z "$(find "$root/usr/bin" "$root/usr/local/bin" -name "$tool")" ] || { echo "FAILED: $bare has $tool" >&2; exit 1; }
    done
    for language in c cpp; do
        awk -v fence="\`\`\`$language" '$0 == fence { inside = 1; next } /^```/ { inside = 0 } inside' README.md >"$root/root/first.$language"
        [ -s "$root/root/first.$language" ] || { echo "FAILED: README.md has no program in $language" >&2; exit 1; }
    done
    # Of Python's the first.
    awk '$0 == "```python" { inside = 1; next } /^```/ && inside { exit } inside' bindings/python/README.md >"$root/root/first.py"
    [ -s "$root/root/first.py" ] || { echo "FAILED: bindings/python/README.md has no program" >&2; exit 1; }
    cp "$@" "$root/root"
    commands=0
}

inside() { # inside COMMAND: runs it there, in root's folder
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        sh -euc "cd /root; $before $1"
}

step() { # step TEXT: one of the six
    commands=$((commands + 1))
    [ $commands -le 6 ] || { echo "FAILED: more than six commands" >&2; exit 1; }
    echo "  $commands. $1"
    inside "$1" >"$work/said" 2>&1 || { cat "$work/said" >&2; echo "FAILED: $1" >&2; exit 1; }
}

prints_30() { # prints_30 PROGRAM: as the comments in README.md say
    step "$1"
    [ "$(cat "$work/said")" = 30 ] || { echo "FAILED: $1 said '$(cat "$work/said")', not 30" >&2; exit 1; }
}

compile_and_run() {
    # shellcheck disable=SC2016 # expanded inside
    step 'gcc first.c $(pkg-config --cflags --libs calc_ipc) -o first_c'
    prints_30 ./first_c
    # shellcheck disable=SC2016
    step 'g++ -std=c++17 first.cpp $(pkg-config --cflags --libs calc_ipc) -o first_cpp'
    prints_30 ./first_cpp
}

programs_run() { # beside the six: the command and the gateway are there, and one executes the other
    inside 'calc-ipc --version; calc-ipc-gateway --version; calc-ipc ls' >"$work/said" 2>&1 || {
        cat "$work/said" >&2
        echo "FAILED: the installed programs" >&2
        exit 1
    }
}

tried=""
before=""
set -- "$packages"/*.deb
if [ -e "$1" ]; then
    echo "== packages: Debian's, without Rust"
    fresh "$@"
    step 'apt-get install -y ./*.deb'
    compile_and_run
    prints_30 'python3 first.py'
    programs_run
    inside 'apt-get purge -y libcalc-ipc0 calc-ipc calc-ipc-gateway' >"$work/said" 2>&1 || { cat "$work/said" >&2; exit 1; }
    left=$(find "$root/usr" "$root/etc" "$root/lib" -name '*calc[-_]ipc*')
    [ -z "$left" ] || { echo "FAILED: packages that were removed left $left" >&2; exit 1; }
    tried="$tried deb"
fi
set -- "$packages"/*.rpm
if [ -e "$1" ]; then
    echo "== packages: RPMs, without Rust"
    fresh "$@"
    echo "  1. rpm -i *.rpm (without asking for what they depend on)"
    commands=1
    rpm --root "$root" --nodeps -i "$@"
    before="export PKG_CONFIG_PATH=/usr/lib64/pkgconfig LD_LIBRARY_PATH=/usr/lib64;"
    compile_and_run
    programs_run
    tried="$tried rpm"
fi
set -- "$packages"/*-linux-*.tar.gz
if [ -e "$1" ]; then
    echo "== packages: the archive, without Rust"
    fresh "$1"
    before=""
    step "tar -xf $(basename "$1") -C /opt"
    prefix=/opt/$(basename "$1" .tar.gz)
    before="export PATH=$prefix/bin:\$PATH PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib;"
    echo "  2. ${before%;}"
    commands=2
    compile_and_run
    programs_run
    tried="$tried tar"
fi
[ -n "$tried" ] || { echo "FAILED: no packages in $packages" >&2; exit 1; }
echo "installed, compiled and run without Rust:$tried"
