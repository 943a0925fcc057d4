# Sourced after tools.sh by what builds for another kind of machine: std for it, the C++ suite, and two kinds that talk.

std_for() { # std_for TARGET: sets $std, what cargo needs to build for it; fails where its standard library cannot be had
    std=""
    if command -v rustup >/dev/null 2>&1 && rustup target add "$1" >/dev/null 2>&1; then
        return
    fi
    debian=$CARGO_TARGET_DIR/debian
    if [ ! -e "$debian/usr/bin/rustc" ]; then
        need apt-get apt
        need dpkg dpkg
        install_needed
        rm -rf "$debian"
        mkdir -p "$debian/packages"
        # The compiler, its standard library for build scripts, the sources of that for others, and the LLVM that it is linked to.
        packages=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
            --no-enhances rustc-web | grep -E '^(rustc-web|libstd-rust-web-[a-z0-9.]+|libllvm[0-9]+)$' || true)
        # shellcheck disable=SC2086
        [ -n "$packages" ] && (cd "$debian/packages" && apt-get download -qq $packages rust-web-src) || {
            echo "LEFT OUT: $0 needs rustup or Debian's rustc-web for $1, and can get neither" >&2
            return 1
        }
        for package in "$debian"/packages/*.deb; do
            dpkg -x "$package" "$debian"
        done
        rm -r "$debian/packages"
    fi
    LD_LIBRARY_PATH=$(dirname "$(find "$debian/usr/lib" -name 'libLLVM*.so*' | head -n 1)"):$debian/usr/lib/x86_64-linux-gnu
    export LD_LIBRARY_PATH RUSTC="$debian/usr/bin/rustc" RUSTC_BOOTSTRAP=1
    std=-Zbuild-std=std,panic_unwind,test
}

cxx_suite() { # cxx_suite TARGET CMAKE_ARGUMENT...: builds GoogleTest and the C++ suite for it, in $cxx
    cxx=$CARGO_TARGET_DIR/cxx
    flags=--locked${std:+;$std}
    cxx_target=$1
    shift
    # Debian's package of GoogleTest has its sources beside the library, which is for this machine.
    cmake -G Ninja -S /usr/src/googletest -B "$CARGO_TARGET_DIR/gtest" -DCMAKE_BUILD_TYPE=Debug -DBUILD_GMOCK=OFF \
        -DCMAKE_INSTALL_PREFIX="$CARGO_TARGET_DIR/gtest-installed" "$@" >/dev/null
    cmake --build "$CARGO_TARGET_DIR/gtest" --target install >/dev/null
    cmake -G Ninja -S . -B "$cxx" -DCMAKE_BUILD_TYPE=Debug -DCALC_IPC_BUILD_TESTS=ON -DCALC_IPC_CARGO_TARGET="$cxx_target" \
        -DCALC_IPC_CARGO_TARGET_DIR="$CARGO_TARGET_DIR" -DCALC_IPC_CARGO_FLAGS="$flags" \
        -DCMAKE_PREFIX_PATH="$CARGO_TARGET_DIR/gtest-installed" -DCMAKE_FIND_ROOT_PATH="$CARGO_TARGET_DIR/gtest-installed" "$@" >/dev/null
    cmake --build "$cxx"
}

native_url_program() { # Builds c_url.c for this machine, as $native.
    native_dir=$CARGO_TARGET_DIR/native
    native=$native_dir/cpp_tests/calc_ipc_c_url
    (
        unset RUSTC RUSTC_BOOTSTRAP LD_LIBRARY_PATH
        cmake -G Ninja -S . -B "$native_dir" -DCMAKE_BUILD_TYPE=Debug -DCALC_IPC_BUILD_TESTS=ON \
            -DCALC_IPC_CARGO_TARGET_DIR="$CARGO_TARGET_DIR" >/dev/null
        cmake --build "$native_dir" --target calc_ipc_c_url
    )
}

talk() { # talk SERVER CLIENT SCHEME...: numbers, a batch, and messages of up to 1 MiB, between two programs
    talk_server=$1 talk_client=$2
    shift 2
    for scheme in "$@"; do
        timeout 120 sh cpp_tests/c_url.sh "$talk_server" "$scheme" cpp_tests/c_url.expected "$talk_client" || {
            echo "FAILED: $talk_client asked $talk_server over $scheme" >&2
            return 1
        }
        echo "  $scheme: $(basename "$(dirname "$(dirname "$talk_client")")") asked $(basename "$(dirname "$(dirname "$talk_server")")")"
    done
}
