#!/bin/sh
# recipes.sh [rust | meson | conan | vcpkg]...: the recipes in packaging/, and the examples in Rust, against this tree (all, if none is
# named). What is built takes the programs of cpp_tests/consumer, which run.
# rust: examples/rust, a server and a client; and a new crate that says "cargo add calc_ipc" of this folder builds.
# meson: a project with calc_ipc as a subproject, built by cargo, and the same against an installed library.
# conan: "conan create packaging/conan". It needs Conan 2, which pip installs below /var/cache/calc_ipc, or below target/.
# vcpkg: its files for form; and portfile.cmake is run by CMake with functions in place of vcpkg's own, which do as those say they do. vcpkg
# itself is not run.
# Each needs cargo and a C++ compiler, and says so where the rest cannot be had.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
need c++ g++
need cmake cmake
need ninja ninja-build
need pkg-config pkg-config
need python3 python3
install_needed

source=$PWD
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
target=${CARGO_TARGET_DIR:-$PWD/target}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

try_rust() {
    echo "== recipes: Rust"
    cargo build --quiet --locked --examples
    # The server ends with its standard input, when the client has its answer.
    mkfifo "$work/said" "$work/until"
    "$target/debug/examples/calc_rust_server" "unix://$work/calc.sock" <"$work/until" >"$work/said" &
    server=$!
    exec 3>"$work/until"
    read -r line <"$work/said"
    [ "$line" = "serving unix://$work/calc.sock" ] || { echo "FAILED: the server in Rust said '$line'" >&2; exit 1; }
    answer=$("$target/debug/examples/calc_rust_client" "unix://$work/calc.sock" 10 20)
    exec 3>&-
    wait $server
    [ "$answer" = 30 ] || { echo "FAILED: the client in Rust said '$answer', not 30" >&2; exit 1; }
    rm "$work/said" "$work/until"
    [ ! -e "$work/calc.sock" ] || { echo "FAILED: the server in Rust left its socket" >&2; exit 1; }

    cargo new --quiet --vcs none --name calc_ipc_user "$work/user"
    (
        cd "$work/user"
        cargo add --quiet --path "$source" calc_ipc
        cp "$source/examples/rust/client.rs" src/main.rs
        cp "$source/Cargo.lock" .
        cargo check --quiet --offline
    )
    rm -rf "$work/user"
}

meson_user() { # meson_user NAME: a project that uses calc_ipc in $work/NAME, without it
    mkdir "$work/$1"
    cp packaging/meson/try/meson.build cpp_tests/consumer/main.c cpp_tests/consumer/main.cpp "$work/$1"
}

run_meson() { # run_meson NAME ARGUMENT...: builds and runs it
    name=$1
    shift
    (cd "$work/$name" && meson setup "$@" build >log && meson compile -C build >>log && meson test -C build >>log) || {
        cat "$work/$name/log" >&2
        echo "FAILED: Meson: $name" >&2
        exit 1
    }
    echo "  $name: $(grep -E '^Ok:' "$work/$name/log" | tr -s ' ') of 2"
}

try_meson() {
    echo "== recipes: Meson"
    need meson meson
    (install_needed) || {
        echo "LEFT OUT: the recipe for Meson: $0 needs meson, and cannot get it" >&2
        return 0
    }
    meson_user subproject
    # As an archive of scripts/release.sh would be unpacked by the wrap; the crates are cargo's own.
    mkdir -p "$work/subproject/subprojects"
    cp -r packaging/meson/calc_ipc.wrap packaging/meson/packagefiles "$work/subproject/subprojects"
    git ls-files -z >"$work/files"
    tar --null -T "$work/files" --transform "s|^|calc_ipc-$version/|" \
        -czf "$work/subproject/subprojects/packagefiles/calc_ipc-$version.tar.gz"
    run_meson subproject --wrap-mode=forcefallback

    meson_user installed
    cmake -G Ninja -S . -B "$work/cmake" -DCMAKE_BUILD_TYPE=Debug -DCALC_IPC_CARGO_TARGET_DIR="$target" -DCMAKE_INSTALL_LIBDIR=lib >/dev/null
    cmake --build "$work/cmake" >/dev/null
    cmake --install "$work/cmake" --prefix "$work/stage" >/dev/null
    PKG_CONFIG_PATH=$work/stage/lib/pkgconfig run_meson installed --wrap-mode=nofallback
}

try_conan() {
    echo "== recipes: Conan"
    cache=/var/cache/calc_ipc/conan
    mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || cache=$target/conan
    mkdir -p "$cache"
    (
        flock 9
        [ -e "$cache/bin/conan" ] || { python3 -m venv "$cache" && "$cache/bin/pip" install --quiet 'conan>=2,<3'; }
    ) 9>"$cache.making" || {
        rm -rf "$cache"
        echo "LEFT OUT: the recipe for Conan: $0 needs python3-venv and PyPI, and has not both" >&2
        return 0
    }
    CONAN_HOME=$work/conan
    export CONAN_HOME
    "$cache/bin/conan" profile detect >"$work/log" 2>&1
    cp cpp_tests/consumer/main.c cpp_tests/consumer/main.cpp "$work"
    cp -r packaging/conan/test_package "$work/test_package"
    cp cpp_tests/consumer/main.c cpp_tests/consumer/main.cpp "$work/test_package"
    "$cache/bin/conan" create packaging/conan --test-folder "$work/test_package" >"$work/log" 2>&1 || {
        tail -n 40 "$work/log" >&2
        echo "FAILED: conan create" >&2
        exit 1
    }
    "$cache/bin/conan" list "calc_ipc/$version:*" 2>/dev/null | grep -E 'calc_ipc/|shared' || true
    rm -rf "$CONAN_HOME"
}

try_vcpkg() {
    echo "== recipes: vcpkg (its own functions are not run)"
    python3 - packaging/vcpkg/calc-ipc/vcpkg.json "$version" <<'END'
import json
import re
import sys

port = json.load(open(sys.argv[1]))
known = {"$schema", "name", "version", "port-version", "description", "homepage", "license", "supports", "dependencies", "features"}
assert set(port) <= known, set(port) - known
assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", port["name"]), port["name"]
assert port["version"] == sys.argv[2], port["version"]
for need in port["dependencies"]:
    assert set(need) <= {"name", "host", "features", "platform", "default-features"}, need
END
    cmake "-DPORT_FOLDER=$source/packaging/vcpkg/calc-ipc" "-DWORK=$work/vcpkg" -P packaging/vcpkg/try.cmake >"$work/log" 2>&1 || {
        tail -n 40 "$work/log" >&2
        echo "FAILED: portfile.cmake" >&2
        exit 1
    }
    cat >"$work/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.22...3.31)
project(user LANGUAGES C CXX)
set(CMAKE_CXX_STANDARD 17)
find_package(calc_ipc 0.1 CONFIG REQUIRED)
add_executable(c_user "$source/cpp_tests/consumer/main.c")
target_link_libraries(c_user PRIVATE calc_ipc::calc_ipc)
add_executable(cxx_user "$source/cpp_tests/consumer/main.cpp")
target_link_libraries(cxx_user PRIVATE calc_ipc::cxx)
END
    cmake -G Ninja -S "$work" -B "$work/b" "-DCMAKE_PREFIX_PATH=$work/vcpkg/packages" >/dev/null
    cmake --build "$work/b" >/dev/null
    "$work/b/c_user"
    "$work/b/cxx_user"
}

[ "$#" -gt 0 ] || set -- rust meson conan vcpkg
for part in "$@"; do
    case $part in
        rust | meson | conan | vcpkg) try_"$part" ;;
        *) echo "$0: not a part: $part" >&2; exit 2 ;;
    esac
done
