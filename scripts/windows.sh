#!/bin/sh
# windows.sh [rust [CARGO_TEST_ARGUMENT...] | command | cxx | talk | zip | quick]: the library as programs of Windows, which Wine executes
# (rust, command, cxx and talk, if none is named).
# rust: cargo's tests, those that its arguments name; command: those of calc-ipc; cxx: the C++ suite, the package, and one C program over
# every URL; talk: a C program of Windows and one of this machine serve each other over TCP.
# zip: an archive with the library, optimised, its headers, the command, and the tests with a run.cmd that runs them on a real Windows;
# unpacked elsewhere, it is run under Wine.
# quick, for .ci/run and changes while they are made: of rust the library's own tests, conformance, batches and life cycle; of cxx the C program over
# every URL and the event loops, over the DLL. It leaves out the rest of cargo's tests, the command, the C++ suite and the package.
# .ci/weekly runs all parts, and zip.
# Debian's compiler and the sources of its standard library make the one for Windows, once for each release of the compiler.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
. scripts/foreign.sh

target=x86_64-pc-windows-gnu
case $(uname -m) in
    x86_64) ;;
    *)
        echo "LEFT OUT: programs of Windows under Wine: $0 needs a machine of x86-64" >&2
        exit 0
        ;;
esac
need /usr/bin/rustc rustc-web
need /usr/lib/rustlib/src/rust rust-web-src
need x86_64-w64-mingw32-g++-posix g++-mingw-w64-x86-64-posix
need /usr/lib/wine/wine64 wine64
need wineserver wine
need timeout coreutils
(install_needed) || {
    echo "LEFT OUT: programs of Windows under Wine (${1:-all parts}): $0 needs Debian's rustc-web, rust-web-src, mingw-w64 and wine, and" \
        "cannot get them" >&2
    exit 0
}
export RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc
release=$($RUSTC -vV | sed -n 's/^release: //p')
sources=$(readlink -f /usr/lib/rustlib/src/rust)
[ "$(basename "$sources")" = "rustc-$release" ] || {
    echo "LEFT OUT: programs of Windows under Wine: $0 needs one release of rustc-web and rust-web-src, and has $release and $sources" >&2
    exit 0
}

build=${CARGO_TARGET_DIR:-$PWD/target}/windows
cache=/var/cache/calc_ipc/windows/$release
mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || cache=$build/$release
mkdir -p "$cache"

export WINEPREFIX="$cache/prefix" WINEARCH=win64 WINEDEBUG=-all
export WINEDLLOVERRIDES="mscoree,mshtml,winedbg.exe=;winemenubuilder.exe=d"
unset DISPLAY WAYLAND_DISPLAY

# Temporary files of Wine's server, which all runs have in common, and of binutils' dlltool, which leaves one for each library that it makes.
export TMPDIR="$cache/tmp"
mkdir -p "$TMPDIR"

# One run at a time makes what several share. The last one to end ends Wine's processes, too, none of which has the lock.
exec 8>"$cache/making" 9>"$cache/using"
end_wine() {
    flock --nonblock 9 || return 0
    wineserver -k 8>&- 9>&- 2>/dev/null || true
    find "$TMPDIR" -mindepth 1 -delete
}
trap end_wine EXIT
trap 'exit 1' HUP INT TERM
flock 8
make_std() { # The standard library, with the metadata that lets a compiler take it for its own.
    sysroot=$cache/sysroot
    [ ! -e "$sysroot/.done" ] || return 0
    echo "== windows: the standard library of Rust $release"
    RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$cache/std" CARGO_PROFILE_RELEASE_DEBUG=0 __CARGO_DEFAULT_LIB_METADATA=web \
        RUSTFLAGS="-Zforce-unstable-if-unmarked -Cembed-bitcode=yes" \
        cargo build --quiet --release --locked --manifest-path "$sources/library/sysroot/Cargo.toml" --target $target \
        --features panic-unwind,backtrace
    mkdir -p "$sysroot/lib/rustlib/$target/lib"
    cp "$cache/std/$target"/release/deps/*.rlib "$sysroot/lib/rustlib/$target/lib/"
    rm -rf "$cache/std"
    touch "$sysroot/.done"
}
make_prefix() { # Wine's folder, with the one library that Rust's programs need and Wine 8 has not.
    mkdir -p "$WINEPREFIX"
    if [ ! -e "$WINEPREFIX/system.reg" ]; then
        timeout 300 wineboot -i </dev/null >/dev/null 2>&1
        timeout 300 wineserver -w # The server of that leaves, and does not become the one that stays.
    fi
    random=$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll
    [ ! -e "$random" ] || return 0
    cat >"$cache/random.c" <<END
#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T count) {
    for (; count > 0; ) {
        ULONG part = count > 65536 ? 65536 : (ULONG)count;
        if (!RtlGenRandom(bytes, part)) return FALSE;
        bytes += part;
        count -= part;
    }
    return TRUE;
}
END
    x86_64-w64-mingw32-gcc-posix -O2 -shared -s -o "$random" "$cache/random.c" -ladvapi32
}
make_std
make_prefix 8>&- 9>&-
flock --shared 9
exec 8>&-
# Wine's server stays until the end: a program that starts while it leaves is not let in.
wineserver --persistent 8>&- 9>&- 2>/dev/null || true
# Wine's services are started with their output to nowhere, so that they inherit none of what is read to its end.
timeout 120 /usr/lib/wine/wine64 cmd /c ver </dev/null >/dev/null 2>&1 9>&-

export CARGO_TARGET_DIR="$build"
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc-posix
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUSTFLAGS="--sysroot=$sysroot"
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=/usr/lib/wine/wine64

rust() { # rust [CARGO_TEST_ARGUMENT...]
    echo "== windows: cargo's tests"
    [ "$#" -gt 0 ] || set -- --lib --bins --tests
    timeout 1800 cargo test --locked --target $target --no-fail-fast "$@"
}

configured=""
build_cxx() { # build_cxx [TARGET...]: lets CMake build them (all, if none is named)
    need cmake cmake
    need ninja ninja-build
    need /usr/src/googletest/CMakeLists.txt libgtest-dev
    install_needed
    [ -n "$configured" ] || configure_cxx $target -DCMAKE_TOOLCHAIN_FILE="$PWD/cmake/mingw-w64.cmake" \
        -DCALC_IPC_BUILD_EXAMPLES=ON -DCALC_IPC_CARGO_PROFILE="${profile:-}"
    configured=yes
    cmake --build "$cxx" ${1:+--target "$@"}
}

command_tests() {
    echo "== windows: the command"
    timeout 1800 cargo test --locked --target $target -p calc-ipc-cli
}

quick() {
    rust --lib --test conformance --test batches --test life_cycle
    echo "== windows: programs in C over the DLL"
    build_cxx calc_ipc_c_url calc_c_windows_event_loop calc_c_windows_own_port
    timeout 600 ctest --test-dir "$cxx" -R '^(url|example)[.]' --output-on-failure --no-tests=error -j "$(nproc)"
}

cxx() {
    echo "== windows: the C++ suite"
    build_cxx
    timeout 1800 ctest --test-dir "$cxx" -L 'gtest|header|url|package' --output-on-failure --no-tests=error -j "$(nproc)"
}

talk_with_windows() {
    echo "== windows and this machine"
    build_cxx calc_ipc_c_url
    (
        unset RUSTC RUSTDOC
        native_url_program
    )
    native=$CARGO_TARGET_DIR/native/cpp_tests/calc_ipc_c_url
    foreign=$CARGO_TARGET_DIR/c_url
    printf '#!/bin/sh\nexec /usr/lib/wine/wine64 %s "$@"\n' "$cxx/bin/calc_ipc_c_url.exe" >"$foreign"
    chmod +x "$foreign"
    talk "$native" "$foreign" tcp
    (
        export C_URL_ENDS=input
        talk "$foreign" "$native" tcp
    )
}

make_archive() {
    echo "== windows: an archive for a real one"
    need llvm-dlltool llvm # for what Visual C++ links
    profile=release
    build_cxx
    folder=$CARGO_TARGET_DIR/calc_ipc-windows
    cargo build --quiet --locked --release --target $target -p calc-ipc-cli
    rm -rf "$folder" "$folder.zip"
    cmake --install "$cxx" --prefix "$folder" --strip >/dev/null
    cp "$cxx"/bin/* "$CARGO_TARGET_DIR/$target/release/calc-ipc.exe" cpp_tests/c_url.expected "$folder/bin"
    x86_64-w64-mingw32-strip "$folder"/bin/*.exe
    cp cpp_tests/run.cmd docs/windows.md "$folder"
    [ -e "$folder/lib/calc_ipc.lib" ] || { echo "FAILED: the archive has nothing for Visual C++ to link" >&2; exit 1; }
    (cd "$CARGO_TARGET_DIR" && cmake -E tar cf calc_ipc-windows.zip --format=zip calc_ipc-windows)
    run_archive
    echo "$folder.zip"
}

run_archive() { # as whoever gets it does, in a folder with a space in its name
    echo "== windows: the archive, unpacked and run"
    elsewhere=$CARGO_TARGET_DIR/"unpacked elsewhere"
    rm -rf "$elsewhere"
    mkdir "$elsewhere"
    (
        cd "$elsewhere"
        cmake -E tar xf "$folder.zip"
        cd calc_ipc-windows
        timeout 1800 /usr/lib/wine/wine64 cmd /c run.cmd </dev/null || {
            tail -n 50 ./*.txt >&2
            exit 1
        }
    )
    rm -rf "$elsewhere"
}

part=${1:-all}
[ "$#" -eq 0 ] || shift
case $part in
    rust) rust "$@" 9>&- ;;
    command) command_tests 9>&- ;;
    quick) quick 9>&- ;;
    cxx) cxx 9>&- ;;
    talk) talk_with_windows 9>&- ;;
    zip) make_archive 9>&- ;;
    all)
        rust 9>&-
        command_tests 9>&-
        cxx 9>&-
        talk_with_windows 9>&-
        ;;
    *) not_a_part "$part" ;;
esac
