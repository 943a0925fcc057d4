# shellcheck shell=sh
# Sourced after tools.sh by what builds for another kind of machine: std for it, the C++ suite, and two kinds that talk.

have_std() { # have_std TARGET: its standard library is there, or rustup gets it
    command -v rustup >/dev/null 2>&1 && rustup target add "$1" >/dev/null 2>&1
}

# check_with_debian TARGET: compiles the library for it with Debian's compiler and the sources of its standard library, which are
# unpacked below target/ and installed nowhere.
check_with_debian() {
    debian=$CARGO_TARGET_DIR/debian
    if [ ! -e "$debian/usr/bin/rustc" ]; then
        need apt-get apt
        need dpkg dpkg
        install_needed
        rm -rf "$debian"
        mkdir -p "$debian/packages"
        # The compiler, its standard library for build scripts, the sources for TARGET, and the LLVM that it is linked to.
        packages=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
            --no-enhances rustc-web | grep -E '^(rustc-web|libstd-rust-web-[a-z0-9.]+|libllvm[0-9]+)$' || true)
        # shellcheck disable=SC2086
        [ -n "$packages" ] && (cd "$debian/packages" && apt-get download -qq $packages rust-web-src) || {
            echo "LEFT OUT: $0 needs rustup or Debian's rustc-web for $1, and can get neither" >&2
            exit 0
        }
        for package in "$debian"/packages/*.deb; do
            dpkg -x "$package" "$debian"
        done
        rm -r "$debian/packages"
    fi
    LD_LIBRARY_PATH=$(dirname "$(find "$debian/usr/lib" -name 'libLLVM*.so*' | head -n 1)"):$debian/usr/lib/x86_64-linux-gnu
    export LD_LIBRARY_PATH RUSTC="$debian/usr/bin/rustc" RUSTC_BOOTSTRAP=1
    cargo check --locked -Zbuild-std=std --target "$1"
}

configure_cxx() { # configure_cxx TARGET CMAKE_ARGUMENT...: builds GoogleTest for it, and configures the C++ suite in $cxx
    cxx=$CARGO_TARGET_DIR/cxx
    cxx_target=$1
    gtest=$CARGO_TARGET_DIR/gtest
    shift
    # Debian's package of GoogleTest has its sources beside the library, which is for this machine.
    cmake --no-warn-unused-cli -G Ninja -S /usr/src/googletest -B "$gtest" -DCMAKE_BUILD_TYPE=Debug -DBUILD_GMOCK=OFF \
        -DCMAKE_INSTALL_PREFIX="$gtest/installed" "$@" >/dev/null
    cmake --build "$gtest" --target install >/dev/null
    cmake -G Ninja -S . -B "$cxx" -DCMAKE_BUILD_TYPE=Debug -DCALC_IPC_BUILD_TESTS=ON -DCALC_IPC_CARGO_TARGET="$cxx_target" \
        -DCALC_IPC_CARGO_TARGET_DIR="$CARGO_TARGET_DIR" -DGTest_ROOT="$gtest/installed" "$@" >/dev/null
}

native_url_program() { # Builds c_url.c for this machine, as $native, with CMake's project of all tests.
    need c++ g++
    need cmake cmake
    need ninja ninja-build
    need pkg-config pkg-config
    need_cmake_package GTest libgtest-dev
    install_needed
    native_dir=$CARGO_TARGET_DIR/native
    native=$native_dir/cpp_tests/calc_ipc_c_url
    cmake -G Ninja -S . -B "$native_dir" -DCMAKE_BUILD_TYPE=Debug -DCALC_IPC_BUILD_TESTS=ON \
        -DCALC_IPC_CARGO_TARGET_DIR="$CARGO_TARGET_DIR" >/dev/null
    cmake --build "$native_dir" --target calc_ipc_c_url
}

talk() { # talk SERVER CLIENT SCHEME: numbers, a batch, and messages of up to 1 MiB, between two programs
    timeout 120 sh cpp_tests/c_url.sh "$1" "$3" cpp_tests/c_url.expected "$2" || {
        echo "FAILED: $2 asked $1 over $3" >&2
        return 1
    }
    echo "  $3: $2 asked $1"
}

talk_both() { # talk_both PROGRAM OTHER: each serves the other, over every scheme
    for scheme in unix seqpacket fifo shm tcp exec; do
        talk "$1" "$2" "$scheme"
        talk "$2" "$1" "$scheme"
    done
}

not_a_part() { # not_a_part WORD: it names no part of the script
    echo "$0: not a part: $1" >&2
    exit 2
}
