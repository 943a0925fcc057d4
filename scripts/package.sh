#!/bin/sh
# package.sh [deb | rpm | tar | zip | try]...: packages of the library, the command and the gateway, in build/packages (all parts, if none
# is named).
# deb: libcalc-ipc0, libcalc-ipc-dev, calc-ipc, calc-ipc-gateway and python3-calc-ipc, by debhelper from packaging/debian; lintian has nothing to say.
# rpm: the first four by CPack, where rpmbuild is.
# tar: one archive that can be unpacked anywhere, whose name says the oldest glibc that its programs run with.
# zip: the archive for Windows, by scripts/windows.sh.
# try: each of them is installed where there is no Rust, by scripts/package_try.sh.
# It needs cargo, and what Debian has for the rest, which it installs. The compiler is told to forget the names of this folder and of
# cargo's, so that whoever builds the same commit gets the same bytes (scripts/reproducible.sh).
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
. scripts/remap.sh
need cc gcc
need cmake cmake
need ninja ninja-build
need python3 python3
need help2man help2man
need fakeroot fakeroot
need git git

target=${CARGO_TARGET_DIR:-$PWD/target}
work=$PWD/build/package
out=$PWD/build/packages
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
[ -n "$version" ] || { echo "FAILED: Cargo.toml has no version" >&2; exit 1; }
# The same time in all that has one, and so the same bytes: that of the last commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH CARGO_TARGET_DIR="$target/package"
mkdir -p "$work" "$out"

built=""
# configure CMAKE_ARGUMENT...: all that is packed, in $work/build, for another place. It is built once in a run, by whoever is first.
configure() {
    for package in calc_ipc:calc_ipc calc-ipc:calc-ipc-cli calc-ipc-gateway:calc-ipc-gateway; do
        python3 -B scripts/crates.py copyright "${package#*:}" >"$work/${package%:*}.copyright"
    done
    cmake -G Ninja -S . -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DCALC_IPC_BUILD_COMMAND=ON -DCALC_IPC_BUILD_GATEWAY=ON \
        -DCALC_IPC_CARGO_TARGET_DIR="$CARGO_TARGET_DIR" -DCALC_IPC_COPYRIGHTS="$work" -DCMAKE_SKIP_INSTALL_ALL_DEPENDENCY=ON "$@" >/dev/null
    [ -n "$built" ] || cmake --build "$work/build"
    built=yes
}

make_deb() {
    echo "== packages: Debian"
    need dh debhelper
    need dh_python3 dh-python
    need dpkg-buildpackage dpkg-dev
    need lintian lintian
    install_needed
    rm -rf "$work/debian" "$out"/*.deb "$work/build/CMakeCache.txt"
    mkdir -p "$work/debian/pack"
    cp -r packaging/debian "$work/debian/pack/debian"
    {
        printf 'calc-ipc (%s-1) unstable; urgency=medium\n\n' "$version"
        printf '  * Release %s. What is new is in changelog.gz.\n\n' "$version"
        printf ' -- %s  %s\n' "$(sed -n 's/^Maintainer: //p' packaging/debian/control)" \
            "$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")"
    } >"$work/debian/pack/debian/changelog"
    # Not checked here is what the packages of cargo and of rustup have in common.
    (cd "$work/debian/pack" && SOURCE=$OLDPWD BUILD=$work/build dpkg-buildpackage --build=binary --no-sign --no-check-builddeps)
    built=yes
    lintian --allow-root --suppress-tags initial-upload-closes-no-bugs --fail-on error,warning --tag-display-limit 0 "$work/debian"/*.changes
    mv "$work/debian"/*.deb "$out"
    rm -rf "$work/debian"
}

make_rpm() {
    echo "== packages: RPM"
    need rpmbuild rpm
    (install_needed) || {
        echo "LEFT OUT: packages for RPM, since there is no rpmbuild" >&2
        return 0
    }
    rm -rf "$out"/*.rpm
    configure -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib64
    (cd "$work/build" && cpack -G RPM -B "$out")
    rm -rf "$out/_CPack_Packages"
    for file in "$out"/*.rpm; do
        rpm -qp --requires "$file" >"$work/said"
    done
}

# oldest_glibc FILE...: the newest version of a symbol that these need, which is the oldest glibc that they run with.
oldest_glibc() {
    objdump -T "$@" >"$work/symbols"
    sed -n 's/.*(\{0,1\}GLIBC_\([0-9][0-9.]*\).*/\1/p' "$work/symbols" | sort -V | tail -n 1
}

make_tar() {
    echo "== packages: an archive for any Linux"
    need objdump binutils
    need strip binutils
    install_needed
    configure -DCMAKE_INSTALL_PREFIX=/usr/local -DCMAKE_INSTALL_LIBDIR=lib
    rm -rf "$work/tree" "$out"/*-linux-*.tar.gz
    cmake --install "$work/build" --prefix "$work/tree" --strip >/dev/null
    glibc=$(oldest_glibc "$work/tree"/bin/* "$work/tree/lib/libcalc_ipc.so.$version")
    [ -n "$glibc" ] || { echo "FAILED: the programs need no glibc, or say no version" >&2; exit 1; }
    name=calc_ipc-$version-linux-$(uname -m)-glibc$glibc
    mv "$work/tree" "$work/$name"
    tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u+w,go-w \
        -cf "$out/$name.tar" "$name"
    rm -rf "${work:?}/$name"
    gzip -9nf "$out/$name.tar"
    echo "$out/$name.tar.gz: for glibc $glibc and later"
}

make_zip() {
    if [ ! -e scripts/windows.sh ]; then
        echo "LEFT OUT: the archive for Windows, since there is no scripts/windows.sh" >&2
        return 0
    fi
    rm -f "$out"/*.zip
    # Its compiler is another, which forgets nothing.
    (
        unset RUSTFLAGS
        CARGO_TARGET_DIR=$target scripts/windows.sh zip
    )
    if [ -e "$target/windows/calc_ipc-windows.zip" ]; then
        cp "$target/windows/calc_ipc-windows.zip" "$out/calc_ipc-$version-windows-x86_64.zip"
    fi
}

[ "$#" -gt 0 ] || set -- deb rpm tar zip try
for part in "$@"; do
    case $part in
        deb | rpm | tar | zip) make_"$part" ;;
        try) scripts/package_try.sh "$out" ;;
        *) echo "$0: not a part: $part" >&2; exit 2 ;;
    esac
done
ls -l "$out"
